import { checkLinks, type Subscription, subscribe } from '@sse/client'
import type { DecodedPayloads } from '@sse/schema'
import { countedEvents } from '../servers/hub-contract.ts'

/** A subscription to topics of numbers, and what came of it. */
export interface Watched {
  readonly subscription: Subscription<DecodedPayloads<typeof countedEvents>>
  /** The numbers of each topic. */
  readonly received: Record<string, number[]>
  /** Everything that was told, in order. */
  readonly log: string[]
  /** From the next event on it takes nothing any more, … */
  stall(): void
  /** … until it goes on. */
  goOn(): void
}

/** How to watch, as a test can hand it to its page. */
export interface WatchOptions {
  /** Whether the links of the topics are checked. */
  readonly checked?: boolean
  /** Ask for the topics by POST, in JSON. */
  readonly body?: string
  /** Each attempt brings a token of its own, good for so many milliseconds. */
  readonly tokenLife?: number
}

/** All that this page watches. */
export const watched: Watched[] = []

export function watch(url: string, { checked = false, body, tokenLife }: WatchOptions = {}): void {
  const received: Watched['received'] = {}
  const log: string[] = []
  const present = new Set<string>()
  let going = Promise.resolve()
  let goOn = (): void => {}
  const subscription = subscribe(url, {
    events: countedEvents,
    reconnect: { baseDelay: 20, maxDelay: 200 },
    transport: checked ? checkLinks() : undefined,
    body,
    headers: () => ({
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(tokenLife === undefined ? {} : { authorization: `Bearer ${Date.now() + tokenLife}` }),
    }),
    onGap: async ({ topics, reason }) => {
      log.push(`gap ${reason} ${topics.join()}`)
      await fetch('/stats')
      log.push('fetched anew')
    },
    onPresence: ({ topic, count, joined, left, reset }) => {
      if (reset) present.clear()
      for (const name of joined) present.add(name)
      for (const name of left) present.delete(name)
      log.push(`${topic} ${count}: ${[...present].join()}`)
    },
    onEnd: ({ topics = [] }) => log.push(`end ${topics.join()}`),
    onError: ({ code, message }) => log.push(`${code}: ${message}`),
  })
  watched.push({
    subscription,
    received,
    log,
    stall: () => {
      going = new Promise((resolve) => {
        goOn = resolve
      })
    },
    goOn: () => goOn(),
  })
  subscription.on('counted', async ({ topic = '', data }) => {
    await going
    received[topic] ??= []
    received[topic].push(data.n)
    log.push(`${topic} ${data.n}`)
  })
}
