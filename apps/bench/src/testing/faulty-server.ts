import type { ServerResponse } from 'node:http'
import { serve } from '../serve.ts'
import type { Tick } from '../tick.ts'

/** What the server does to the events of each flush before it sends them; to one of its readers alone, for the others are well. */
const faults = new Map<string | undefined, (events: readonly Tick[]) => readonly Tick[]>([
  ['drops', (events) => events.slice(1)],
  ['reorders', (events) => events.toReversed()],
  ['repeats', (events) => events.flatMap((event) => [event, event])],
  ['alters', (events) => events.map((event) => ({ ...event, text: event.text.replace(/.$/, '!') }))],
])

const fault = faults.get(process.argv[2])
if (fault === undefined) throw new Error(`There is no fault ${process.argv[2]}`)

const responses: ServerResponse[] = []

serve({
  path: '/',
  listener: (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.flushHeaders()
    responses.push(response)
  },
  flush: (events) => {
    responses.forEach((response, index) => {
      const sent = index === 1 ? fault(events) : events
      response.write(sent.map((event) => `event: tick\ndata: ${JSON.stringify(event)}\n\n`).join(''))
    })
  },
})
