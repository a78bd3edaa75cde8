import { eventSource } from '../event-source.js'
import { fetchTransport } from '../transport/fetch.js'
import type { Transport } from '../transport/transport.js'

/** The ways to read one stream: what holds over the one must hold over the other, or a table says why not. */
export const transports: readonly { readonly over: 'fetch' | 'EventSource'; readonly transport: Transport }[] = [
  { over: 'fetch', transport: fetchTransport },
  { over: 'EventSource', transport: eventSource({ types: ['test'] }) },
]
