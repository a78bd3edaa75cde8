import type { Retention } from './retention.js'

/** To whom an event is about to be delivered. */
export interface Reader {
  /** As `authorize` named it. */
  readonly identity: string | undefined
  readonly topic: string
}

/** What a hub does with the events of a channel. Every setting has a default. */
export interface ChannelSettings<Event> {
  /** How much of each topic is kept for readers that come back. Default: what the backplane says. */
  readonly retain?: Retention | undefined
  /**
   * What happens when a reader's outbox is full. In each case it is counted in `hub.stats()`.
   *
   * - `disconnect`, the default: the stream is closed; the reader comes back and resumes, so nothing is lost.
   * - `drop-oldest`: the channel's oldest events that wait are left out, and an `sse.gap` in their place says so.
   */
  readonly overflow?: 'disconnect' | 'drop-oldest' | undefined
  /**
   * Of events with one key only the latest counts: one that still waits for a slow reader is replaced. For prices,
   * positions, progress. What is replaced is lost to that reader and not told. Not beside
   * `drop-oldest`. Default: none.
   */
  readonly conflate?: ((event: Event) => string | number) | undefined
  /**
   * Whether a reader may see an event; what it may not see is left out, and not told. It runs for each event and reader,
   * so it is to be quick, and synchronous. What it throws goes to `onError` and hides the event. Default: everybody who is
   * authorized for the topic sees all of it.
   */
  readonly visibleTo?: ((event: Event, reader: Reader) => boolean) | undefined
  /** Whether who is on a topic is counted and told to its readers, by identity. Default false. */
  readonly presence?: boolean | undefined
}

/** The settings of a channel whose events' types do not matter. */
export type AnyChannelSettings = ChannelSettings<{ readonly type: string; readonly data: unknown }>
