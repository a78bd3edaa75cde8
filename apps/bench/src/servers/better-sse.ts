import { createChannel, createSession } from 'better-sse'
import { serve } from '../serve.ts'

/** As its guide "Broadcasting with channels" shows it. */
const channel = createChannel()

serve({
  path: '/',
  listener: async (request, response) => {
    channel.register(await createSession(request, response))
  },
  flush: (events) => {
    for (const event of events) channel.broadcast(event, 'tick')
  },
})
