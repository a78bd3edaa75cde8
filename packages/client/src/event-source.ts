import { lastEventIdHeader, toHeaderValue } from '@sse/schema/wire'
import { EventSource } from 'eventsource'
import { type EventSourceOptions, eventSourceTransport } from './transport/event-source.js'
import type { Transport } from './transport/transport.js'

/**
 * A transport over EventSource: the platform's in browsers and Deno, elsewhere the `eventsource` package, with which
 * headers and statuses work too; see {@link eventSourceTransport} for the limits.
 */
export function eventSource({ types = [] }: EventSourceOptions = {}): Transport {
  return eventSourceTransport((url, withCredentials, request) => {
    const { headers } = request
    if (request.lastEventId !== '') headers.set(lastEventIdHeader, toHeaderValue(request.lastEventId))
    return new EventSource(url, {
      withCredentials,
      fetch: (to, init) => (request.options.fetch ?? fetch)(to, { ...init, headers: { ...init.headers, ...Object.fromEntries(headers) } }),
    })
  }, types)
}
