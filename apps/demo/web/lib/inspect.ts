import type { StreamName } from '../../contract.js'
import { createFrameSplitter } from './frames.js'
import { logWire } from './wire-log.js'

/** A `fetch` that writes down all it sees: requests, answers, and each raw message of an event stream. */
export function inspectingFetch(stream: StreamName): typeof fetch {
  return async (input, init) => {
    logWire(stream, 'connection', describeRequest(input, init))
    try {
      const response = await fetch(input, init)
      const { status, statusText, headers, body } = response
      logWire(stream, status === 200 ? 'connection' : 'failure', `← ${status} ${statusText} ${headers.get('content-type') ?? ''}`.trim())
      if (body === null) return response
      return new Response(observed(body, stream), { status, statusText, headers })
    } catch (error) {
      logClose(stream, error)
      throw error
    }
  }
}

function describeRequest(input: RequestInfo | URL, init: RequestInit | undefined): string {
  const { pathname, search } = new URL(input instanceof Request ? input.url : input)
  const id = new Headers(init?.headers).get('last-event-id')
  return `→ ${init?.method ?? 'GET'} ${pathname}${search}${id === null ? '' : `\n   Last-Event-ID: ${id}`}`
}

/** The same bytes, read at the pace of the one who reads them: nothing is asked for before it is wanted. */
function observed(body: ReadableStream<Uint8Array<ArrayBuffer>>, stream: StreamName): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  const split = createFrameSplitter()
  return new ReadableStream(
    {
      pull: async (controller) => {
        try {
          const { done, value } = await reader.read()
          if (done) {
            logWire(stream, 'connection', '× the server closed the connection')
            return controller.close()
          }
          for (const { kind, raw } of split(decoder.decode(value, { stream: true }))) logWire(stream, kind, raw)
          controller.enqueue(value)
        } catch (error) {
          logClose(stream, error)
          controller.error(error)
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}

function logClose(stream: StreamName, error: unknown): void {
  const own = error instanceof DOMException && error.name === 'AbortError'
  if (own) logWire(stream, 'connection', '× closed by this page')
  else logWire(stream, 'failure', `× ${error instanceof Error ? error.message : 'the connection broke'}`)
}
