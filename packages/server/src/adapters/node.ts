import type { IncomingMessage, ServerResponse } from 'node:http'
import { constants, type Http2ServerRequest, type Http2ServerResponse, type Http2Session } from 'node:http2'
import type { Socket } from 'node:net'
import type { AnyEvents, DecodedPayloads } from '@sse/schema'
import { fromHeaderValue, lastEventIdHeader, lastEventIdParam } from '@sse/schema/wire'
import { answer } from '../answer.js'
import { AlreadyOpenError, HeadersSentError } from '../errors.js'
import { EventStream } from '../event-stream.js'
import { type Settings, type StreamOptions, settingsOf } from '../options.js'
import { type Producer, produce } from '../producer.js'
import type { Sink } from '../sink.js'
import type { Stream } from '../stream.js'

/** A request of `node:http` or of the compatibility API of `node:http2`; Express's and others' are one too. */
export type NodeRequest = IncomingMessage | Http2ServerRequest
/** A response of the same. */
export type NodeResponse = ServerResponse | Http2ServerResponse

/**
 * Opens a stream on a response, runs the producer, and ends the stream for good when it returns. What it throws is told
 * to the reader as `sse.error` (in general words) and to `onError` in full. Resolves when the stream is over.
 *
 * @throws (rejects) as {@link openStream} does.
 */
export async function respond<E extends AnyEvents = AnyEvents>(
  request: NodeRequest,
  response: NodeResponse,
  options: StreamOptions<E>,
  producer: Producer<DecodedPayloads<E>>,
): Promise<void> {
  await produce(open<E>(request, response, options), producer)
}

/**
 * Answers a request with an event stream: headers and `sse.ready` leave at once. Where the request calls for no stream
 * (HEAD, OPTIONS, a method that is not allowed, a reader that has seen the end) it is answered so, and the stream that is
 * returned is over already.
 *
 * @throws AlreadyOpenError, HeadersSentError, OptionError
 */
export function openStream<E extends AnyEvents = AnyEvents>(
  request: NodeRequest,
  response: NodeResponse,
  options: StreamOptions<E> = {},
): Stream<DecodedPayloads<E>> {
  return open(request, response, options)
}

const opened = new WeakSet<NodeResponse>()

function open<E extends AnyEvents>(
  request: NodeRequest,
  response: NodeResponse,
  options: StreamOptions<E>,
): EventStream<DecodedPayloads<E>> {
  return openWith(request, response, settingsOf(options))
}

/** The same with options that were checked before. */
export function openWith<Payloads extends object>(request: NodeRequest, response: NodeResponse, settings: Settings): EventStream<Payloads> {
  if (opened.has(response)) throw new AlreadyOpenError()
  if (response.headersSent) throw new HeadersSentError()
  const cursors = cursorsOf(request)
  const lastEventId = cursors.header ?? cursors.query
  const method = methodOf(request)
  const { status, headers, stream: streams } = answer({ method, origin: request.headers.origin, lastEventId }, settings)
  const stream = new EventStream<Payloads>(sinkOf(response), settings, { request: nameOf(request), lastEventId })
  writeHead(request, response, status, headers)
  // Not before: where the head was refused, the response carries no stream, and another answer may still go out.
  opened.add(response)
  if (!streams) {
    response.end()
    stream.answered()
    return stream
  }
  liftIdleLimits(request, response, settings.heartbeat, stream.closed)
  // Without these a reset connection would be an uncaught exception; 'close' follows and ends the stream.
  request.on('error', () => {})
  response.on('error', () => {})
  response.on('drain', () => stream.drained())
  response.on('close', () => stream.left(wasFinished(response)))
  if (isPipelined(response)) leaveWith(request.socket, () => stream.left(), stream.closed)
  stream.open()
  // Gone before the listener was there: 'close' will not come again. The request does not tell: it is destroyed, too, once
  // its body was read.
  if (isGone(request, response)) stream.left()
  return stream
}

function writeHead(
  request: NodeRequest,
  response: NodeResponse,
  status: number,
  headers: Readonly<Record<string, string | string[]>>,
): void {
  // Left by middleware in front, and untrue of a stream.
  response.removeHeader('content-length')
  response.removeHeader('etag')
  const vary = response.getHeader('vary')
  const varied =
    vary === undefined || headers['vary'] === undefined ? headers : { ...headers, vary: [String(vary), headers['vary']].flat().join(', ') }
  if ('stream' in response) {
    response.writeHead(status, varied)
    return
  }
  // HTTP/1.0 has no chunks, so Node closes the connection at the end; HTTP/1.1 keeps it, unless it was asked to close
  // (RFC 9112 §9.3, §9.6).
  const persistent = request.httpVersion === '1.1' && response.shouldKeepAlive && status === 200
  response.writeHead(status, persistent ? { ...varied, connection: 'keep-alive' } : { ...varied })
  response.flushHeaders()
}

/** An idle limit of the server's would take a quiet stream for a dead one; the heartbeat finds the dead ones. */
function liftIdleLimits(request: NodeRequest, response: NodeResponse, heartbeat: number, closed: Promise<unknown>): void {
  if ('stream' in response) {
    response.stream.setTimeout(0)
    if (response.stream.session !== undefined) liftSessionLimit(response.stream.session, closed)
    return
  }
  // Requests that a test injects come without a socket, or with one that can do none of this.
  request.socket?.setTimeout?.(0)
  // A small event must not wait for the acknowledgement of the one before it.
  request.socket?.setNoDelay?.(true)
  // A peer that is gone without a word: on a quiet stream probes find it before the next heartbeat is sent, which the kernel
  // would then repeat for a quarter of an hour, and probe nothing meanwhile. It counts in seconds, and takes no 0: a heartbeat
  // under 6 s leaves no time for it. Node before 26.4 takes no interval and no count, and probes every second, ten times.
  if (heartbeat > 0) request.socket?.setKeepAlive?.(true, Math.max(1_000, heartbeat / 4), Math.max(1_000, heartbeat / 8), 3)
}

/** The sessions that carry streams, each with their number and the idle limit that they lifted. */
const lifted = new WeakMap<Http2Session, { streams: number; readonly limit: number }>()

/** While a session carries a stream it has no limit; the last one to close restores it, or idle sessions would pile up. */
function liftSessionLimit(session: Http2Session, closed: Promise<unknown>): void {
  // Node keeps the limit there, and has no documented way to read it.
  const limit = 'timeout' in session && typeof session.timeout === 'number' ? session.timeout : 0
  const lift = lifted.get(session) ?? { streams: 0, limit }
  lift.streams++
  lifted.set(session, lift)
  session.setTimeout(0)
  void closed.then(() => {
    if (--lift.streams > 0) return
    lifted.delete(session)
    session.setTimeout(lift.limit)
  })
}

function sinkOf(response: NodeResponse): Sink {
  // Somebody else may have ended the response; a write after that would break off what is still on its way.
  const ended = (): boolean => response.writableEnded
  if ('stream' in response) {
    return {
      write: (text) => !ended() && response.write(text),
      end: () => void response.end(),
      // The compatibility API's own destroy would leave the HTTP/2 stream open; the stream's own, without a code, would look
      // to the reader like an end (RFC 9113 §8.1).
      destroy: () => void response.stream.close(constants.NGHTTP2_INTERNAL_ERROR),
    }
  }
  return {
    write: (text) => !ended() && response.write(text),
    end: () => void response.end(),
    destroy: () => void response.destroy(),
  }
}

function isGone({ socket }: NodeRequest, response: NodeResponse): boolean {
  return 'stream' in response ? response.stream.destroyed : response.destroyed || socket?.destroyed === true
}

/** Whether it waits for the connection behind the answer to an earlier request. */
function isPipelined(response: NodeResponse): boolean {
  return !('stream' in response) && response.socket === null
}

/** What ends the streams that wait for each connection. */
const waiting = new WeakMap<Socket, Set<() => void>>()

/**
 * Node before 26 tells only the response that a connection is busy with of its end: the streams behind it would hold their
 * places for ever. One listener for all of them: Node warns of many as of a leak.
 */
function leaveWith(socket: Socket, leave: () => void, closed: Promise<unknown>): void {
  const leaves = waiting.get(socket) ?? new Set()
  if (!waiting.has(socket)) {
    waiting.set(socket, leaves)
    socket.once('close', () => {
      for (const each of leaves) each()
    })
  }
  leaves.add(leave)
  void closed.then(() => leaves.delete(leave))
}

function wasFinished(response: NodeResponse): boolean {
  return 'stream' in response ? response.stream.writableFinished : response.writableFinished
}

/** Where the reader says it is. The header is newer: a URL is written once. Empty is none. */
export function cursorsOf(request: NodeRequest): { readonly header: string | undefined; readonly query: string | undefined } {
  const header = request.headers[lastEventIdHeader]
  return {
    header: typeof header === 'string' && header !== '' ? fromHeaderValue(header) : undefined,
    query: searchOf(request).get(lastEventIdParam) || undefined,
  }
}

export function searchOf(request: NodeRequest): URLSearchParams {
  const url = request.url ?? ''
  // Only the first question mark begins the query; later ones are part of it (RFC 3986 §3.4).
  return new URLSearchParams(url.includes('?') ? url.slice(url.indexOf('?')) : '')
}

export function methodOf(request: NodeRequest): string {
  return request.method ?? 'GET'
}

/** Method and path, without the query, which may hold secrets. */
export function nameOf(request: NodeRequest): string {
  return `${methodOf(request)} ${pathOf(request)}`
}

function pathOf(request: NodeRequest): string {
  // Express cuts off of `url` where a router is mounted: the rest alone names no route.
  const url = 'originalUrl' in request && typeof request.originalUrl === 'string' ? request.originalUrl : request.url
  // A proxy's request names a whole URL (RFC 9112 §3.2.2), which may hold a password.
  return url?.replace(/^\w[\w+.-]*:\/\/[^/?]*/, '').split('?')[0] || '/'
}
