import { type InvalidJsonError, type SchemaError, SseError, type ValidationError } from '@sse/schema'
import type { GapReason, MessageTooLargeError } from '@sse/schema/wire'

/** The server answered with a status other than 200. 408, 429 and 5xx are retried, 204 is an end, others close. */
export class HttpStatusError extends SseError {
  readonly code = 'http_status'
  constructor(
    /** What was asked: method and URL, without the query, which may be secret. */
    request: string,
    readonly status: number,
    /** The wait that the server asked for with Retry-After, in milliseconds. */
    readonly retryAfter?: number | undefined,
  ) {
    super(`${request} answered ${status}`)
  }
}

/** The answer is no event stream: often a login page, or a single-page app's fallback. */
export class ContentTypeError extends SseError {
  readonly code = 'content_type'
}

/** The platform's EventSource was refused, and does not tell how: by a 204, 4xx or 5xx, or with something that is no stream. */
export class RefusedError extends SseError {
  readonly code = 'refused'
}

/** The connection could not be made, or broke off. The cause, if there is one, is the transport's own error. */
export class ConnectionError extends SseError {
  readonly code = 'connection_lost'
}

/** The `headers` function failed, or made what is no header; its error is the cause. Retried as a lost connection is. */
export class HeadersError extends SseError {
  readonly code = 'headers_failed'
}

/** No answer within `connectTimeout`, or nothing for longer than the server's heartbeat allows: it is dead, or a proxy holds it back. */
export class SilenceError extends SseError {
  readonly code = 'silent'
}

/** The server reports a failure of its own (`sse.error`), in words fit for a reader. */
export class ServerError extends SseError {
  readonly code = 'server_error'
  constructor(
    /** What kind, as the server names it. */
    readonly reason: string,
    message: string,
    /** The topics that it concerns; without them, the whole stream. */
    readonly topics?: readonly string[] | undefined,
  ) {
    super(message)
  }
}

/** Events are missing, and no `onGap` was there to hear it. */
export class GapError extends SseError {
  readonly code = 'gap'
  constructor(
    readonly reason: GapReason,
    readonly topics: readonly string[],
  ) {
    super(`events are missing (${reason}): handle onGap`)
  }
}

/** A handler, callback or schema of the application threw; its error is the cause. The other handlers and the stream go on. */
export class HandlerError extends SseError {
  readonly code = 'handler_failed'
}

/** An option that cannot work; nothing was opened. */
export class OptionError extends SseError {
  readonly code = 'invalid_option'
}

/** All that a subscription reports or fails by: `switch (error.code)` tells them apart. */
export type SubscriptionError =
  | ConnectionError
  | ContentTypeError
  | GapError
  | HandlerError
  | HeadersError
  | HttpStatusError
  | InvalidJsonError
  | MessageTooLargeError
  | OptionError
  | RefusedError
  | SchemaError
  | ServerError
  | SilenceError
  | ValidationError

/** Whether it is an error of ours. Of those only the ones of the union can arrive: a transport may throw no others. */
export function isOurs(error: unknown): error is SubscriptionError {
  return error instanceof SseError
}
