import { describe, expect, test } from 'vitest'
import { openStream } from './index.js'
import { turns } from './testing/deferred.js'
import { contract, until } from './testing/hub-session.js'
import { openHub } from './testing/open-hub.js'
import { ScriptedBackplane } from './testing/scripted-backplane.js'

// How a reader comes back, and what it is told of what it missed.

const order = contract.order({ orderId: '42' })

describe('a reader that comes back', () => {
  test('goes on after its last event, without loss or doubling', async () => {
    await using session = openHub()
    const first = await session.live([order])
    await session.change('42', 1, 2)
    await first.reading.take(2)
    const lastEventId = first.reading.cursor
    first.reading.leave()
    await session.change('42', 3, 4)
    const second = await session.live([order], { lastEventId })
    await session.change('42', 5)
    await second.reading.take(3)
    expect(second.summary()).toBe('3 4 live@4 5')
    expect(second.reading.controls.find(({ type }) => type === 'sse.live')).toMatchObject({ resumed: true, topics: ['orders/42'] })
  })

  test('goes on where the application says instead', async () => {
    await using session = openHub()
    const cursor = await session.change('42', 1)
    const last = await session.change('42', 2, 3)
    const [now, few, after] = [
      await session.live([order], { lastEventId: cursor, from: 'now' }),
      await session.live([order], { lastEventId: cursor, from: { last: 1 } }),
      await session.live([order], { lastEventId: last, from: cursor }),
    ]
    expect([now.summary(), few.summary(), after.summary()]).toEqual(['live@3', '3 live@3', '2 3 live@3'])
  })

  test('to quiet topics is told no gap, however long it was away', async () => {
    await using session = openHub({ memory: { retain: { events: 1 } } })
    const cursor = await session.change('42', 1)
    await session.change('other', ...Array.from({ length: 50 }, (_, n) => n))
    const { summary } = await session.live([order, contract.log({ job: 'never' })], { from: cursor })
    expect(summary()).toBe('live@51')
  })

  test.each<[string, (cursor: string) => string, string]>([
    ['is none of ours', () => 'somebody-elses', 'gap:reset:orders/42 live@2'],
    ['is of another history', () => '1.abc.1', 'gap:reset:orders/42 live@2'],
    ['is in the future', (cursor) => cursor.replace(/1$/, '999'), 'gap:reset:orders/42 live@2'],
    ['is good', (cursor) => cursor, '2 live@2'],
  ])('D56 with a cursor that %s', async (_, cursorOf, expected) => {
    await using session = openHub()
    const cursor = await session.change('42', 1)
    await session.change('42', 2)
    expect((await session.live([order], { lastEventId: cursorOf(cursor) })).summary()).toBe(expected)
  })

  test('F9 after longer than what is retained is told a gap, and gets what is left', async () => {
    await using session = openHub({ memory: { retain: { events: 2 } } })
    const cursor = await session.change('42', 1)
    await session.change('42', 2, 3, 4)
    expect((await session.live([order], { from: cursor })).summary()).toBe('gap:trimmed:orders/42 3 4 live@4')
  })

  test('F9 after all of it has expired is told a gap, also where nothing is left', async () => {
    let now = 0
    await using session = openHub({ memory: { retain: { seconds: 1 }, now: () => now } })
    const cursor = await session.change('42', 1)
    await session.change('42', 2)
    now = 5_000
    expect((await session.live([order], { from: cursor })).summary()).toBe('gap:trimmed:orders/42 live@2')
  })

  test('sees nothing from before the time that is set, and is told a gap', async () => {
    let now = 1_000
    await using session = openHub({ memory: { now: () => now } })
    const cursor = await session.change('42', 1)
    await session.change('42', 2)
    now = 2_000
    await session.change('42', 3)
    expect((await session.live([order], { from: cursor, notBefore: new Date(2_000) })).summary()).toBe('gap:trimmed:orders/42 3 live@3')
  })

  test('with the cursor that a heartbeat has given does not read what it need not', async () => {
    const backplane = new ScriptedBackplane()
    await using session = openHub({ backplane, verifyInterval: 1 })
    const { reading } = await session.live([order], { stream: { heartbeat: 2 } })
    await session.change('other', 1, 2, 3)
    const { id } = await reading.until(({ id: at, data }) => data === undefined && at?.endsWith('.3') === true)
    backplane.calls.length = 0
    const { summary } = await session.live([order], { lastEventId: id })
    expect([summary(), backplane.calls.some(({ method }) => method === 'read')]).toEqual(['live@3', false])
  })
})

describe('cursor, then snapshot, then subscribe', () => {
  // Where an event may be published in between: the snapshot is what was there when the state was read.
  const steps = ['before', 'cursor', 'snapshot', 'subscribed', 'live'] as const

  test.each(steps)('is without a hole, and without doubling, where an event is published after the step "%s"', async (published) => {
    await using session = openHub()
    const database: number[] = []
    const write = async (n: number): Promise<void> => {
      database.push(n)
      await session.change('42', n)
    }
    await write(1)
    const step = async (name: (typeof steps)[number]): Promise<void> => {
      if (name === published) await write(2)
    }
    await step('before')
    const cursor = await session.hub.cursor([order])
    await step('cursor')
    const snapshot = [...database]
    await step('snapshot')
    const { reading } = await session.read([order], { from: cursor })
    await step('subscribed')
    await reading.live()
    await step('live')
    await write(3)
    await reading.until(({ data }) => data === '{"n":3}')
    const numbers = reading.events.map(({ data }) => Number(/\d+/.exec(data)?.[0]))
    expect(new Set([...snapshot, ...numbers])).toEqual(new Set([1, 2, 3]))
    // What the snapshot has, too, comes at most once more: state and event are written in two steps.
    expect(numbers).toEqual([...new Set(numbers)].sort((one, another) => one - another))
  })

  test('F12 is without a hole in every interleaving of the join with a publisher', async () => {
    for (let delay = 0; delay < 25; delay++) {
      await using session = openHub()
      const cursor = await session.hub.cursor([order])
      const opening = session.read([order], { from: cursor })
      // So many steps of the join, then some publishes at once and some one after the other.
      for (let step = 0; step < delay; step++) await Promise.resolve()
      await Promise.all([1, 2, 3].map((n) => session.change('42', n)))
      await session.change('42', 4, 5)
      const { reading } = await opening
      await reading.take(5)
      await reading.live()
      expect(reading.events.map(({ data }) => data)).toEqual([1, 2, 3, 4, 5].map((n) => `{"n":${n}}`))
    }
  })
})

describe('an end', () => {
  test('R7: of the last topic ends the stream for good, and who comes back all the same is answered 204', async () => {
    await using session = openHub()
    const { reading, subscribed } = await session.live([order])
    await session.change('42', 1)
    await session.hub.end(order, { reason: 'paid' })
    await reading.all()
    await subscribed
    const ends = reading.controls.filter(({ type }) => type === 'sse.end')
    expect(ends).toMatchObject([{ topics: ['orders/42'], reason: 'paid' }, { reason: 'ended' }])
    const lastEventId = reading.messages.at(-1)?.id ?? ''
    const { response } = openStream(new Request('http://sse.test/', { headers: { 'last-event-id': lastEventId } }))
    expect([lastEventId, response.status]).toEqual(['sse.end', 204])
  })

  test('R7: that a reader missed is replayed to it, at its place', async () => {
    await using session = openHub()
    const cursor = await session.change('42', 1)
    await session.change('42', 2)
    await session.hub.end(order)
    const { reading, summary } = await session.read([order], { from: cursor })
    await reading.all()
    expect(summary()).toBe('2 end live@3 end')
  })

  test('of one topic leaves the others alone', async () => {
    await using session = openHub()
    const { reading, summary } = await session.live([order, contract.order({ orderId: '43' })])
    await session.hub.end(order)
    await session.change('43', 1)
    await reading.take(1)
    expect(summary()).toBe('live@0 end 1')
  })
})

describe('a reader that leaves during its replay', () => {
  test('leaves nothing behind: no watch, no stream, no reading', async () => {
    const backplane = new ScriptedBackplane()
    await using session = openHub({ backplane })
    const cursor = await session.hub.cursor([])
    await session.change('42', ...Array.from({ length: 900 }, (_, n) => n))
    const { reading, subscribed } = await session.read([order], { from: cursor })
    await reading.take(10)
    expect(backplane.watched).toEqual(['orders/42'])
    reading.leave()
    await subscribed
    const reads = backplane.calls.length
    await turns(5)
    expect([backplane.watched, session.hub.stats().streams, session.hub.stats().topics]).toEqual([[], 0, 0])
    expect(backplane.calls.length).toBe(reads)
  })

  test('before it is acknowledged, too', async () => {
    const backplane = new ScriptedBackplane()
    await using session = openHub({ backplane })
    const { reached, release } = backplane.hold('watch')
    const { reading, subscribed } = await session.read([order])
    await reached
    reading.leave()
    await until(() => session.hub.stats().streams === 0)
    release()
    await subscribed
    expect([backplane.watched, session.hub.stats().topics]).toEqual([[], 0])
  })
})
