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
 * Reads a control message: undefined for what is none, is of a later protocol, lacks a field, or does not carry `key`.
 * `sse.ready` is read with `key` undefined, and its own key serves the rest of the connection.
 */
export function readControl(message: Message, key: string | undefined): Control | undefined {
  const type = message.event
  if (type === undefined || !type.startsWith(reservedPrefix)) return undefined
  const fields = jsonObject(message.data)
  if (fields === undefined || typeof fields['key'] !== 'string') return undefined
  if (key === undefined ? type !== 'sse.ready' : fields['key'] !== key) return undefined
  const topics = fields['topics']
  const concerned = isStrings(topics) ? topics : undefined
  switch (type) {
    case 'sse.ready':
      if (key !== undefined) return undefined
      return {
        type,
        protocol: Number(fields['protocol']),
        heartbeat: Number(fields['heartbeat']) || 0,
        text: isStrings(fields['text']) ? fields['text'] : [],
        key: fields['key'],
      }
    case 'sse.live':
      return { type, topics: concerned ?? [], resumed: fields['resumed'] === true }
    case 'sse.gap':
      return { type, topics: concerned ?? [], reason: gapReason(fields['reason']) }
    case 'sse.error':
      return { type, code: String(fields['code']), message: String(fields['message']), retry: fields['retry'] !== false, topics: concerned }
    case 'sse.end':
      return { type, reason: String(fields['reason']), topics: concerned }
    default:
      return undefined
  }
}

function gapReason(value: unknown): GapReason {
  // An unknown reason of a later server is still a gap: 'reset' claims the least about what is left.
  return value === 'trimmed' || value === 'overflow' ? value : 'reset'
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

function jsonObject(text: string | undefined): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text ?? '')
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}
