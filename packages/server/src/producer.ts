import type { EventStream } from './event-stream.js'
import type { Stream } from './stream.js'

/** What fills a stream. Its return ends the stream for good; what it throws is told. */
export type Producer<Payloads extends object> = (stream: Stream<Payloads>) => unknown

/** Runs a producer on its stream to the end. Never rejects: what a producer throws goes to `onError`. */
export async function produce<Payloads extends object>(stream: EventStream<Payloads>, producer: Producer<Payloads>): Promise<void> {
  if (stream.isOver) return
  try {
    await producer(stream)
    await stream.end()
  } catch (error) {
    await stream.fail(error)
  }
}
