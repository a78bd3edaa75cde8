/** A `fetch` without a network, where bytes are given by hand and every read of the body is counted. */
export interface ScriptedFetch {
  readonly fetch: typeof globalThis.fetch
  /** How often somebody asked the body for bytes. */
  pulls: number
  /** Given one at each pull, over all connections; where there is none left, the body waits. */
  readonly chunks: string[]
}

const encoder = new TextEncoder()

export function scriptedFetch(chunks: readonly string[] = []): ScriptedFetch {
  const script: ScriptedFetch = {
    pulls: 0,
    chunks: [...chunks],
    fetch: async (_url, init) => {
      const { signal } = init ?? {}
      signal?.throwIfAborted()
      const body = new ReadableStream<Uint8Array>(
        {
          start: (controller) => {
            signal?.addEventListener('abort', () => controller.error(signal.reason), { once: true })
          },
          pull: (controller) => {
            script.pulls += 1
            const chunk = script.chunks.shift()
            // A pull that never resolves is a server that has nothing to say.
            if (chunk === undefined) return new Promise<void>(() => {})
            controller.enqueue(encoder.encode(chunk))
            return undefined
          },
        },
        // Nothing is fetched ahead, so that a pull is a read.
        { highWaterMark: 0 },
      )
      return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
    },
  }
  return script
}
