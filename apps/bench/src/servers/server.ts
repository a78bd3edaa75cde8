import type { RequestListener } from 'node:http'
import type { Tick } from '../tick.ts'

/** What is measured: it answers requests with streams, and sends events to all of them. */
export interface BenchServer {
  /** What readers ask for. */
  readonly path: string
  readonly listener: RequestListener
  /** Sends these events to every stream, within one turn of the event loop. */
  flush(events: readonly Tick[]): void | Promise<unknown>
}
