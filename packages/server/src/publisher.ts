import { encode, subtreeNameOf } from '@sse/schema'
import { formatPosition } from '@sse/schema/wire'
import { eventOf } from './arguments.js'
import type { Append, Backplane } from './backplane.js'
import type { Channels } from './channels.js'
import { diagnose } from './diagnostics.js'
import { ArgumentError, EventTooLargeError } from './errors.js'
import type { Published, PublishOptions } from './hub.js'
import { checkOptions, type Kinds } from './option-check.js'
import { utf8Length } from './utf8.js'

const kinds: Kinds<PublishOptions> = { key: 'anything' }

/** The way of an event into the backplane: checked and encoded once, however many streams will get it. */
export class Publisher {
  readonly #backplane: Backplane
  readonly #channels: Channels
  readonly #maxEventBytes: number
  readonly #published: () => void

  constructor(backplane: Backplane, channels: Channels, maxEventBytes: number, published: () => void) {
    this.#backplane = backplane
    this.#channels = channels
    this.#maxEventBytes = maxEventBytes
    this.#published = published
  }

  async publish(given: unknown, event: unknown, options: PublishOptions): Promise<Published> {
    const { topic, channel } = this.#channels.topicOf(given, 'publish to')
    const { events, settings } = channel
    const { type, data, id } = eventOf(event, '{ type, data }')
    if (id !== undefined) throw new ArgumentError('event.id', 'is given: a published event has its position for an id; leave it out')
    checkOptions(options, kinds)
    const { key } = options
    if (key !== undefined && (typeof key !== 'string' || key === '')) {
      throw new ArgumentError('key', 'is no text, or empty: give one that names this publish, or leave it out')
    }
    const { data: text = '' } = encode(events, { type, data })
    const bytes = utf8Length(text)
    if (bytes > this.#maxEventBytes) throw new EventTooLargeError(type, bytes, this.#maxEventBytes)
    return this.#append({ topic: topic.name, subtree: subtreeNameOf(topic), kind: 'event', type, data: text, retain: settings.retain, key })
  }

  async end(given: unknown, reason: string): Promise<Published> {
    const { topic, channel } = this.#channels.topicOf(given, 'end')
    const { retain } = channel.settings
    return this.#append({ topic: topic.name, subtree: subtreeNameOf(topic), kind: 'end', type: '', data: reason, retain, key: undefined })
  }

  async #append(append: Append): Promise<Published> {
    const { epoch, position, duplicate } = await this.#backplane.append(append)
    if (!duplicate) this.#published()
    diagnose('sse:publish', () => ({ topic: append.topic, type: append.type, position, duplicate }))
    return { position: formatPosition(epoch, position), duplicate }
  }
}
