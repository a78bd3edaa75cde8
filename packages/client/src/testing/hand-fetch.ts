/** A request that a test answers by hand. */
export interface Asked {
  readonly url: URL
  readonly topics: readonly string[]
  readonly isClosed: boolean
  /** Answers with the beginning of a stream. */
  open(...chunks: readonly string[]): Asked
  send(...chunks: readonly string[]): Asked
  /** Cuts the stream. */
  cut(): void
  /** Answers without a stream. */
  answer(status: number, headers?: Readonly<Record<string, string>>): void
  /** Fails before any answer. */
  fail(): void
}

/** A `fetch` without a network, for tests that move the clock: what it asks waits for its answer. */
export interface HandFetch {
  readonly fetch: typeof globalThis.fetch
  /** All requests, in their order. */
  readonly asked: readonly Asked[]
}

const encoder = new TextEncoder()

export function handFetch(): HandFetch {
  const asked: Asked[] = []
  return {
    asked,
    fetch: (input, init) =>
      new Promise((resolve, reject) => {
        const url = new URL(input instanceof Request ? input.url : input)
        let isClosed = false
        let stream: ReadableStreamDefaultController<Uint8Array> | undefined
        const body = new ReadableStream<Uint8Array>({
          start: (controller) => {
            stream = controller
          },
        })
        const end = (reason: unknown): void => {
          isClosed = true
          reject(reason)
          stream?.error(reason)
        }
        init?.signal?.addEventListener('abort', () => end(init.signal?.reason), { once: true })
        const one: Asked = {
          url,
          topics: url.searchParams.getAll('topic'),
          get isClosed() {
            return isClosed
          },
          open: (...chunks) => {
            resolve(new Response(body, { headers: { 'content-type': 'text/event-stream' } }))
            return one.send(...chunks)
          },
          send: (...chunks) => {
            for (const chunk of chunks) stream?.enqueue(encoder.encode(chunk))
            return one
          },
          cut: () => end(new TypeError('cut')),
          answer: (status, headers = {}) => resolve(new Response(null, { status, headers })),
          fail: () => end(new TypeError('fetch failed')),
        }
        asked.push(one)
      }),
  }
}
