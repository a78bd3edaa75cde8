import { lastEventIdHeader, toHeaderValue } from '@sse/schema/wire'
import { EventSource } from 'eventsource'
import { type EventSourceOptions, eventSourceTransport } from './transport/event-source.js'
import type { Transport } from './transport/transport.js'

/**
 * A transport over EventSource: the platform's in browsers and Deno, elsewhere the `eventsource` package, with which
 * headers and statuses work too; see {@link eventSourceTransport} for the limits.
 */
export function eventSource({ types = [] }: EventSourceOptions = {}): Transport {
  return eventSourceTransport((url, withCredentials, request, answered) => {
    const { headers, options } = request
    if (request.lastEventId !== '') headers.set(lastEventIdHeader, toHeaderValue(request.lastEventId))
    return new EventSource(url, {
      withCredentials,
      fetch: async (to, init) => {
        const { credentials = init.credentials } = options
        const response = await (options.fetch ?? fetch)(to, {
          ...init,
          ...(credentials && { credentials }),
          headers: { ...init.headers, ...Object.fromEntries(headers) },
        })
        // The package tells the status, and neither the type nor Retry-After.
        answered(response)
        return response
      },
    })
  }, types)
}
