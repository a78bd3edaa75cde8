import { channel, defineContract } from '@sse/schema'
import { createHub, memoryBackplane } from '@sse/server'
import { nodeHandler } from '@sse/server/node'
import { tick } from '../tick.ts'
import type { BenchServer } from './server.ts'

/** A hub as the README shows it, with validation, history, ids and bounded outboxes. */
export function ours(): BenchServer {
  const contract = defineContract({ feed: channel('feeds/:feed', { tick }) })
  const hub = createHub({
    contract,
    backplane: memoryBackplane(),
    // All readers come at once, and there may be many.
    limits: { streams: Number.POSITIVE_INFINITY, connectsPerSecond: Number.POSITIVE_INFINITY },
  })
  const topic = contract.feed({ feed: 1 })
  return {
    path: `/?topic=${topic.name}`,
    listener: nodeHandler(hub, { authorize: ({ topics }) => ({ allow: topics }) }),
    flush: (events) => Promise.all(events.map((data) => hub.publish(topic, { type: 'tick', data }))),
  }
}
