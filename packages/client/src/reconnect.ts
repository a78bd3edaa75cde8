import { ConnectionError, HeadersError, HttpStatusError, SilenceError, type SubscriptionError } from './errors.js'

/** How a subscription comes back. Times are in milliseconds. */
export interface ReconnectOptions {
  /** The first delay is between 0 and this. It doubles with each failed attempt in a row. Default 1,000. */
  readonly baseDelay?: number | undefined
  /** No delay of ours is longer; what the server asks for comes on top. Default 30,000. */
  readonly maxDelay?: number | undefined
  /** Failed attempts in a row after which the subscription closes as failed. Default: no limit. */
  readonly maxAttempts?: number | undefined
  /** A connection that lasted so long was a success; a shorter one counts as a failed attempt. Default 5,000. */
  readonly stableAfter?: number | undefined
}

/**
 * The wait before the next attempt: exponential with full jitter, so that a thousand clients that lost their server
 * together come back apart; never before the time that the server asked for, by `retry` or Retry-After.
 *
 * @param failures failed attempts in a row, at least 1.
 * @param asked what the server asked for, in milliseconds; 0 if nothing.
 * @param random from 0 to 1.
 */
export function reconnectDelay(
  { baseDelay = 1_000, maxDelay = 30_000 }: ReconnectOptions,
  failures: number,
  asked: number,
  random: number,
): number {
  // After a thousand failures 0 times infinity would be no number.
  return asked + (random * Math.min(maxDelay, baseDelay * 2 ** (failures - 1)) || 0)
}

/**
 * A server's `retry` or Retry-After within reason: at least 100 ms, or a server could make its readers spin, and at most
 * an hour, for a longer wait would be as good as closing.
 */
export function clampWait(milliseconds: number): number {
  return Math.min(3_600_000, Math.max(100, milliseconds))
}

/** A Retry-After header (RFC 9110 §10.2.3), seconds or a date, as milliseconds from now; undefined if it is neither. */
export function retryAfter(header: string | null, now: number): number | undefined {
  const text = header ?? ''
  const wait = /^\d+$/.test(text) ? +text * 1000 : Date.parse(text) - now
  // Of what is no number, nothing is left.
  return clampWait(wait) || undefined
}

/** Whether another attempt may go better. The same event would be too large again, the same page no stream again. */
export function isTransient(error: SubscriptionError): boolean {
  if (!(error instanceof HttpStatusError))
    return error instanceof ConnectionError || error instanceof SilenceError || error instanceof HeadersError
  return error.status === 408 || error.status === 429 || error.status >= 500
}
