import type { Panel } from '../../contract.js'
import { createFrameSplitter } from './frames.js'
import { logWire } from './wire-log.js'

/** A `fetch` that writes down all it sees: requests, answers, and each raw message of an event stream. */
export function inspectingFetch(panel: Panel): typeof fetch {
  return async (input, init) => {
    logWire(panel, 'connection', describeRequest(input, init))
    try {
      const response = await fetch(input, init)
      const { status, statusText, headers, body } = response
      logWire(panel, status === 200 ? 'connection' : 'failure', `← ${status} ${statusText} ${headers.get('content-type') ?? ''}`.trim())
      if (body === null) return response
      return new Response(observed(body, panel), { status, statusText, headers })
    } catch (error) {
      logClose(panel, error)
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
function observed(body: ReadableStream<Uint8Array<ArrayBuffer>>, panel: Panel): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  const split = createFrameSplitter()
  return new ReadableStream(
    {
      pull: async (controller) => {
        try {
          const { done, value } = await reader.read()
          if (done) {
            logWire(panel, 'connection', '× the server closed the connection')
            return controller.close()
          }
          for (const { kind, raw } of split(decoder.decode(value, { stream: true }))) logWire(panel, kind, raw)
          controller.enqueue(value)
        } catch (error) {
          logClose(panel, error)
          controller.error(error)
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}

function logClose(panel: Panel, error: unknown): void {
  const own = error instanceof DOMException && error.name === 'AbortError'
  if (own) logWire(panel, 'connection', '× closed by this page')
  else logWire(panel, 'failure', `× ${error instanceof Error ? error.message : 'the connection broke'}`)
}
