import type { Client, EventIn, TopicOptions } from '@sse/client'
import type { ReactNode } from 'react'

/** The events of a map of payloads, or of either of two, where a component subscribes to one topic or another. */
export type EventsOf<Payloads> = Payloads extends unknown ? EventIn<Payloads> : never

export interface ProviderProps<C extends object> {
  /**
   * The client; or, where the page's server renders, too, a function that makes one. It is called in the browser alone, when the provider
   * is mounted, and what it makes is closed when that is unmounted. For another client give the provider another `key`.
   */
  readonly client: Client<C> | (() => Client<C>)
  readonly children?: ReactNode
}

/**
 * What every hook that subscribes takes. Functions may be made anew at each render: the last render's are called. All else that
 * a subscription takes counts when the component begins with a topic, `start` as any initial state does: for another give the
 * component another `key`.
 */
export interface HookOptions extends Omit<TopicOptions, 'signal' | 'onStateChange' | 'ack'> {}

export interface SubscriptionOptions<Payloads> extends HookOptions, Pick<TopicOptions, 'ack'> {
  /** Called with each event. A promise holds the next one back; what it throws goes to `onError`. */
  readonly onEvent?: ((event: EventsOf<Payloads>) => unknown) | undefined
}

export interface ListOptions<Payloads, Item> extends HookOptions {
  /** How many are kept, 1 or more. Default 100; at the bound the oldest is dropped. With Infinity the list grows until the page has no memory left. */
  readonly limit?: number | undefined
  /** What is kept of an event; undefined: nothing, and the component does not render. Default: the event. */
  readonly select?: ((event: EventsOf<Payloads>) => Item | undefined) | undefined
}

export interface ReduceOptions<Payloads, State> extends HookOptions {
  /** The next state. Where it is the same as before, the component does not render. What it throws goes to `onError`, and changes nothing. */
  readonly reduce: (state: State, event: EventsOf<Payloads>) => State
  /** The state before the first event; counts when the component begins with a topic. `null as Order | null` where null alone says too little. */
  readonly initial: State
}
