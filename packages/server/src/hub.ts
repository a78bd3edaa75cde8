import type { AnySubtree, AnyTopic, Contract, EventOf, EventUnion, Subtree, Topic } from '@sse/schema'
import type { Backplane } from './backplane.js'
import type { ChannelSettings } from './channel-settings.js'
import type { Limits } from './limits.js'
import type { Presence } from './presence.js'
import type { HubStats } from './stats.js'
import type { Stream } from './stream.js'

/** How a hub is made. */
export interface HubOptions<C extends object> {
  readonly contract: Contract<C>
  /** Where order and history live: `memoryBackplane()`, `sqliteBackplane()`, `redisBackplane()`. */
  readonly backplane: Backplane
  /** What is done with the events of each channel, by its key in the contract. */
  readonly channels?: { readonly [K in keyof C & string]?: ChannelSettings<EventOf<Contract<C>[K]>> | undefined } | undefined
  /** How many streams the hub feeds, of its handlers and of `subscribe` together. */
  readonly limits?: Limits | undefined
  /** The largest event in UTF-8 bytes. Default 1,048,576. A larger one is rejected with EventTooLargeError, and not stored. */
  readonly maxEventBytes?: number | undefined
  /**
   * How often it compares what came from the backplane with what there is, in milliseconds. Default 10,000. It is how long
   * a lost announcement on a quiet topic may go unnoticed, and how old the cursor of a quiet reader may be.
   */
  readonly verifyInterval?: number | undefined
  /** Told what fails where nobody waits for it: the backplane, a setting's function. Default: written to the console. */
  readonly onError?: ((error: unknown) => unknown) | undefined
}

/** What `publish` may be told. */
export interface PublishOptions {
  /** A repeated publish with the same key on the same topic is one event, for as long as the backplane remembers keys. */
  readonly key?: string | undefined
}

/** An event that is retained. */
export interface Published {
  /** Its place, as a reader's cursor has it once it got there. */
  readonly position: string
  /** True where the key was there already: then this is where the first one is. */
  readonly duplicate: boolean
}

/** How a stream begins. */
export interface SubscribeOptions {
  /**
   * Where the topics begin: after a cursor, as `hub.cursor` or an event's id gives one; with what is published from now on;
   * or with so many of each topic's last events. Default: the reader's own cursor, or now if it has none. A cursor that is
   * not good any more is told as a gap.
   */
  readonly from?: string | 'now' | { readonly last: number } | undefined
  /** Who reads: for presence, `visibleTo`, `disconnect` and the limit by identity. */
  readonly identity?: string | undefined
  /** Where it comes from, for the limit by address. Default: nowhere, which no limit counts. */
  readonly address?: string | undefined
  /** Nothing that was published before is shown. A cursor from before is told as a gap, if there was something. */
  readonly notBefore?: Date | undefined
}

/** Whom to disconnect: all that is given must hold. */
export interface Where {
  readonly identity?: string | undefined
  /** Who reads this topic, be it through its subtree, or this subtree itself. */
  readonly topic?: AnyTopic | AnySubtree | undefined
}

/** How a hub is drained. */
export interface DrainOptions {
  /** Over how many milliseconds the streams are closed. Default 10,000. */
  readonly within?: number | undefined
}

/** A topic of a contract, with the events that it carries. */
type Publishable<C extends object, Decoded extends object, Wire extends object> = Topic<keyof C & string, string, Decoded, Wire>

/** Streams by topic, on one node: one publish reaches every stream of the topic, on every node of the backplane. */
export interface Hub<C extends object> extends AsyncDisposable {
  readonly contract: Contract<C>
  /**
   * Checks and encodes an event, once, and resolves when it is retained. Within retention every reader of the topic gets it
   * once and in order, or is told a gap.
   *
   * @throws (rejects) as `stream.send` does for an event; ArgumentError for what is no topic, or a subtree; ForeignTopicError for
   * a topic of another contract; TopicEndedError; OptionError; HubClosedError; what the backplane fails with. Nothing was stored then, or (the backplane's connection broke) it is undecided: publish
   * it again with the same key.
   */
  publish<Decoded extends object, Wire extends object, Type extends keyof Decoded & string>(
    topic: Publishable<C, Decoded, Wire>,
    event: { readonly type: Type } & EventUnion<Decoded, Type>,
    options?: PublishOptions,
  ): Promise<Published>
  /**
   * Ends a topic for good: its readers are told, and those that have no other topic do not come back. Ending twice is ending
   * once. The end is remembered for as long as the topic (`rememberTopics` of the backplane): what is published to it later
   * begins it anew.
   *
   * @throws (rejects) ArgumentError, ForeignTopicError, OptionError, HubClosedError, what the backplane fails with.
   */
  end<Decoded extends object, Wire extends object>(
    topic: Publishable<C, Decoded, Wire>,
    options?: { readonly reason?: string | undefined },
  ): Promise<Published>
  /**
   * Feeds a stream with topics that the application chose: what was missed, then live. Resolves when the stream is over,
   * also where the hub's limits leave it no place: then its reader is told so, and comes back later. The application may
   * send private events on the same stream, without ids, before and after.
   *
   * @throws (rejects) ArgumentError for no topics, ForeignTopicError, AlreadyFedError, StreamEndedError, OptionError;
   * HubStreamIdError for a stream that has carried an id of the application's own; HubClosedError, or what the backplane fails
   * with before the stream was live: then the stream is closed, and the reader comes back, which is the next try.
   */
  subscribe<Payloads extends object>(
    stream: Stream<Payloads>,
    topics: readonly (Topic<keyof C & string, string, object, object> | Subtree<keyof C & string, string, object, object>)[],
    options?: SubscribeOptions,
  ): Promise<void>
  /**
   * Where these topics are now. For a snapshot without a hole: take the cursor, then read the state, then let the reader
   * begin at the cursor.
   *
   * @throws (rejects) ArgumentError, ForeignTopicError, HubClosedError, what the backplane fails with.
   */
  cursor(topics: readonly (AnyTopic | AnySubtree)[]): Promise<string>
  /**
   * Who is on a topic, on this node. Readers of its subtree are not counted; those of a topic that has ended are, until they
   * leave.
   *
   * @throws OptionError where its channel has no `presence: true`, ArgumentError, ForeignTopicError.
   */
  presence(topic: Topic<keyof C & string, string, object, object>): Presence
  /**
   * Closes streams of this node: their readers come back, and are authorized anew. Returns how many.
   *
   * @param reason fit for the reader.
   * @throws ArgumentError where nothing says whom, ForeignTopicError, OptionError.
   */
  disconnect(where: Where, reason?: string): number
  /** Counts a stream that the hub does not feed, and drains it with the others: at the end of the window, if it has not ended by then. */
  track<Payloads extends object>(stream: Stream<Payloads>): void
  /**
   * Takes no new stream, and lets go of all that are there, spread over a window, each with its own time to come back.
   * Resolves when the last one is closed; then `server.close()` has nothing to wait for.
   *
   * @throws (rejects) OptionError
   */
  drain(options?: DrainOptions): Promise<void>
  stats(): HubStats
  /** Closes all streams at once, and lets go of the backplane, which stays open for others. Nothing can be published after it. */
  close(): Promise<void>
}
