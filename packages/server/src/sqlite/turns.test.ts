import { expect, test, vi } from 'vitest'
import { event } from '../backplane-conformance/harness.ts'
import { inDirectory } from '../testing/temporary-directory.ts'
import type { FromWorker, Question, WorkerSettings } from './protocol.ts'
import { Turns } from './turns.ts'

const limits = { retain: { events: 10, milliseconds: 10_000, bytes: 1e9 }, tails: 60_000, topics: 1_000, keys: 1_000 }

/** Runs turns in this thread, with what they post. */
async function withTurns(run: (turns: Turns, posted: FromWorker[], settled: () => Promise<void>) => Promise<void>): Promise<void> {
  await inDirectory(async (path) => {
    const settings: WorkerSettings = { path, limits, pollInterval: 1_000, lockTimeout: 1_000 }
    const posted: FromWorker[] = []
    let look = (): void => {}
    const turns = new Turns(settings, (message) => {
      posted.push(message)
      look()
    })
    const settled = (): Promise<void> =>
      new Promise((resolve) => {
        look = resolve
      })
    await run(turns, posted, settled)
    turns.close(0)
  })
}

function append(topic: string, data: string): Extract<Question, { kind: 'append' }> {
  const { retain: _, ...rest } = event(topic, data)
  return { kind: 'append', append: { ...rest, bounds: undefined, now: 0 } }
}

test('appends that come together are stored together, and told with their announcements in one message', async () => {
  await withTurns(async (turns, posted, settled) => {
    turns.ask(1, { kind: 'watch', names: ['a'] })
    await settled()
    for (const id of [2, 3, 4]) turns.ask(id, append(id === 3 ? 'b' : 'a', `${id}`))
    await settled()
    expect(posted).toHaveLength(2)
    expect(posted[1]?.replies.map(({ id, answer }) => [id, answer.kind])).toEqual([2, 3, 4].map((id) => [id, 'appended']))
    expect(posted[1]?.news.map((one) => (one === 'interrupted' ? one : one.entry.data))).toEqual(['2', '4'])
  })
})

test('one append that cannot be stored does not take those with it that can', async () => {
  await withTurns(async (turns, posted, settled) => {
    // As a caller in JavaScript may do it.
    const broken: Extract<Question, { kind: 'append' }> = JSON.parse(JSON.stringify(append('a', 'broken')).replace('"broken"', '7'))
    turns.ask(1, append('a', 'one'))
    turns.ask(2, broken)
    turns.ask(3, append('a', 'three'))
    await settled()
    expect(posted[0]?.replies.map(({ id, answer }) => [id, answer.kind])).toEqual([
      [1, 'appended'],
      [2, 'failed'],
      [3, 'appended'],
    ])
  })
})

test('a name that is unwatched before its watching was answered is not watched', async () => {
  await withTurns(async (turns, posted, settled) => {
    turns.ask(1, { kind: 'watch', names: ['a', 'b'] })
    turns.ask(0, { kind: 'unwatch', names: ['a'] })
    await settled()
    for (const [id, topic] of [
      [2, 'a'],
      [3, 'b'],
    ] as const)
      turns.ask(id, append(topic, topic))
    await settled()
    expect(posted[1]?.news.map((one) => (one === 'interrupted' ? one : one.entry.data))).toEqual(['b'])
  })
})

test('a sweep of very many topics goes on at once, and appends have their turns in between', async () => {
  await withTurns(async (turns, posted, settled) => {
    for (let topic = 0; topic < 1_000; topic++) turns.ask(topic + 1, append(`t/${topic}`, 'x'))
    await settled()
    // A delay between its portions would be one for every append, too.
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    try {
      posted.length = 0
      turns.ask(2_001, { kind: 'sweep', now: 1e9 })
      turns.ask(2_002, append('live', 'y'))
      while (!posted.some(({ replies }) => replies.some(({ id }) => id === 2_001))) await settled()
    } finally {
      vi.useRealTimers()
    }
    expect(posted.flatMap(({ replies }) => replies.map(({ id, answer }) => [id, answer.kind]))).toEqual([
      [2_002, 'appended'],
      [2_001, 'done'],
    ])
  })
})
