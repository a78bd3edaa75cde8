import type { ServerResponse } from 'node:http'
import { serve } from '../serve.ts'

/** What one writes by hand: each event is made into text once, and written to every response. It bounds and checks nothing. */
const responses = new Set<ServerResponse>()

serve({
  path: '/',
  listener: (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    response.flushHeaders()
    responses.add(response)
    response.on('close', () => responses.delete(response))
  },
  flush: (events) => {
    for (const event of events) {
      const text = `event: tick\ndata: ${JSON.stringify(event)}\nid: ${event.n}\n\n`
      for (const response of responses) response.write(text)
    }
  },
})
