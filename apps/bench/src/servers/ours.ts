import { channel, defineContract } from '@sse/schema'
import { createHub, memoryBackplane } from '@sse/server'
import { nodeHandler } from '@sse/server/node'
import { serve } from '../serve.ts'
import { tick } from '../tick.ts'

/** The hub as its guide shows it, with all that it does by default: validation, history, positions, bounded outboxes. */
const contract = defineContract({ feed: channel('feeds/:feed', { tick }) })
const hub = createHub({
  contract,
  backplane: memoryBackplane(),
  // All readers come at once, and they may be more than a node takes by default.
  limits: { streams: Number.POSITIVE_INFINITY, connectsPerSecond: Number.POSITIVE_INFINITY },
})
const topic = contract.feed({ feed: 1 })

serve({
  path: `/?topic=${topic.name}`,
  listener: nodeHandler(hub, { authorize: ({ topics }) => ({ allow: topics }) }),
  flush: (events) => Promise.all(events.map((data) => hub.publish(topic, { type: 'tick', data }))),
})
