import { createReader, eventStreamType, lastEventIdHeader, lastEventIdParam, toHeaderValue } from '@sse/schema/wire'
import { ContentTypeError, HttpStatusError } from '../errors.js'
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
  const { status } = response
  if (status === 204) return undefined
  if (status !== 200) throw new HttpStatusError(nameOf(request), status, retryAfter(response.headers.get('retry-after'), Date.now()))
  const type = response.headers.get('content-type')
  if (!/^text\/event-stream *(;|$)/i.test(`${type}`) || response.body === null)
    throw new ContentTypeError(`${nameOf(request)} answered ${type}, no event stream: wrong URL?`)
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
