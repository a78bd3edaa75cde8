import { type EventIn, idleSnapshot, type Snapshot, type TopicOptions, type TopicSubscription } from '@sse/client'
import type { AnyClient, AnyWanted, Nothing } from './wanted.js'

/** How a component's subscription is doing, with what can be done with it. A new object only when the state has changed. */
export interface SubscriptionState extends Snapshot {
  /**
   * Resolves true when the cursor is at or past a position: when what `publish` answered with it has arrived, and is handled.
   * False when the component is gone before, subscribes to nothing, or has not begun to: in an effect it has, once there is a client.
   */
  reached(position: string): Promise<boolean>
  /** With `ack: 'manual'`: this event and all before it are done. */
  ack(event: { readonly id: string }): void
}

/** What a component holds of its topic: its own value, and the state. */
export type Held = readonly [value: unknown, state: SubscriptionState]

/** A component's part of a topic, for useSyncExternalStore. */
export interface TopicStore {
  /** What the last render wants to be told, and how. */
  tell(latest: Told): void
  /** Subscribes; the function that it returns leaves. One listener at a time. */
  subscribe(listener: () => void): () => void
  getSnapshot(): Held
}

/** Takes an event into the value: changes it, or not. What it returns is what a handler returns: a promise holds the next event back. */
export type Hear = (event: EventIn<object>, value: unknown, change: (value: unknown) => void) => unknown

/** What a render wants to be told of its topic. */
export interface Told {
  readonly options: TopicOptions
  readonly hear: Hear
}

/**
 * @param client null: it is not there yet.
 * @param latest of the first render. Its `start` counts once: whoever leaves and comes back, as StrictMode and Activity have
 * components do, goes on where it was, with what it had.
 */
export function createTopicStore(client: AnyClient | null, wanted: AnyWanted | Nothing, latest: Told, initial: unknown): TopicStore {
  let told = latest
  /** Its cursor may move once it is closed, too: by a handler that was busy, or an `ack`. */
  let subscription: TopicSubscription<object> | undefined
  const reached = async (position: string): Promise<boolean> => !!(await subscription?.reached(position))
  const ack = (event: { readonly id: string }): void => subscription?.ack(event)
  const stateOf = (snapshot: Snapshot): SubscriptionState => ({ ...snapshot, reached, ack })
  let held: Held = [initial, stateOf(wanted ? { ...idleSnapshot, state: 'connecting', reason: undefined } : idleSnapshot)]

  return {
    tell: (latest) => {
      told = latest
    },
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
        { get: (_, key) => (key === 'start' ? subscription?.lastEventId || latest.options.start : Reflect.get(told.options, key)) },
      )
      const own = 'name' in wanted ? client.subscribe(wanted, options) : client.subscribe(...wanted, options)
      subscription = own
      const follow = (): void => change(held[0], stateOf(own.getSnapshot()))
      follow()
      const unfollow = own.onChange(follow)
      own.onEvent((event) =>
        told.hear(event, held[0], (value) => {
          if (value !== held[0]) change(value, held[1])
        }),
      )
      return () => {
        unfollow()
        own.close()
      }
    },
  }
}
