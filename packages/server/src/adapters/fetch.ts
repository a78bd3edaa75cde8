import type { AnyEvents, DecodedPayloads } from '@sse/schema'
import { fromHeaderValue, lastEventIdHeader, lastEventIdParam } from '@sse/schema/wire'
import { answer } from '../answer.js'
import { EventStream } from '../event-stream.js'
import { type Settings, type StreamOptions, settingsOf } from '../options.js'
import { type Producer, produce } from '../producer.js'
import type { Sink } from '../sink.js'
import type { Stream } from '../stream.js'

/**
 * Answers a request with an event stream, runs the producer, and ends the stream for good when it returns. What it throws
 * is told to the reader as `sse.error` (in general words) and to `onError` in full. Runs wherever the Fetch API does.
 *
 * @throws OptionError
 */
export function respond<E extends AnyEvents = AnyEvents>(
  request: Request,
  options: StreamOptions<E>,
  producer: Producer<DecodedPayloads<E>>,
): Response {
  const { stream, response } = open<E>(request, options)
  void produce(stream, producer)
  return response
}

/**
 * Opens a stream; return its response from the handler. Where the request calls for no stream (HEAD, OPTIONS, a method
 * that is not allowed, a reader that has seen the end) the response says so, and the stream is over already.
 *
 * @throws OptionError
 */
export function openStream<E extends AnyEvents = AnyEvents>(
  request: Request,
  options: StreamOptions<E> = {},
): { readonly stream: Stream<DecodedPayloads<E>>; readonly response: Response } {
  return open(request, options)
}

/** How much the response holds before it asks the stream to wait: what a socket's buffer takes at once. */
const highWaterMark = 16_384

function open<E extends AnyEvents>(
  request: Request,
  options: StreamOptions<E>,
): { readonly stream: EventStream<DecodedPayloads<E>>; readonly response: Response } {
  return openWith(request, settingsOf(options))
}

/** The same with options that were checked before. */
export function openWith<Payloads extends object>(
  request: Request,
  settings: Settings,
): { readonly stream: EventStream<Payloads>; readonly response: Response } {
  const { method } = request
  const url = new URL(request.url)
  const cursors = cursorsOf(request, url)
  const lastEventId = cursors.header ?? cursors.query
  const { status, headers, stream: streams } = answer({ method, origin: request.headers.get('origin') ?? undefined, lastEventId }, settings)
  const { sink, body, close } = createBody({ drained: () => stream.drained(), left: (complete) => stream.left(complete) })
  const stream = new EventStream<Payloads>(sink, settings, { request: `${method} ${url.pathname}`, lastEventId })
  if (!streams) {
    stream.answered()
    return { stream, response: new Response(null, { status, headers: headersOf(headers) }) }
  }
  stream.open()
  // Some runtimes cancel the body when the reader leaves, some abort the request, some do both. Who aborts and reads on
  // would wait for ever, if the body did not end; it does not fail, for servers write failures to the console.
  const leave = (): void => {
    close()
    stream.left()
  }
  if (request.signal.aborted) leave()
  else request.signal.addEventListener('abort', leave, { once: true, signal: stream.signal })
  return { stream, response: new Response(body, { status, headers: headersOf(headers) }) }
}

/** Where the reader says it is. The header is newer: a URL is written once. Empty is none. */
export function cursorsOf(request: Request, url: URL): { readonly header: string | undefined; readonly query: string | undefined } {
  const header = request.headers.get(lastEventIdHeader)
  return {
    header: header === null || header === '' ? undefined : fromHeaderValue(header),
    query: url.searchParams.get(lastEventIdParam) || undefined,
  }
}

function headersOf(headers: Readonly<Record<string, string | string[]>>): Headers {
  const all = new Headers()
  // One by one: as one value, cookies would be a single cookie (RFC 6265 §3).
  for (const [name, values] of Object.entries(headers)) for (const value of [values].flat()) all.append(name, value)
  return all
}

interface BodyOwner {
  drained(): void
  left(complete: boolean): void
}

interface Body {
  readonly sink: Sink
  readonly body: ReadableStream<Uint8Array>
  readonly close: () => void
}

function createBody(owner: BodyOwner): Body {
  const encoder = new TextEncoder()
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined
  const body = new ReadableStream<Uint8Array>(
    {
      start: (started) => {
        controller = started
      },
      pull: () => owner.drained(),
      cancel: () => owner.left(false),
    },
    new ByteLengthQueuingStrategy({ highWaterMark }),
  )
  const close = (): void => controller?.close()
  const sink: Sink = {
    write: (text) => {
      controller?.enqueue(encoder.encode(text))
      return (controller?.desiredSize ?? 0) > 0
    },
    end: () => {
      close()
      owner.left(true)
    },
    destroy: () => controller?.error(new Error('the stream was abandoned: its reader took too little, or nothing for too long')),
  }
  return { sink, body, close }
}
