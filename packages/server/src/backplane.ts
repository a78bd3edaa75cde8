import type { Retention } from './retention.js'

/** What happened on a topic: an event, or its end, at its place in the one order of the shard. */
export interface Entry {
  readonly topic: string
  readonly kind: 'event' | 'end'
  /** The lifetime of the history that it belongs to. */
  readonly epoch: string
  /** A safe integer of 1 or more. It has nothing to do with time. */
  readonly position: number
  /** The position of the topic's entry before it; the floor, or 0, where the backplane knows of none. */
  readonly previous: number
  /** When it was appended, in milliseconds since 1970, by the backplane's clock. */
  readonly time: number
  /** The event's type; empty for an end. */
  readonly type: string
  /** The event's data as the wire carries it; for an end, its reason. */
  readonly data: string
}

/** An entry to be. */
export interface Append {
  readonly topic: string
  /** The subtree that the topic belongs to, if its channel declares one. */
  readonly subtree: string | undefined
  readonly kind: 'event' | 'end'
  readonly type: string
  readonly data: string
  /** How much of the topic is kept. Undefined: as the backplane's own default says. */
  readonly retain: Retention | undefined
  /** Two appends of one topic with one key are one entry, for as long as the backplane remembers keys. */
  readonly key: string | undefined
}

export interface Appended {
  readonly epoch: string
  readonly position: number
  /** True where the key, or the end, was there already: then nothing was appended, and this is where it is. */
  readonly duplicate: boolean
}

/** Where a topic's last entry is. */
export interface Tail {
  readonly topic: string
  readonly position: number
  /** Its last entry is its end. */
  readonly ended: boolean
}

/** What the shard is at, read in one atomic step. */
export interface ShardState {
  readonly epoch: string
  /** The last position that was given out; 0 before the first. */
  readonly position: number
  /** No topic that is not there has had an entry above it. */
  readonly floor: number
  /** Epochs before this one, oldest first, each with the last position that still counts. Others are unknown. */
  readonly past: readonly { readonly epoch: string; readonly end: number }[]
  /** Of the topics asked for, those that there are; of each subtree asked for, its topics above the position asked for. */
  readonly tails: readonly Tail[]
}

/** Part of a topic's history. */
export interface Range {
  /** Only entries above. */
  readonly after: number
  /** Only entries up to here, it included. */
  readonly upTo: number
  /** How many at most; a positive integer. */
  readonly limit: number
  /** How many bytes of data at most, about; the first comes in any case. Default: no bound. */
  readonly bytes?: number | undefined
}

/** Who hears what is appended. */
export interface Listener {
  /** An entry of a watched topic or subtree. Must not throw. */
  entry(entry: Entry): void
  /**
   * Entries may have been missed before this call, and none are from here on; or a new epoch has begun. The hub then reads
   * the state and repairs what it missed.
   */
  interrupted(): void
}

/** A node's one source of announcements. */
export interface Link {
  /** Resolves when every later entry of these topics and subtrees will be announced. Watching twice is watching once. */
  watch(names: readonly string[]): Promise<void>
  unwatch(names: readonly string[]): void
  /** No announcement comes after it. */
  close(): Promise<void>
}

/**
 * Order, history and fan-out across nodes. It knows names and texts, no types.
 *
 * What an implementation guarantees:
 *
 * - **Order.** One counter for all topics of the shard. Positions only grow, within an epoch and from one to the next.
 * - **Atomicity.** An append checks its key, takes its position, links to the topic's previous entry, stores, trims and is
 *   announced as one step: who reads the state sees all of it or nothing. A rejected append has left nothing, or is
 *   undecided (its connection broke); then a repetition with the same key is one entry.
 * - **Announcement.** Each link has one source, in position order. Entries may be missed or come twice; what is missed is
 *   told by `interrupted`, or shows in the next entry's `previous`, or in the topic's tail.
 * - **Retention.** An entry is kept until its topic exceeds its retention. A tail outlives the entries; where it is given
 *   back, the floor is raised to it in the same step, so that lost and quiet can be told apart.
 * - **Close.** What is asked for after `close` rejects with BackplaneClosedError, whose code is `backplane_closed`.
 * - **Restart.** Each implementation says what it keeps. What cannot be vouched for (a counter that went back, a copy put
 *   back, a fresh memory) begins a new epoch, whose name is random.
 *
 * The conformance suite in `@sse/server/backplane-conformance` checks them.
 */
export interface Backplane {
  /** @throws (rejects) TopicEndedError for an event after the topic's end; what the storage fails with. */
  append(entry: Append): Promise<Appended>
  /** @param after of subtrees, only topics with a later tail are told. */
  state(names: readonly string[], after: number): Promise<ShardState>
  /** The retained entries of a topic, oldest first. None means that there are no more. */
  read(topic: string, range: Range): Promise<readonly Entry[]>
  /** The position after which the topic's last so many events come, or those from that time on (milliseconds since 1970). */
  locate(topic: string, from: { readonly last: number } | { readonly since: number }): Promise<number>
  connect(listener: Listener): Link
  /** Gives back what no retention holds any more. Its own timer calls it, too. */
  sweep(): Promise<void>
  /**
   * Stops timers and connections. Closing twice is closing once. Afterwards every operation rejects with BackplaneClosedError,
   * and so does a link's `watch`; its `unwatch` and `close` do nothing.
   */
  close(): Promise<void>
}
