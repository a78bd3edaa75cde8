import { type Channel, type Contract, channel, defineContract, defineEvents, type TopicOf } from '@sse/schema'
import { z } from 'zod'

/** What every simulated event carries: a number that no other has, and the key by which prices are conflated. */
export interface Payload {
  n: number
  key: string
  /** Some are long, and some not of ASCII, so that chunks are cut within characters. */
  text: string
}

/** What the application sends beside a topic, numbered for each stream. */
export interface Whispers {
  whisper: { n: number }
}

/** The events of every channel. */
interface Payloads {
  e: Payload
}

const events = defineEvents({ e: z.object({ n: z.number(), key: z.string(), text: z.string() }) })

/** The channels of the simulation, one for each promise. */
export interface Channels {
  /** The whole promise, and a subtree. */
  readonly order: Channel<'orders/:id', Payloads>
  /** The whole promise. */
  readonly inbox: Channel<'users/:id/inbox', Payloads>
  /** Of each key only the latest counts. */
  readonly price: Channel<'prices/:id', Payloads>
  /** Slow readers are told a gap. */
  readonly log: Channel<'logs/:id', Payloads>
}

export const contract: Contract<Channels> = defineContract({
  order: channel('orders/:id', events),
  inbox: channel('users/:id/inbox', events),
  price: channel('prices/:id', events),
  log: channel('logs/:id', events),
})

export const subtree: string = 'orders/*'

/** What a reader of a topic is promised. */
export type Promised = 'everything' | 'latest' | 'everything or a gap'

/** The topic of that name. */
export function topicNamed(name: string): TopicOf<Channels> {
  const topic = contract.order.parse(name) ?? contract.inbox.parse(name) ?? contract.price.parse(name) ?? contract.log.parse(name)
  if (topic === undefined) throw new RangeError(`${name} is no topic`)
  return topic
}

export function promisedOf(name: string): Promised {
  if (name.startsWith('prices/')) return 'latest'
  return name.startsWith('logs/') ? 'everything or a gap' : 'everything'
}

/** Whether who asks for `name` gets the topic. */
export function covers(name: string, topic: string): boolean {
  return name === topic || (name === subtree && topic.startsWith('orders/'))
}
