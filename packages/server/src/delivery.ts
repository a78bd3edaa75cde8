import { type AnyEvents, encode, FieldError } from '@sse/schema'
import { format, formatPosition, parsePosition, reservedPrefix } from '@sse/schema/wire'
import { kindOf } from './arguments.js'
import type { Entry } from './backplane.js'
import type { AnyChannelSettings, Reader } from './channel-settings.js'
import { ForeignTopicError, OptionError } from './errors.js'
import { type Frame, frameOf, type Overflow } from './frame.js'

/** How a channel's entries are delivered. */
export interface ChannelDelivery {
  readonly events: AnyEvents
  readonly settings: AnyChannelSettings
  /** Told what a setting's function throws. */
  readonly onError: (error: unknown) => void
}

/** An entry on its way to streams: decoded and framed once, and only as far as some stream needs it. */
export class Delivery {
  readonly entry: Entry
  readonly #channel: ChannelDelivery
  /** With plain types, and with the topic in front. */
  readonly #frames: (Frame | undefined)[] = [undefined, undefined]
  #event: { readonly type: string; readonly data: unknown } | undefined
  #key: string | undefined
  #isFit: boolean | undefined

  constructor(entry: Entry, channel: ChannelDelivery) {
    this.entry = entry
    this.#channel = channel
  }

  /** The id: the same for every reader. Where readers may miss events of the channel, no link vouches for what came before. */
  get id(): string {
    const { epoch, position, previous } = this.entry
    return formatPosition(epoch, position, this.#isWhole ? previous : undefined)
  }

  /**
   * Whether the wire can carry it, as one event of its topic. Whoever may write to the backplane has written it: another
   * node's release may be newer, and its code broken.
   */
  get isFit(): boolean {
    this.#isFit ??= this.#check()
    return this.#isFit
  }

  /** @param named whether the reader is told the topic. */
  frame(named: boolean): Frame {
    const form = named ? 1 : 0
    const known = this.#frames[form]
    if (known !== undefined) return known
    const { topic, type, data } = this.entry
    const frame = frameOf(format({ event: named ? `${topic}#${type}` : type, data, id: this.id }), this.#overflow)
    this.#frames[form] = frame
    return frame
  }

  /** The key of events of which only the latest counts, or undefined. */
  get key(): string | undefined {
    const { conflate } = this.#channel.settings
    if (conflate === undefined || this.entry.kind === 'end') return undefined
    try {
      // A topic's name holds no space.
      this.#key ??= `${this.entry.topic} ${conflate(this.#decoded)}`
    } catch (error) {
      this.#channel.onError(error)
      // A key of its own: it replaces nothing.
      this.#key = `${this.entry.topic} ${this.entry.position} `
    }
    return this.#key
  }

  /** Whether every reader gets to see it. */
  get isPublic(): boolean {
    return this.#channel.settings.visibleTo === undefined || this.entry.kind === 'end'
  }

  isVisibleTo(reader: Reader): boolean {
    const { visibleTo } = this.#channel.settings
    if (visibleTo === undefined) return true
    try {
      const isVisible: unknown = visibleTo(this.#decoded, reader)
      // A promise, or a forgotten `return`, must not open what was to be hidden.
      if (typeof isVisible !== 'boolean')
        throw new OptionError('visibleTo', `returned ${kindOf(isVisible)}: it takes true or false, at once`)
      return isVisible
    } catch (error) {
      this.#channel.onError(error)
      return false
    }
  }

  #check(): boolean {
    const { topic, kind, type } = this.entry
    try {
      if (!/^[\w\-.~%/]+$/.test(topic) || topic.startsWith(reservedPrefix)) throw new ForeignTopicError(topic)
      if (parsePosition(this.id) === undefined) throw new FieldError('id', `of an entry of ${topic} is no position`)
      // As of an event that is sent without a contract: no type of the protocol's own, nothing that ends a line.
      if (kind !== 'end') encode(undefined, { type, data: null })
      return true
    } catch (error) {
      this.#channel.onError(error)
      return false
    }
  }

  /** Whether every reader of the topic gets every event of it. */
  get #isWhole(): boolean {
    const { conflate, overflow, visibleTo } = this.#channel.settings
    return conflate === undefined && overflow !== 'drop-oldest' && visibleTo === undefined
  }

  get #decoded(): { readonly type: string; readonly data: unknown } {
    const { type, data } = this.entry
    this.#event ??= { type, data: this.#channel.events.decode(type, data) }
    return this.#event
  }

  get #overflow(): Overflow | undefined {
    const { topic } = this.entry
    const { key } = this
    if (key !== undefined) return { policy: 'conflate', key }
    return this.#channel.settings.overflow === 'drop-oldest' ? { policy: 'drop-oldest', topic } : undefined
  }
}
