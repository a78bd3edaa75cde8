import type { Message } from '@sse/schema/wire'
import type { ConnectOptions, RequestOptions } from '../options.js'

/** One attempt to connect. */
export interface ConnectRequest {
  /** One object for all attempts of a subscription. */
  readonly url: URL
  readonly method: string
  readonly body?: ConnectOptions['body']
  /** A client's topics, each with its start, as they are in the URL or the body. */
  readonly topics?: readonly string[] | undefined
  /** Made for this attempt. */
  readonly headers: Headers
  /** Where the reader is; empty at its beginning. */
  readonly lastEventId: string
  /** Whether the last connection was to another's server, which may not know our query parameter. */
  readonly foreign: boolean
  /** The event types of `events` and of handlers so far; a transport that needs no names gives every type. */
  readonly types: Iterable<string>
  /** Aborts the attempt, and later the connection. */
  readonly signal: AbortSignal
  /** The rest is as the application gave it. */
  readonly options: Pick<RequestOptions, 'credentials' | 'fetch' | 'maxMessageSize'>
}

/** An open connection. It is closed by its request's signal. */
export interface OpenConnection {
  /**
   * The messages of the next bytes, in order; none where the bytes held none (a heartbeat counts as life). Undefined at
   * the end. Nothing is read ahead, so that a slow reader slows the socket.
   *
   * @throws MessageTooLargeError; anything else is a broken connection.
   */
  read(): Promise<readonly Message[] | undefined>
}

/**
 * Opens one connection; resolves when the server has accepted it, with undefined where it said that nothing more is to
 * come (204).
 *
 * @throws HttpStatusError, ContentTypeError, or another SubscriptionError; anything else is a connection that could not be made.
 */
export type Transport = (request: ConnectRequest) => Promise<OpenConnection | undefined>

/** What was asked, for the words of an error. Without the query: it may be secret. */
export function nameOf({ method, url }: Pick<ConnectRequest, 'method' | 'url'>): string {
  return `${method} ${url.origin}${url.pathname}`
}
