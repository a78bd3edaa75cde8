// The Fetch entry's handler, bundled alone and run by each runtime; it may import nothing of Node's.
import type { EventOf } from '@sse/schema'
import { respond } from '@sse/server'
import { sequenceEvents } from './events.ts'

let running = 0

function* numbers(from: number, to: number): Generator<EventOf<typeof sequenceEvents> & { id: string }> {
  running++
  try {
    for (let n = from + 1; n <= to; n++) yield { type: 'number', data: { n, at: new Date(n) }, id: String(n) }
  } finally {
    running--
  }
}

export function handle(request: Request): Response {
  const url = new URL(request.url)
  if (url.pathname === '/running') return Response.json({ running })
  return respond(request, { events: sequenceEvents }, (stream) =>
    stream.sendAll(numbers(Number(stream.lastEventId ?? 0), Number(url.searchParams.get('to') ?? Number.POSITIVE_INFINITY))),
  )
}
