import type { ReconnectOptions } from '@sse/client'
import type { StreamName } from '../../contract.js'
import { type SharedSnapshot, setConnection } from './connections.js'
import { inspectingFetch } from './inspect.js'
import { logWire } from './wire-log.js'

/** What whoever connects hands on, so that the stream is watched. */
export interface WatchOptions {
  readonly fetch: typeof globalThis.fetch
  readonly reconnect: ReconnectOptions
  readonly onStateChange: (snapshot: SharedSnapshot) => void
  readonly onError: (error: Error) => void
}

/** Watches a stream: its bytes, its state, and its failures. */
export function watchStream(stream: StreamName): WatchOptions {
  let opened = 0
  return {
    fetch: inspectingFetch(stream),
    // A demo's server is away for seconds, and nobody else waits for it.
    reconnect: { maxDelay: 4_000 },
    onStateChange: (snapshot) => {
      const { state, attempt, retryAt, reason, error } = snapshot
      // It has only just begun, or is about to end.
      if (reason === 'idle') return
      if (state === 'open') opened += 1
      if (state === 'waiting' && retryAt !== undefined)
        logWire(stream, 'connection', `… ${reason}: attempt ${attempt} in ${((retryAt - Date.now()) / 1000).toFixed(1)} s`)
      if (state === 'closed') logWire(stream, error === undefined ? 'connection' : 'failure', `■ closed: ${error?.message ?? reason}`)
      setConnection(stream, { snapshot, reconnects: Math.max(0, opened - 1) })
    },
    // A failure that ends the stream is in the state; the others are seen here.
    onError: (error) => logWire(stream, 'failure', `! ${error.name}: ${error.message}`),
  }
}
