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

/** A replay is through: its message's id is the position from which these topics are live. */
export interface LiveControl {
  readonly type: 'sse.live'
  readonly topics: readonly string[]
  /** True where the topics went on from the reader's cursor. */
  readonly resumed: boolean
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

export type Control = ReadyControl | LiveControl | GapControl | ErrorControl | EndControl

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
  try {
    const fields: unknown = JSON.parse(data ?? '')
    const isReady = event === 'sse.ready'
    if (!event?.startsWith(reservedPrefix) || !hasKey(fields) || isReady !== (key === undefined)) return undefined
    // The key vouches for the fields: only a server of this protocol knows it.
    return isReady || fields.key === key ? ({ ...fields, type: event } as Control) : undefined
  } catch {
    return undefined
  }
}

function hasKey(fields: unknown): fields is { readonly key: string } {
  return typeof fields === 'object' && fields !== null && 'key' in fields && typeof fields.key === 'string'
}
