import type { ReconnectOptions } from '@sse/client'
import { useEffect } from 'react'
import type { StreamName } from '../../contract.js'
import { type Connection, connections, type SharedSnapshot, setConnection } from '../lib/connections.js'
import { inspectingFetch } from '../lib/inspect.js'
import { useStore } from '../lib/store.js'
import { logWire } from '../lib/wire-log.js'

/** What a panel hands on to `subscribe`, so that its stream is watched. */
export interface WatchOptions {
  readonly fetch: typeof globalThis.fetch
  readonly reconnect: ReconnectOptions
  readonly onStateChange: (snapshot: SharedSnapshot) => void
  readonly onError: (error: Error) => void
}

interface Closable {
  close(): void
}

/**
 * Keeps one subscription for as long as the component is there and `open` stays the same function; undefined: none.
 * In StrictMode the first one is closed before it connects.
 */
export function useSubscription(stream: StreamName, open: ((watch: WatchOptions) => Closable) | undefined): Connection | undefined {
  useEffect(() => {
    if (open === undefined) return
    let opened = 0
    let mounted = true
    const subscription = open({
      fetch: inspectingFetch(stream),
      // A demo's server is away for seconds, and nobody else waits for it.
      reconnect: { maxDelay: 4_000 },
      onStateChange: (snapshot) => {
        if (!mounted) return
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
    })
    return () => {
      mounted = false
      subscription.close()
      setConnection(stream, undefined)
    }
  }, [stream, open])
  return useStore(connections)[stream]
}
