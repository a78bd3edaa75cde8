import { type AnySubtree, type AnyTopic, defineEvents } from '@sse/schema'
import { type AnyContract, anyContract, channelSettings, textTypes } from './any-contract.js'
import type { Entry } from './backplane.js'
import { Deliveries } from './deliveries.js'
import { type ChannelDelivery, Delivery } from './delivery.js'
import { ForeignTopicError } from './errors.js'

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

  /** @throws ForeignTopicError */
  of({ channel, name, events }: AnyTopic | AnySubtree): ChannelDelivery {
    const declared = this.#channels.get(channel)
    if (declared === undefined || declared.events !== events) throw new ForeignTopicError(String(name))
    return declared
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
