import { useEffect } from 'react'
import type { StreamName } from '../../contract.js'
import { type Connection, connections, setConnection } from '../lib/connections.js'
import { useStore } from '../lib/store.js'
import { type WatchOptions, watchStream } from '../lib/watch.js'

interface Closable {
  close(): void
}

/**
 * Keeps one stream of a panel's own for as long as the component is there and `open` stays the same function; undefined: none.
 * In StrictMode the first one is closed before it connects.
 */
export function useStream(stream: StreamName, open: ((watch: WatchOptions) => Closable) | undefined): Connection | undefined {
  useEffect(() => {
    if (open === undefined) return
    let mounted = true
    const watch = watchStream(stream)
    const subscription = open({ ...watch, onStateChange: (snapshot) => mounted && watch.onStateChange(snapshot) })
    return () => {
      mounted = false
      subscription.close()
      setConnection(stream, undefined)
    }
  }, [stream, open])
  return useStore(connections)[stream]
}
