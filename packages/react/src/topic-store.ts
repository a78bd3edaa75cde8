import type { EventIn, Snapshot, TopicOptions } from '@sse/client'
import type { AnyClient, AnyWanted, Nothing } from './wanted.js'

/** How a component's subscription is doing, with what can be done with it. A new object only when the state has changed. */
export interface SubscriptionState extends Snapshot {
  /**
   * Resolves true when the cursor is at or past a position: when what `publish` answered with it has arrived, and is handled.
   * False when the component is gone before, or subscribes to nothing.
   */
  reached(position: string): Promise<boolean>
  /** With `ack: 'manual'`: this event and all before it are done. */
  ack(event: { readonly id: string }): void
}

/** What a component holds of its topic: its own value, and the state. */
export type Held = readonly [value: unknown, state: SubscriptionState]

/** A component's part of a topic, for useSyncExternalStore. */
export interface TopicStore {
  /** Subscribes; the function that it returns leaves. One listener at a time. */
  subscribe(listener: () => void): () => void
  getSnapshot(): Held
}

/** Takes an event into the value: changes it, or not. What it returns is what a handler returns: a promise holds the next event back. */
export type Hear = (event: EventIn<object>, value: unknown, change: (value: unknown) => void) => unknown

/** Of what nobody subscribes to. */
export const idle: Snapshot = { state: 'waiting', reason: 'idle', attempt: 0, retryAt: undefined, error: undefined }
const unjoined: SubscriptionState = { ...idle, reached: async () => false, ack: () => {} }

/**
 * @param client null: it is not there yet.
 * @param latest those of the last render.
 * @param start counts once: whoever leaves and comes back, as StrictMode and Activity have components do, goes on where it was, with
 * what it had.
 */
export function createTopicStore(
  client: AnyClient | null,
  wanted: AnyWanted | Nothing,
  latest: { readonly current: { readonly options: TopicOptions; readonly hear: Hear } },
  start: TopicOptions['start'],
  initial: unknown,
): TopicStore {
  let held: Held = [initial, wanted ? { ...unjoined, state: 'connecting', reason: undefined } : unjoined]
  let cursor = start

  return {
    getSnapshot: () => held,
    subscribe: (listener) => {
      if (!client || !wanted) return () => {}
      // React renders once for all that comes in one chunk.
      const change = (value: unknown, state: SubscriptionState): void => {
        held = [value, state]
        listener()
      }
      const options = new Proxy<TopicOptions>(
        {},
        { get: (_, key) => (key === 'start' ? cursor : Reflect.get(latest.current.options, key)) },
      )
      const subscription = 'name' in wanted ? client.subscribe(wanted, options) : client.subscribe(...wanted, options)
      const { reached, ack } = subscription
      const follow = (): void => change(held[0], { ...subscription.getSnapshot(), reached, ack })
      follow()
      const unfollow = subscription.onChange(follow)
      subscription.onEvent((event) =>
        latest.current.hear(event, held[0], (value) => {
          if (value !== held[0]) change(value, held[1])
        }),
      )
      return () => {
        unfollow()
        cursor = subscription.lastEventId || cursor
        subscription.close()
      }
    },
  }
}
