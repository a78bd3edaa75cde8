import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Backplane, Entry } from './backplane.js'
import { History } from './history.js'
import { type ReplayTopic, type Round, replay } from './replay.js'
import { isPending, turns } from './testing/deferred.js'
import { appendAll, change } from './testing/hub-session.js'
import { ScriptedBackplane } from './testing/scripted-backplane.js'

type Read = Backplane['read']

function readerOf(backplane: Backplane): Read {
  return (topic, range) => backplane.read(topic, range)
}

const whole = (topic: string, tail: number): ReplayTopic => ({ topic, tail, after: 0, from: 0 })

async function roundsOf(read: Read, topics: readonly ReplayTopic[], upTo: number): Promise<Round[]> {
  const rounds: Round[] = []
  for await (const round of replay(read, topics, upTo)) rounds.push(round)
  return rounds
}

const positionsOf = (rounds: readonly Round[]): number[] => rounds.flatMap(({ entries }) => entries.map(({ position }) => position))
const lostOf = (rounds: readonly Round[]): string[] => rounds.flatMap(({ lost }) => lost)

async function published(topics: readonly string[], retain = Number.POSITIVE_INFINITY): Promise<ScriptedBackplane> {
  const backplane = new ScriptedBackplane({ retain: { events: retain, milliseconds: 1_000, bytes: Number.POSITIVE_INFINITY } })
  await appendAll(backplane, topics)
  return backplane
}

test('R1: what is gone of a topic is told before any entry takes the reader past it, not before what is left of that topic', async () => {
  const backplane = new ScriptedBackplane()
  const retain = { events: 1 }
  await backplane.append(change('a', 1, { retain }))
  await appendAll(
    backplane,
    Array.from({ length: 600 }, () => 'b'),
  )
  await backplane.append(change('a', 2, { retain }))
  const [first, ...rest] = await roundsOf(readerOf(backplane), [whole('a', 602), whole('b', 601)], 602)
  expect([first?.lost, first?.entries.some(({ topic }) => topic === 'a')]).toEqual([['a'], false])
  expect([lostOf(rest), positionsOf(rest).at(-1)]).toEqual([[], 602])
})

describe('order', () => {
  test('R1: what several topics have is merged by position', async () => {
    const backplane = await published(['a', 'b', 'b', 'c', 'a', 'c', 'b'])
    const rounds = await roundsOf(readerOf(backplane), [whole('c', 6), whole('a', 5), whole('b', 7)], 7)
    expect([positionsOf(rounds), lostOf(rounds)]).toEqual([[1, 2, 3, 4, 5, 6, 7], []])
  })

  test('R1: many topics of different lengths, in pages of a few, come in the one order', async () => {
    const names = Array.from({ length: 100 }, (_, index) => `t/${index}`)
    // The first has most, so that its pages end before those of others do.
    const topics = Array.from({ length: 3_000 }, (_, n) => names[n % 3 === 0 ? 0 : (n * 7) % 100] ?? 't/0')
    const backplane = await published(topics)
    const { tails } = await backplane.state(names, 0)
    const rounds = await roundsOf(
      readerOf(backplane),
      tails.map(({ topic, position }) => whole(topic, position)),
      3_000,
    )
    expect(rounds.length).toBeGreaterThan(10)
    expect(positionsOf(rounds)).toEqual(Array.from({ length: 3_000 }, (_, n) => n + 1))
    expect(lostOf(rounds)).toEqual([])
  })

  test('nothing above the upper end is given, though it is there', async () => {
    const backplane = await published(['a', 'b', 'a', 'b'])
    expect(positionsOf(await roundsOf(readerOf(backplane), [whole('a', 1), whole('b', 2)], 2))).toEqual([1, 2])
  })

  test('each topic begins after what its reader has', async () => {
    const backplane = await published(['a', 'b', 'a', 'b', 'a', 'b'])
    const topics = [
      { topic: 'a', tail: 5, after: 3, from: 3 },
      { topic: 'b', tail: 6, after: 2, from: 2 },
    ]
    const rounds = await roundsOf(readerOf(backplane), topics, 6)
    expect([positionsOf(rounds), lostOf(rounds)]).toEqual([[4, 5, 6], []])
  })

  test('where there is nothing to replay, nothing is read', async () => {
    const backplane = await published(['a'])
    expect(await roundsOf(readerOf(backplane), [], 1)).toEqual([])
    expect(backplane.calls.filter(({ method }) => method === 'read')).toEqual([])
  })
})

describe('what is kept no longer', () => {
  test('R1: a first link that does not reach back to what the reader has is told with the first entries', async () => {
    const backplane = await published(['a', 'a', 'a', 'b', 'a', 'a'], 2)
    const rounds = await roundsOf(readerOf(backplane), [{ topic: 'a', tail: 6, after: 1, from: 1 }, whole('b', 4)], 6)
    expect(rounds).toEqual([{ lost: ['a'], entries: [4, 5, 6].map((position) => expect.objectContaining({ position })) }])
  })

  test('a topic that begins where it was trimmed has lost nothing', async () => {
    const backplane = await published(['a', 'a', 'a', 'a'], 2)
    expect(lostOf(await roundsOf(readerOf(backplane), [{ topic: 'a', tail: 4, after: 2, from: 2 }], 4))).toEqual([])
  })

  test('what is trimmed while the replay goes on is told where it would have stood', async () => {
    const backplane = await published(
      Array.from({ length: 600 }, () => 'a'),
      600,
    )
    const rounds: Round[] = []
    for await (const round of replay(readerOf(backplane), [whole('a', 600)], 600)) {
      rounds.push(round)
      // Each one that comes takes the oldest with it.
      if (rounds.length === 1)
        await appendAll(
          backplane,
          Array.from({ length: 300 }, () => 'a'),
        )
    }
    expect(rounds.map(({ lost }) => lost)).toEqual([[], ['a'], []].slice(0, rounds.length))
    expect(positionsOf(rounds)).toEqual([
      ...Array.from({ length: 256 }, (_, n) => n + 1),
      ...Array.from({ length: 300 }, (_, n) => n + 301),
    ])
  })

  test('a topic that has expired up to its end is told, without an entry', async () => {
    const backplane = await published(['a', 'a'])
    backplane.now += 5_000
    expect(await roundsOf(readerOf(backplane), [whole('a', 2)], 2)).toEqual([{ lost: ['a'], entries: [] }])
  })

  test('a topic that expires while the replay goes on is told, and the others go on', async () => {
    const backplane = await published([...Array.from({ length: 200 }, () => 'a'), ...Array.from({ length: 200 }, () => 'b')])
    const rounds: Round[] = []
    for await (const round of replay(readerOf(backplane), [whole('a', 200), whole('b', 400)], 400)) {
      rounds.push(round)
      backplane.now += 5_000
      await backplane.append(change('b', 0))
    }
    expect(new Set(lostOf(rounds))).toEqual(new Set(['a', 'b']))
    // What was read already is given all the same.
    expect(positionsOf(rounds)).toEqual([
      ...Array.from({ length: 128 }, (_, n) => n + 1),
      ...Array.from({ length: 128 }, (_, n) => n + 201),
    ])
  })

  test('what is not to be shown is not read, and what was before it is told as lost where the reader had not all of it', async () => {
    const backplane = await published(['a', 'a', 'a', 'a'])
    const rounds = await roundsOf(readerOf(backplane), [{ topic: 'a', tail: 4, after: 1, from: 3 }], 4)
    expect([positionsOf(rounds), lostOf(rounds)]).toEqual([[4], ['a']])
    const fresh = await roundsOf(readerOf(backplane), [{ topic: 'a', tail: 4, after: 3, from: 3 }], 4)
    expect([positionsOf(fresh), lostOf(fresh)]).toEqual([[4], []])
  })
})

describe('pace', () => {
  test('a part is read only when it is asked for', async () => {
    const backplane = await published(Array.from({ length: 1_000 }, () => 'a'))
    const reads = (): number => backplane.calls.filter(({ method }) => method === 'read').length
    const rounds = replay(readerOf(backplane), [whole('a', 1_000)], 1_000)
    expect(reads()).toBe(0)
    await rounds.next()
    await turns(5)
    expect(reads()).toBe(1)
    await rounds.next()
    expect(reads()).toBe(2)
    await rounds.return(undefined)
    expect(reads()).toBe(2)
  })

  test('the topics of one part are read side by side', async () => {
    const backplane = await published(['a', 'b', 'c'])
    const { reached, release } = backplane.hold('read')
    const rounds = roundsOf(readerOf(backplane), [whole('a', 1), whole('b', 2), whole('c', 3)], 3)
    await reached
    expect(await isPending(rounds, 3)).toBe(true)
    expect(backplane.calls.filter(({ method }) => method === 'read')).toHaveLength(3)
    release()
    expect(positionsOf(await rounds)).toEqual([1, 2, 3])
  })

  test('what the backplane fails with comes out of it', async () => {
    const backplane = await published(['a'])
    backplane.failNext('read', new Error('no'))
    await expect(roundsOf(readerOf(backplane), [whole('a', 1)], 1)).rejects.toThrow('no')
  })
})

test('property: every entry that is kept comes once and in order, and lost are those topics of which some are not', async () => {
  const names = ['a', 'b', 'c']
  const arbitrary = fc.record({
    topics: fc.array(fc.constantFrom(...names), { maxLength: 400 }),
    after: fc.tuple(fc.nat(400), fc.nat(400), fc.nat(400)),
    upTo: fc.nat(400),
    retain: fc.integer({ min: 0, max: 300 }),
  })
  await fc.assert(
    fc.asyncProperty(arbitrary, async ({ topics, after, upTo, retain }) => {
      const infinite = Number.POSITIVE_INFINITY
      const history = new History({ retain: { events: retain, milliseconds: infinite, bytes: infinite }, tails: 0, topics: 9, keys: 0 })
      const entries = topics.flatMap((topic): Entry[] => {
        const { entry } = history.append(change(topic, 0), 0)
        return entry === undefined ? [] : [entry]
      })
      const asked = names.flatMap((topic, index): ReplayTopic[] => {
        const tail = entries.filter((entry) => entry.topic === topic && entry.position <= upTo).at(-1)?.position ?? 0
        const begin = after[index] ?? 0
        return tail > begin ? [{ topic, tail, after: begin, from: begin }] : []
      })
      const wanted = entries.filter(
        ({ topic, position }) => position <= upTo && asked.some((one) => one.topic === topic && position > one.after),
      )
      const kept = wanted.filter(
        ({ topic, position }) => entries.filter((entry) => entry.topic === topic && entry.position >= position).length <= retain,
      )
      const rounds = await roundsOf(async (topic, range) => history.read(topic, range, 0), asked, upTo)
      expect(positionsOf(rounds)).toEqual(kept.map(({ position }) => position))
      const missing = wanted.filter((entry) => !kept.includes(entry)).map(({ topic }) => topic)
      expect(new Set(lostOf(rounds))).toEqual(new Set(missing))
    }),
  )
})
