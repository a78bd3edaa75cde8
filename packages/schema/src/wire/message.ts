/**
 * The wire's unit, as strings: what stands between two blank lines of an event stream (WHATWG HTML §9.2.5).
 * A field that is not there is left out; an empty string is a field with no value.
 */
export interface Message {
  /** The position after this message. Readers send it back as Last-Event-ID. Empty: the reader forgets its position. */
  readonly id?: string | undefined
  /** The event's type; readers take a missing one for `message`. */
  readonly event?: string | undefined
  /** Lines are separated by LF. A message without data moves the position or the reconnection time, and is no event. */
  readonly data?: string | undefined
  /** The reconnection time in milliseconds, a non-negative integer. */
  readonly retry?: number | undefined
}
