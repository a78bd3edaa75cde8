import { createChannel, createSession } from 'better-sse'
import type { BenchServer } from './server.ts'

/** As its guide to channels shows it. */
export function betterSse(): BenchServer {
  const channel = createChannel()
  return {
    path: '/',
    listener: async (request, response) => {
      channel.register(await createSession(request, response))
    },
    flush: (events) => {
      for (const event of events) channel.broadcast(event, 'tick')
    },
  }
}
