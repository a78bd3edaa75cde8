import type { AnySubtree, AnyTopic } from '@sse/schema'
import type { Backplane } from '../backplane.js'
import type { Hub, HubOptions, SubscribeOptions } from '../hub.js'
import { createHub, memoryBackplane, openStream, type Stream, type StreamOptions } from '../index.js'
import type { MemoryBackplaneOptions } from '../memory-backplane.js'
import { served } from './adapters.js'
import { deferred } from './deferred.js'
import { contract, summaryOf, type TestChannels } from './hub-session.js'
import { Reading } from './reading.js'

type Topics = Parameters<Hub<TestChannels>['subscribe']>[1]

/** A reader of a hub, through a response of the Fetch entry. It takes only what a test asks for. */
export interface HubReading {
  readonly stream: Stream
  readonly reading: Reading
  /** Settles as `hub.subscribe` does. */
  readonly subscribed: Promise<void>
  /** All so far, in short: `1 2 live@2`. */
  summary(): string
}

interface How extends SubscribeOptions {
  readonly lastEventId?: string | undefined
  readonly stream?: StreamOptions
}

/** A hub with a backplane of its own. Disposing of it closes both. */
export interface OpenHub extends AsyncDisposable {
  readonly hub: Hub<TestChannels>
  readonly backplane: Backplane
  /** What the hub's `onError` was told. */
  readonly errors: readonly unknown[]
  /** Opens a stream and subscribes it. */
  read(topics: Topics, how?: How): Promise<HubReading>
  /** The same, once it is live. */
  live(topics: Topics, how?: How): Promise<HubReading>
  /** Publishes these numbers to an order, and gives the position of the last. */
  change(orderId: string, ...numbers: readonly number[]): Promise<string>
}

interface Options extends Partial<Omit<HubOptions<TestChannels>, 'contract'>> {
  readonly memory?: MemoryBackplaneOptions
}

export function openHub({ memory, ...options }: Options = {}): OpenHub {
  const errors: unknown[] = []
  const backplane = options.backplane ?? memoryBackplane(memory)
  const hub = createHub<TestChannels>({ contract, onError: (error) => errors.push(error), ...options, backplane })
  const servers: AsyncDisposable[] = []
  const read = async (topics: Topics, { lastEventId, stream: streamOptions, ...how }: How = {}): Promise<HubReading> => {
    const opened = deferred<{ readonly stream: Stream; readonly subscribed: Promise<void> }>()
    const server = served((request) => {
      const { stream, response } = openStream(request, { heartbeat: 0, onError: (error) => errors.push(error), ...streamOptions })
      const subscribed = hub.subscribe(stream, topics, how)
      subscribed.catch(() => {})
      opened.resolve({ stream, subscribed })
      return response
    })
    servers.push(server)
    const reading = new Reading(await server.ask({ headers: lastEventId === undefined ? {} : { 'last-event-id': lastEventId } }))
    return { ...(await opened.promise), reading, summary: () => summaryOf(reading.messages.filter(({ event }) => event !== 'sse.ready')) }
  }
  return {
    hub,
    backplane,
    errors,
    read,
    live: async (topics, how) => {
      const opened = await read(topics, how)
      await opened.reading.live()
      return opened
    },
    change: async (orderId, ...numbers) => {
      let position = ''
      for (const n of numbers) {
        position = (await hub.publish(contract.order({ orderId }), { type: 'changed', data: { n } })).position
      }
      return position
    },
    [Symbol.asyncDispose]: async () => {
      await hub.close()
      await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()))
      await backplane.close()
    },
  }
}

/** A topic or subtree for code without types, which may give anything. */
export function untyped(hub: Hub<TestChannels>): {
  publish(topic: unknown, event: unknown, options?: unknown): Promise<unknown>
  subscribe(stream: unknown, topics: unknown, options?: unknown): Promise<void>
  cursor(topics: readonly (AnyTopic | AnySubtree)[]): Promise<string>
} {
  const any: object = hub
  return Object.assign(Object.create(any), {
    publish: (...given: unknown[]) => Reflect.apply(hub.publish, any, given),
    subscribe: (...given: unknown[]) => Reflect.apply(hub.subscribe, any, given),
  })
}
