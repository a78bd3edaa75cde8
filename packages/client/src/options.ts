import type { GapReason } from '@sse/schema/wire'
import type { Buffer } from './buffer.js'
import type { SubscriptionError } from './errors.js'
import type { ReconnectOptions } from './reconnect.js'
import type { Snapshot } from './state.js'
import type { Transport } from './transport/transport.js'

/** Headers, or a function that makes them anew for each attempt. `refresh` is true after a 401 or 403. */
export type HeadersSource = HeadersInit | ((context: { readonly refresh: boolean }) => HeadersInit | Promise<HeadersInit>)

/** An event of a type that the given `events` do not define, with its data as it came. */
export interface UnknownEvent {
  readonly type: string
  readonly data: string
  readonly id: string
  readonly topic: string | undefined
}

/** Events are missing and will not come. */
export interface Gap {
  /** Of these topics; empty for a stream that has none. */
  readonly topics: readonly string[]
  /** `trimmed` from history; the history was `reset`; this reader was too slow: `overflow`. */
  readonly reason: GapReason
}

/** A stream, or these topics of it, are over for good. */
export interface End {
  readonly reason: string
  readonly topics?: readonly string[] | undefined
}

/** Who is on a topic, or what has changed of it. */
export interface Presence {
  readonly topic: string
  /** How many are there now. */
  readonly count: number
  /** Who came; where `reset` is true, everybody who is there, up to the server's bound. */
  readonly joined: readonly string[]
  readonly left: readonly string[]
  /** Begin the list anew: with `joined` alone. True on the first of a topic, and whenever changes may have been missed. */
  readonly reset: boolean
}

/** How a server is reached. Every option has a default, and takes undefined for it. */
export interface RequestOptions {
  /** Where the function throws, or what it makes is no header, the attempt has failed with HeadersError, and is made again. */
  readonly headers?: HeadersSource | undefined
  /** As in `fetch`. Default: the platform's, which is cookies for the same origin. */
  readonly credentials?: RequestCredentials | undefined
  /**
   * How to come back; false: never. Default: with backoff and jitter; but a request other than GET only once the
   * server has sent an id to resume from, so that nothing is ordered or billed twice. True lifts that; settings do not.
   */
  readonly reconnect?: boolean | ReconnectOptions | undefined
  /**
   * Milliseconds that the server has to answer in, without the time that `headers` takes; 0: no limit. Default 30,000. Of a hub that
   * `createClient` asks, its first message, too.
   * At the bound the attempt has failed: a server that always needs longer is never reached, and what it did for a
   * request other than GET is lost.
   */
  readonly connectTimeout?: number | undefined
  /**
   * Milliseconds of silence after which a connection counts as dead, for servers that announce no heartbeat.
   * Default: none, and a dead connection to such a server is noticed only when the platform notices.
   */
  readonly maxSilence?: number | undefined
  /**
   * Milliseconds that the page may be hidden, after which the connection is closed until it is shown again; then it resumes. What
   * the server no longer has by then is told as a gap. Default: a hidden page stays connected.
   */
  readonly pauseHidden?: number | undefined
  /**
   * The largest message in characters. Default 16,777,216. A larger one closes the subscription with MessageTooLargeError,
   * for it would come again: if it is to be expected, raise this.
   */
  readonly maxMessageSize?: number | undefined
  /** Data that means the end, for servers that mark it so: `'[DONE]'` for OpenAI-style streams. Default: none. */
  readonly endOn?: string | undefined
  /** Default: `globalThis.fetch`. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /**
   * Default: fetch. `eventSource` from `@sse/client/event-source` uses the platform's EventSource; `checkLinks` checks that a
   * hub's stream leaves nothing out.
   */
  readonly transport?: Transport | undefined
}

/** Where a cursor is kept over reloads: `localStorage` with {@link webStorage}, IndexedDB, or anything that remembers a text. */
export interface CursorStore {
  /** What was kept, or nothing. The subscription connects when it is there. */
  get(): string | null | undefined | Promise<string | null | undefined>
  /** Called at each move of the cursor; nothing waits for its promise. */
  set(cursor: string): unknown
}

/**
 * What a subscription is to be told, and when an event counts as done. Every option has a default, and takes undefined for it. The
 * functions are looked up when there is something to tell: a getter may give another one each time, as UI bindings need.
 */
export interface ListenOptions {
  /** Closes the subscription. */
  readonly signal?: AbortSignal | undefined
  /**
   * When the cursor, `lastEventId`, moves past an event. `auto`, the default: when everybody was successful with it. `manual`: when
   * `ack` says so. Whatever it is at the last event, a lost connection goes on after all that was received.
   */
  readonly ack?: 'auto' | 'manual' | undefined
  /** Where the cursor is kept; what it holds goes before `lastEventId`. Default: nowhere, and a reload begins anew. */
  readonly store?: CursorStore | undefined
  /** What may wait for a slow handler or loop: see `buffered`. Default: nothing, and while an event is handled the server waits. */
  readonly buffer?: Buffer | undefined
  /** What data is, for servers that do not say: default `json`. With `text` it is handed over as it came. */
  readonly format?: 'json' | 'text' | undefined
  /**
   * Events are missing: fetch the state anew. Runs in event order, and the next event waits for it.
   * Default: the gap is reported as an unhandled error.
   */
  readonly onGap?: ((gap: Gap) => void | Promise<void>) | undefined
  /**
   * Something needs you: an event does not fit its schema (it is skipped, the stream goes on), a handler threw, the server
   * reports a failure, or the subscription closed for good by one. Failures that are retried are in the state instead.
   * An `sse.error` with which the server asks to come back is told here, too.
   * Default: reported as unhandled errors, unless a loop throws it.
   */
  readonly onError?: ((error: SubscriptionError) => void) | undefined
  /** The server ended the stream for good, or these topics of it. */
  readonly onEnd?: ((end: End) => void) | undefined
  /**
   * Who is on a topic has changed. In event order, but the next event does not wait for it. Default: nobody is told.
   */
  readonly onPresence?: ((presence: Presence) => void) | undefined
  /** An event's type is not among `events`. Default: skipped, for a newer server may send what this client does not know. */
  readonly onUnknown?: ((event: UnknownEvent) => void) | undefined
  readonly onStateChange?: ((snapshot: Snapshot) => void) | undefined
}

/** All that `subscribe` takes. Every option has a default, and takes undefined for it. */
export interface ConnectOptions extends RequestOptions, ListenOptions {
  /** In capitals. Default GET, or POST where there is a body. Others than GET are repeated only as `reconnect` says. */
  readonly method?: string | undefined
  /** Sent again at each reconnect, so it cannot be a stream. */
  readonly body?: Exclude<BodyInit, ReadableStream> | undefined
  /** Where to begin: the `lastEventId` of an earlier subscription. Default: at the server's beginning. */
  readonly lastEventId?: string | undefined
}
