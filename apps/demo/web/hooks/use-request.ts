import { useState } from 'react'

/** In milliseconds. After it a request that waits says why. */
const patience = 2_000

const waitingWords =
  'Still waiting. Most likely this browser’s connections to the server are taken by another window of this page: close it, or hide it.'

interface PendingRequest {
  readonly isPending: boolean
  /** Why it takes so long; empty while it does not. */
  readonly notice: string
  /** Makes a request, unless one is under way. Rejects as it does. */
  readonly run: (request: () => Promise<void>) => Promise<void>
}

/** What a button shows of its request: over HTTP/1.1 one may wait for a connection, and nothing else would be seen of that. */
export function useRequest(): PendingRequest {
  const [state, setState] = useState<'idle' | 'sent' | 'slow'>('idle')
  const run = async (request: () => Promise<void>): Promise<void> => {
    if (state !== 'idle') return
    setState('sent')
    const timer = setTimeout(() => setState('slow'), patience)
    try {
      await request()
    } finally {
      clearTimeout(timer)
      setState('idle')
    }
  }
  return { isPending: state !== 'idle', notice: state === 'slow' ? waitingWords : '', run }
}
