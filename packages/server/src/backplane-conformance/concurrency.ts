import type { Backplane, Entry } from '../backplane.js'
import { expectEqual, expectTrue } from './expect.js'
import { all, dataOf, end, event, type Setup, type Specification } from './harness.js'
import { record } from './recorder.js'

/** Many at once, on one node and on two. */
export const concurrency: readonly Specification[] = [
  {
    name: "another node's appends are announced and read, in one order with one's own",
    needs: 'shared',
    run: async ({ backplane, join }) => {
      const other = await join()
      const [one, two] = [record(backplane), record(other)]
      await Promise.all([one.link.watch(['a', 'all']), two.link.watch(['a', 'all'])])
      let last = 0
      for (let round = 0; round < 10; round++) {
        const appends = [
          backplane.append(event('a', `${round} here`)),
          other.append(event('a', `${round} there`)),
          other.append(event('unwatched', `${round}`)),
          other.append(event('b', `${round} below`, { subtree: 'all' })),
        ]
        for (const { position } of await Promise.all(appends.filter((_, index) => index !== 2))) last = Math.max(last, position)
        await appends[2]
      }
      await Promise.all([one.until(last), two.until(last)])
      expectEqual([one.entries.length, one.interruptions()], [30, 0], 'announcements and interruptions')
      expectEqual(one.entries, two.entries, 'announcements on both')
      expectGrowing(one.entries)
      expectEqual(await all(backplane, 'a'), await all(other, 'a'), 'entries on both')
    },
  },
  {
    name: 'on another node, too, everything that is appended after watch has resolved is announced',
    needs: 'shared',
    run: async ({ backplane, join }) => {
      const other = await join()
      for (let round = 0; round < 10; round++) {
        const recorder = record(other)
        await recorder.link.watch([`round/${round}`])
        const { position } = await backplane.append(event(`round/${round}`))
        await recorder.until(position)
        await recorder.link.close()
      }
    },
  },
  {
    name: 'what one node does not retain is announced on the other all the same',
    needs: 'shared',
    run: async ({ backplane, join }) => {
      const recorder = record(await join())
      await recorder.link.watch(['a'])
      let last = 0
      for (let count = 0; count < 20; count++) last = (await backplane.append(event('a', `${count}`, { retain: { events: 0 } }))).position
      await recorder.until(last)
      expectEqual([recorder.entries.length, recorder.interruptions()], [20, 0], 'announcements and interruptions')
    },
  },
  {
    name: 'another node knows the end of a topic',
    needs: 'shared',
    run: async ({ backplane, join }) => {
      const other = await join()
      const { position } = await backplane.append(end('a'))
      const again = await other.append(end('a'))
      expectEqual([again.position, again.duplicate], [position, true], 'the second end')
    },
  },
  {
    name: '50 appends at once have 50 growing positions and whole chains',
    run: async ({ backplane }) => {
      await expectChains([backplane])
    },
  },
  {
    name: '50 appends at once from two nodes have 50 positions and whole chains',
    needs: 'shared',
    run: async ({ backplane, join }) => {
      await expectChains([backplane, await join()])
    },
  },
  ...([1, 2, 3, 4, 5, 6].map((seed) => ({
    name: `whatever happens in whatever order, the history is what a simple model says (seed ${seed})`,
    options: { retain: { events: 4, seconds: 60 }, rememberTopics: 120, rememberKeys: 30 },
    run: (setup) => interleave(setup, seed),
  })) satisfies readonly Specification[]),
]

async function expectChains(nodes: readonly Backplane[]): Promise<void> {
  const topics = ['a', 'b', 'c']
  const appended = await Promise.all(
    Array.from({ length: 50 }, (_, number) =>
      nodes[number % nodes.length]?.append(event(topics[number % topics.length] ?? '', `${number}`)),
    ),
  )
  const positions = new Set(appended.map((one) => one?.position))
  expectEqual(positions.size, 50, 'different positions')
  const merged: Entry[] = []
  for (const topic of topics) {
    const entries = nodes[0] === undefined ? [] : await all(nodes[0], topic)
    entries.forEach((entry, index) => {
      expectEqual(entry.previous, entries[index - 1]?.position ?? 0, `the link of ${entry.position}`)
    })
    merged.push(...entries)
  }
  expectEqual(merged.filter(({ position }) => positions.has(position)).length, 50, 'entries with the positions that were told')
}

/** What a topic should be. */
interface Model {
  entries: { readonly position: number; readonly data: string; readonly time: number }[]
  tail: number
  ended: boolean
  touched: number
}

/** One after the other, so that the model knows the order; those of one round at once. */
async function interleave({ backplane, clock }: Setup, seed: number): Promise<void> {
  const random = randomOf(seed)
  const models = new Map<string, Model>()
  const keys = new Map<string, { readonly position: number; readonly time: number }>()
  let [position, floor] = [0, 0]
  for (let step = 0; step < 80; step++) {
    const topic = `t${random(4)}`
    const what = random(20)
    if (what < 14) {
      const key = random(3) === 0 ? `k${random(3)}` : undefined
      const kind = random(12) === 0 ? 'end' : 'event'
      const model = models.get(topic)
      const known = key === undefined ? undefined : keys.get(`${topic} ${key}`)
      const isKnown = known !== undefined && known.time > clock.now - 30_000
      const append = { ...event(topic, `${step}`), kind, key } as const
      if (!isKnown && model?.ended === true && kind === 'event') {
        const refused = await backplane.append(append).then(
          () => false,
          () => true,
        )
        expectTrue(refused, `step ${step}: an event after the end is refused`)
        continue
      }
      const appended = await backplane.append(append)
      const expected = isKnown ? known.position : model?.ended === true ? model.tail : undefined
      expectEqual(appended.duplicate, expected !== undefined, `step ${step}: a duplicate`)
      if (expected !== undefined) expectEqual(appended.position, expected, `step ${step}: where the first one is`)
      else {
        expectTrue(appended.position > position, `step ${step}: ${appended.position} is above ${position}`)
        position = appended.position
        if (key !== undefined) keys.set(`${topic} ${key}`, { position, time: clock.now })
        const entries = [...(model?.entries ?? []), { position, data: `${step}`, time: clock.now }].slice(-4)
        models.set(topic, { entries, tail: position, ended: kind === 'end', touched: clock.now })
      }
    } else if (what < 18) clock.now += random(15_000)
    else {
      await backplane.sweep()
      for (const [name, { entries, ended, tail, touched }] of models) {
        const isExpired = ended ? entries.slice(0, -1) : entries
        if (isExpired.some(({ time }) => time > clock.now - 60_000) || touched > clock.now - 120_000) continue
        models.delete(name)
        floor = Math.max(floor, tail)
      }
    }
    const names = ['t0', 't1', 't2', 't3']
    const state = await backplane.state(names, 0)
    expectEqual([state.position, state.floor], [position, floor], `step ${step}: position and floor`)
    for (const name of names) {
      const model = models.get(name)
      const tail = state.tails.find((one) => one.topic === name)
      expectEqual([tail?.position, tail?.ended], [model?.tail, model?.ended], `step ${step}: the tail of ${name}`)
      const kept = (model?.entries ?? []).filter(
        (entry) => entry.time > clock.now - 60_000 || (model?.ended && entry.position === model.tail),
      )
      const entries = await all(backplane, name)
      expectEqual(dataOf(entries), dataOf(kept), `step ${step}: what is kept of ${name}`)
      const missing = await backplane.read(name, { after: kept[0]?.position ?? 0, upTo: position, limit: 2 })
      expectEqual(dataOf(missing), dataOf(kept.slice(kept.length > 0 ? 1 : 0, 3)), `step ${step}: a page of ${name}`)
    }
  }
}

function expectGrowing(entries: readonly Entry[]): void {
  entries.forEach(({ position }, index) => {
    expectTrue(position > (entries[index - 1]?.position ?? 0), `${position} is above the one announced before it`)
  })
}

/** Mulberry32: numbers below a bound, the same on every machine. */
function randomOf(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}
