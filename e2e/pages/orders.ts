import { checkedCursor, type Subscription, subscribe } from '@sse/client'
import type { DecodedPayloads } from '@sse/schema'
import { orderEvents } from '../servers/hub-contract.ts'

/** A subscription to orders, and what came of it. */
export interface Watched {
  readonly subscription: Subscription<DecodedPayloads<typeof orderEvents>>
  /** The numbers of each topic. */
  readonly received: Record<string, number[]>
  /** Everything that was told, in order. */
  readonly log: string[]
  /** What the handler waits for before it is done with an event. */
  hold: Promise<unknown> | undefined
}

/** How to watch, as a test can hand it to its page. */
export interface WatchOptions {
  readonly checked?: boolean
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** All that this page watches. */
export const watched: Watched[] = []

export function watchOrders(url: string, { checked = false, ...options }: WatchOptions = {}): void {
  const received: Watched['received'] = {}
  const log: string[] = []
  const present = new Set<string>()
  const subscription = subscribe(url, {
    events: orderEvents,
    reconnect: { baseDelay: 20, maxDelay: 200 },
    cursor: checked ? checkedCursor : undefined,
    onGap: async ({ topics, reason }) => {
      log.push(`gap ${reason} ${topics.join()}`)
      await fetch('/stats')
      log.push('refetched')
    },
    onPresence: ({ topic, count, joined, left, reset }) => {
      if (reset) present.clear()
      for (const name of joined) present.add(name)
      for (const name of left) present.delete(name)
      log.push(`${topic} ${count}: ${[...present].sort().join()}`)
    },
    onEnd: ({ topics = [] }) => log.push(`end ${topics.join()}`),
    onError: ({ code, message }) => log.push(`${code}: ${message}`),
    ...options,
  })
  const own: Watched = { subscription, received, log, hold: undefined }
  watched.push(own)
  subscription.on('shipped', async ({ topic = '', data }) => {
    await own.hold
    received[topic] ??= []
    received[topic].push(data.n)
    log.push(`${topic} ${data.n}`)
  })
}
