import { createReader, eventStreamType, lastEventIdHeader, lastEventIdParam, toHeaderValue } from '@sse/schema/wire'
import { ConnectionError, ContentTypeError, HttpStatusError } from '../errors.js'
import { retryAfter } from '../reconnect.js'
import { type ConnectRequest, nameOf, type OpenConnection } from './transport.js'

/** The default transport: `fetch`, with its headers, methods, statuses and backpressure. */
export async function fetchTransport(request: ConnectRequest): Promise<OpenConnection | undefined> {
  const { method, headers, body, lastEventId, signal, options } = request
  const { credentials, maxMessageSize = 16_777_216 } = options
  const url = new URL(request.url)
  headers.set('accept', eventStreamType)
  if (lastEventId) {
    // Across origins the header would cost a preflight, or be refused by it; servers of ours read the query as well.
    const own = globalThis.location?.origin
    if (own && own !== url.origin && !request.foreign) url.searchParams.set(lastEventIdParam, lastEventId)
    else headers.set(lastEventIdHeader, toHeaderValue(lastEventId))
  }
  const response = await (options.fetch ?? fetch)(url, {
    method,
    headers,
    signal,
    // WHATWG HTML §9.2.2 sets the request's cache mode; unlike a Cache-Control header it needs no preflight.
    cache: 'no-store',
    ...(body && { body }),
    ...(credentials && { credentials }),
  })
  if (response.status === 204) return undefined
  const refusal = refusalOf(request, response)
  if (refusal || !response.body) throw refusal ?? new ConnectionError(`${nameOf(request)} has no body`)
  const chunks = response.body.getReader()
  const messages = createReader(maxMessageSize)
  return {
    read: async () => {
      const { value } = await chunks.read()
      // At the end too: it throws where the last chunk ended in a message that was too large.
      const read = messages(value ?? new Uint8Array())
      return value && read
    },
  }
}

/** Why a response other than 204 is no event stream. */
export function refusalOf(request: ConnectRequest, { status, headers }: Response): HttpStatusError | ContentTypeError | undefined {
  if (status !== 200) return new HttpStatusError(nameOf(request), status, retryAfter(headers.get('retry-after'), Date.now()))
  const type = headers.get('content-type')
  // Two equal headers come as one, with a comma.
  if (/^text\/event-stream\s*([;,]|$)/i.test(`${type}`)) return undefined
  return new ContentTypeError(`${nameOf(request)} answered ${type}, no event stream: wrong URL?`)
}
