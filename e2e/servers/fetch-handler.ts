// The Fetch entry's handlers, bundled alone and run by each runtime; it may import nothing of Node's.
import type { EventOf } from '@sse/schema'
import { createHub, fetchHandler, memoryBackplane, respond } from '@sse/server'
import { sequenceEvents } from './events.ts'
import { contract } from './hub-contract.ts'

let running = 0

function* numbers(from: number, to: number): Generator<EventOf<typeof sequenceEvents> & { id: string }> {
  running++
  try {
    for (let n = from + 1; n <= to; n++) yield { type: 'number', data: { n, at: new Date(n) }, id: String(n) }
  } finally {
    running--
  }
}

/** Made by the first request that needs it: some runtimes allow no timers before. */
let hub: ReturnType<typeof makeHub> | undefined

function makeHub() {
  const made = createHub({ contract, backplane: memoryBackplane() })
  const serve = fetchHandler(made, {
    retry: 100,
    authorize: ({ topics, subtrees }) => ({ allow: [...topics.filter(({ channel }) => channel !== 'secret'), ...subtrees] }),
  })
  return { ...made, serve }
}
