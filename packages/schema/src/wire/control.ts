import type { Message } from './message.js'

/** The protocol's version, told in `sse.ready`. */
export const protocolVersion = 1

/** Types that begin so are the protocol's own; so are ids. */
export const reservedPrefix = 'sse.'

/**
 * The id of a private stream's `sse.end`. A reader that comes back with it (a native EventSource always comes back)
 * is answered 204, which ends its reconnecting.
 */
export const endId = 'sse.end'

/** First on every stream: from here on control messages count. */
export interface ReadyControl {
  readonly type: 'sse.ready'
  readonly protocol: number
  /** The longest silence, in milliseconds, that a live stream leaves between two writes. 0: no heartbeat is promised. */
  readonly heartbeat: number
  /** The types whose data is verbatim text, not JSON. */
  readonly text: readonly string[]
  /** Random for each stream. Every later control message repeats it, so that relayed text cannot forge one. */
  readonly key: string
}

/**
 * A replay is through: these topics are live from `position` on, and complete up to it, but for what a gap told. It is also
 * the message's id, unless the reader is past it already.
 */
export interface LiveControl {
  readonly type: 'sse.live'
  readonly topics: readonly string[]
  /** True where the topics went on from the reader's cursor. */
  readonly resumed: boolean
  readonly position: string
}

/** Why events are missing: trimmed from history; the history began anew; the reader was too slow for its outbox. */
export type GapReason = 'trimmed' | 'reset' | 'overflow'

/** Events of these topics are missing and will not come: fetch the state anew. */
export interface GapControl {
  readonly type: 'sse.gap'
  readonly topics: readonly string[]
  readonly reason: GapReason
}

/** Something failed, told in words that are fit for a reader. */
export interface ErrorControl {
  readonly type: 'sse.error'
  readonly code: string
  readonly message: string
  /** Whether coming back may help. */
  readonly retry: boolean
  /** The topics that it concerns; without them, the whole stream. */
  readonly topics?: readonly string[] | undefined
}

/** These topics, or without them the whole stream, are over for good: do not come back. */
export interface EndControl {
  readonly type: 'sse.end'
  readonly reason: string
  readonly topics?: readonly string[] | undefined
}

/** Who is on a topic has changed. */
export interface PresenceControl {
  readonly type: 'sse.presence'
  readonly topic: string
  /** How many are there now. */
  readonly count: number
  /** Who came; on the first message of a topic, everybody who is there, up to the server's bound. */
  readonly joined: readonly string[]
  readonly left: readonly string[]
  /** True on the first message of a topic, and when the reader must begin its list anew. */
  readonly reset: boolean
}

export type Control = ReadyControl | LiveControl | GapControl | ErrorControl | EndControl | PresenceControl

/** Writes a control message. Each but `sse.ready` carries the stream's key. */
export function controlMessage(control: Control, key: string, id?: string): Message {
  const { type, ...fields } = control
  return { event: type, data: JSON.stringify({ ...fields, key }), id }
}

/** Random enough that text written by somebody else does not hold it by chance or by trying: 64 bits. */
export function controlKey(): string {
  return crypto.getRandomValues(new Uint32Array(2)).reduce((text, word) => text + word.toString(36), '')
}

/**
 * Reads a control message: undefined for what is none, or does not carry `key`. `sse.ready` is read with `key` undefined,
 * and its own key serves the rest of the connection. A type that only a later protocol knows comes out as it is.
 */
export function readControl({ event, data }: Message, key: string | undefined): Control | undefined {
  const isReady = event === 'sse.ready'
  // Before the data is looked at: nearly every message is an event, and parsed once by whoever takes it.
  if (!event?.startsWith(reservedPrefix) || isReady !== (key === undefined)) return undefined
  try {
    const fields: Unchecked | null = JSON.parse(data ?? '')
    // The key vouches for the fields: only a server of this protocol knows it. Nothing yet vouches for `sse.ready`.
    return (isReady ? isReadyShape(fields) : fields?.key === key) ? ({ ...fields, type: event } as Control) : undefined
  } catch {
    return undefined
  }
}

/** What JSON holds: of what is no object, every field is undefined. */
type Unchecked = { readonly [Field in keyof ReadyControl]?: unknown }

/** Without this a foreign server's `sse.ready` would set a negative watch, or make a failure of every event. */
function isReadyShape(fields: Unchecked | null): boolean {
  return (
    isAtLeast(1, fields?.protocol) &&
    isAtLeast(0, fields?.heartbeat) &&
    Array.isArray(fields?.text) &&
    [fields.key, ...fields.text].every((value) => typeof value === 'string')
  )
}

/** JSON has no infinity, but reads `1e999` as one. */
function isAtLeast(least: number, value: unknown): boolean {
  return Number.isFinite(value) && Number(value) >= least
}
