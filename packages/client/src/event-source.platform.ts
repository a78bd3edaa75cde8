import { type EventSourceOptions, eventSourceTransport } from './transport/event-source.js'
import type { Transport } from './transport/transport.js'

/** A transport over the platform's EventSource; see {@link eventSourceTransport} for its limits. */
export function eventSource({ types = [] }: EventSourceOptions = {}): Transport {
  return eventSourceTransport((url, withCredentials) => new EventSource(url, { withCredentials }), types)
}
