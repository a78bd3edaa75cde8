import { createChannel, createEventBuffer, createSession } from 'better-sse'
import { serve } from '../serve.ts'

/** As its guide "Batching with event buffers" shows it for a channel: one buffer, made once, for all sessions. */
const channel = createChannel()

serve({
  path: '/',
  listener: async (request, response) => {
    channel.register(await createSession(request, response))
  },
  flush: (events) => {
    const buffer = createEventBuffer()
    for (const event of events) buffer.push(event, 'tick')
    return Promise.all(channel.activeSessions.map((session) => session.batch(buffer)))
  },
})
