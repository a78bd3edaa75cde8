import type { SubscriptionError } from './errors.js'

/** `connecting`: a request is under way. `open`: it was accepted. `waiting`: for the next attempt. `closed`: for good. */
export type State = 'connecting' | 'open' | 'waiting' | 'closed'

/** Why the state is what it is. */
export type StateReason =
  /** waiting: the connection could not be made, or was lost. */
  | 'lost'
  /** waiting: nothing arrived for too long. */
  | 'silent'
  /** waiting: until the page is shown again; see `pauseHidden`. A page that the browser has frozen waits so, too. */
  | 'hidden'
  /** waiting: until what was received is done; see `buffer`. */
  | 'behind'
  /** waiting: a client, for its first subscription. */
  | 'idle'
  /** closed: the server ended the stream for good. */
  | 'ended'
  /** closed: by `close()`, or by leaving the last loop. */
  | 'closed'
  /** closed: by the AbortSignal. */
  | 'aborted'
  /** closed: by a failure that another attempt would not mend. */
  | 'failed'

/** The state of a subscription at one moment; a new object only when something changed. */
export interface Snapshot {
  readonly state: State
  /** Failed attempts in a row. It stays while open, for what opens may fail at once; after a stable connection the next is the first. */
  readonly attempt: number
  /** When the next attempt starts, in milliseconds since the epoch; only while waiting. */
  readonly retryAt: number | undefined
  /** What went wrong last, while waiting, and when closed by a failure. */
  readonly error: SubscriptionError | undefined
  readonly reason: StateReason | undefined
}

/** Whether nothing has changed. */
export function isSame<T extends object>(one: T, other: T): boolean {
  for (const key in one) if (one[key] !== other[key]) return false
  return true
}

/** Of a client that has nothing to connect for; UI bindings show it where there is no client yet. */
export const idle: Snapshot = { state: 'waiting', attempt: 0, retryAt: undefined, error: undefined, reason: 'idle' }
