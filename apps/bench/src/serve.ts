import { createServer, type RequestListener } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { answerRequests, say } from './answering.ts'
import { type ServerRequest, serverRequest } from './messages.ts'
import { type Tick, tickOf } from './tick.ts'

/** What is measured: it answers requests with streams, and sends events to all of them. */
export interface BenchServer {
  /** What readers ask for. */
  readonly path: string
  readonly listener: RequestListener
  /** Sends these events to every stream, within one turn of the event loop. A promise is waited for. */
  flush(events: readonly Tick[]): unknown
}

/** Makes this process the server that is measured. */
export function serve({ path, listener, flush }: BenchServer): void {
  let last = 0

  const answer = async (request: ServerRequest): Promise<object> => {
    if (request.ask === 'cpu') return process.cpuUsage()
    if (request.ask === 'memory') {
      globalThis.gc?.()
      const { rss, heapUsed } = process.memoryUsage()
      return { rss, heap: heapUsed }
    }
    const { flushes, batch, bytes, rate } = request
    const start = performance.now()
    for (let number = 0; number < flushes; number++) {
      // By the clock of the beginning: a late flush does not make all that follow late, too.
      await pause(Math.max(0, start + (number / rate) * 1_000 - performance.now()))
      await flush(Array.from({ length: batch }, () => tickOf(++last, bytes)))
    }
    return { last }
  }

  answerRequests(serverRequest, answer)
  const server = createServer(listener).listen(0, '127.0.0.1', () => {
    const address = server.address()
    if (address !== null && typeof address === 'object') say({ port: address.port, path })
  })
}
