import { type AnySubtree, type AnyTopic, defineEvents, isEvents } from '@sse/schema'
import { type AnyContract, anyContract, channelSettings, textTypes } from './any-contract.js'
import { told } from './arguments.js'
import type { Entry } from './backplane.js'
import { Deliveries } from './deliveries.js'
import { type ChannelDelivery, Delivery } from './delivery.js'
import { ArgumentError, ForeignTopicError } from './errors.js'

/** Names whose channel is remembered: reading a name takes longer than looking it up. */
const mostNames = 10_000

/** A contract's channels, with what the hub does with each. */
export class Channels {
  readonly #contract: AnyContract
  readonly #channels: ReadonlyMap<string, ChannelDelivery>
  readonly #unknown: ChannelDelivery
  readonly #byTopic = new Map<string, ChannelDelivery>()
  readonly #deliveries = new Deliveries()

  /** @throws OptionError, NameError */
  constructor(contract: object, settings: object, onError: (error: unknown) => void) {
    this.#contract = anyContract(contract)
    const checked = channelSettings(settings, this.#contract)
    this.#channels = new Map(
      Object.entries(this.#contract).map(([key, { events }]) => [key, { events, settings: checked.get(key) ?? {}, onError }]),
    )
    this.#unknown = { events: defineEvents({}), settings: {}, onError }
  }

  /**
   * One topic, and what is done with its events.
   *
   * @param use what is to be done with it, as `publish to`.
   * @throws ArgumentError for what is no topic, ForeignTopicError.
   */
  topicOf(given: unknown, use: string): { readonly topic: AnyTopic; readonly channel: ChannelDelivery } {
    const topic = this.#checked(given, 'topic')
    if (topic.kind === 'topic') return { topic, channel: this.#declared(topic) }
    throw new ArgumentError('topic', `is the subtree ${topic.name}: ${use} one topic of it, as ${this.#call(topic.channel)}`)
  }

  /**
   * A topic or a subtree.
   *
   * @throws ArgumentError for what is neither, ForeignTopicError.
   */
  anyOf(given: unknown, argument: string): AnyTopic | AnySubtree {
    const topic = this.#checked(given, argument)
    this.#declared(topic)
    return topic
  }

  /** @throws ArgumentError, ForeignTopicError, as {@link anyOf} does for each. */
  listOf(given: unknown): readonly (AnyTopic | AnySubtree)[] {
    if (!Array.isArray(given)) throw new ArgumentError('topics', `is ${told(given)}: it takes a list, as [${this.#call()}]`)
    return given.map((topic: unknown, index) => this.anyOf(topic, `topics[${index}]`))
  }

  #checked(given: unknown, argument: string): AnyTopic | AnySubtree {
    if (isTopic(given)) return given
    const [key] = Object.entries(this.#contract).find(([, channel]) => channel === given) ?? []
    if (key !== undefined) {
      throw new ArgumentError(argument, `is the channel ${pathOf(key)}: call it with its params, ${this.#call(key)}`)
    }
    if (typeof given === 'string') {
      const call = this.#call(this.topic(given)?.channel)
      throw new ArgumentError(argument, `is the name ${told(given)}: make a topic of the contract, as ${call}`)
    }
    throw new ArgumentError(argument, `is ${told(given)}, and no topic: make one with the contract, as ${this.#call()}`)
  }

  /** Whoever writes a topic by hand may give it a name that no reader can ask for, or a pattern that tells another subtree of it. */
  #declared({ kind, channel, pattern, name, events }: AnyTopic | AnySubtree): ChannelDelivery {
    const declared = this.#channels.get(channel)
    const isOwn = kind === 'topic' ? this.named(name) === declared : this.#contract[channel]?.parseAll?.(name) !== undefined
    const isSame = declared?.events === events && this.#contract[channel]?.pattern === pattern
    if (declared === undefined || !isSame || !isOwn) throw new ForeignTopicError(name)
    return declared
  }

  /** How code makes a topic. */
  #call(key = Object.keys(this.#contract)[0]): string {
    if (key === undefined) return 'contract.order({ orderId: 42 })'
    const params = this.#contract[key]?.pattern.split('/').filter((segment) => segment.startsWith(':')) ?? []
    return `${pathOf(key)}(${params.length === 0 ? '' : `{ ${params.map((param) => `${param.slice(1)}: 42`).join(', ')} }`})`
  }

  /** The channel of a topic by its name. */
  named(topic: string): ChannelDelivery | undefined {
    const known = this.#byTopic.get(topic)
    if (known !== undefined) return known
    const declared = Object.values(this.#contract).find(({ parse }) => parse(topic) !== undefined)
    const channel = declared && this.#channels.get(declared.channel)
    if (this.#byTopic.size >= mostNames) this.#byTopic.clear()
    if (channel !== undefined) this.#byTopic.set(topic, channel)
    return channel
  }

  /** The contract's topic or subtree of that name. */
  topic(name: string): AnyTopic | AnySubtree | undefined {
    for (const declared of Object.values(this.#contract)) {
      const topic = declared.parse(name) ?? declared.parseAll?.(name)
      if (topic !== undefined) return topic
    }
    return undefined
  }

  /** The types of a channel whose data is verbatim text. */
  textOf(channel: string): readonly string[] {
    const events = this.#contract[channel]?.events
    return events === undefined ? [] : textTypes(events)
  }

  /** One for each entry, whoever reads it meanwhile. */
  delivery(entry: Entry): Delivery {
    const known = this.#deliveries.get(entry)
    if (known !== undefined) return known
    // Another node's contract may be newer than this one's.
    const delivery = new Delivery(entry, this.named(entry.topic) ?? this.#unknown)
    this.#deliveries.add(delivery)
    return delivery
  }
}

function pathOf(key: string): string {
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key) ? `contract.${key}` : `contract[${JSON.stringify(key)}]`
}

function isTopic(value: unknown): value is AnyTopic | AnySubtree {
  if (typeof value !== 'object' || value === null) return false
  const { kind, channel, pattern, name, events }: { readonly [Key in keyof AnyTopic]?: unknown } = value
  return (
    (kind === 'topic' || kind === 'subtree') &&
    typeof channel === 'string' &&
    typeof pattern === 'string' &&
    typeof name === 'string' &&
    isEvents(events)
  )
}
