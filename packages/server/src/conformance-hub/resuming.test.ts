import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { memoryBackplane } from '../index.js'
import { contract, hubAdapters, hubOverFetch, serveHub } from '../testing/hub.js'
import { cursorIn, eventsIn, type Reading, readWire } from '../testing/reading.js'
import { rejection } from '../testing/session.js'

// For every topic, what a reader gets is what was published, or a gap covers what is missing: whatever breaks, wherever.

const order = contract.order({ orderId: 42 })
const numbersOf = (reading: Reading): number[] => reading.events.map(({ data }) => JSON.parse(data).n)
const upTo = (count: number, from = 1): number[] => Array.from({ length: count }, (_, index) => index + from)

describe.each(hubAdapters)('$name', (adapter) => {
  test('F2 an answer that is lost after the commit: published again with the same key it is one event', async () => {
    const backplane = memoryBackplane()
    let lost = 0
    const append: typeof backplane.append = async (entry) => {
      const appended = await backplane.append(entry)
      if (lost++ % 2 === 0) throw new Error('the connection broke')
      return appended
    }
    await using server = await serveHub(adapter, { hub: { backplane: { ...backplane, append } } })
    const reading = await server.get(['orders/42'])
    await reading.live()
    for (const n of upTo(3)) {
      const publish = () => server.hub.publish(order, { type: 'created', data: { n } }, { key: `request ${n}` })
      expect(await rejection(publish())).toMatchObject({ message: 'the connection broke' })
      expect(await publish()).toMatchObject({ duplicate: true })
    }
    await reading.take(3)
    const later = await server.get(['orders/42@last:10'])
    await later.live()
    expect([numbersOf(reading), numbersOf(later)]).toEqual([upTo(3), upTo(3)])
    // Each was stored by the attempt whose answer was lost.
    expect(server.hub.stats().published).toBe(0)
  })

  test('F9 a reader that is away for longer than events are retained is told a gap, and then gets what there is', async () => {
    await using server = await serveHub(adapter, { hub: { backplane: memoryBackplane({ retain: { events: 10 } }) } })
    const cursor = await server.order(42, 1)
    await server.order(7, 1)
    for (const n of upTo(29, 2)) await server.order(42, n)
    const reading = await server.get(['orders/42', 'orders/7'], { headers: { 'last-event-id': cursor } })
    await reading.live()
    const [, gap, live] = reading.controls
    expect([gap, live?.type]).toEqual([expect.objectContaining({ type: 'sse.gap', topics: ['orders/42'], reason: 'trimmed' }), 'sse.live'])
    expect(numbersOf(reading)).toEqual([1, ...upTo(10, 21)])
    // The gap comes before what follows it, so that the state is fetched first.
    const trimmed = reading.messages.findIndex(({ event }) => event === 'sse.gap')
    expect(trimmed).toBeLessThan(reading.messages.findIndex(({ event }) => event === 'orders/42#created'))
    expect(server.hub.stats().gaps.trimmed).toBe(1)
  })

  test('F9 a topic that is gone altogether is told as a gap to who was there before, and to nobody else', async () => {
    let now = 1_000_000
    const backplane = memoryBackplane({ retain: { seconds: 60 }, rememberTopics: 60, now: () => now })
    await using server = await serveHub(adapter, { hub: { backplane } })
    const before = await server.order(42, 1)
    await server.order(42, 2)
    now += 3_600_000
    await backplane.sweep()
    const after = await server.order(7, 1)
    const [missed, quiet] = [
      await server.get(['orders/42'], { query: { lastEventId: before } }),
      await server.get(['orders/42'], { query: { lastEventId: after } }),
    ]
    await Promise.all([missed.live(), quiet.live()])
    expect(missed.controls.map(({ type }) => type)).toEqual(['sse.ready', 'sse.gap', 'sse.live'])
    expect(quiet.controls.map(({ type }) => type)).toEqual(['sse.ready', 'sse.live'])
  })

  test('F1 E64 a history that began anew: a gap, and then live, in one write', async () => {
    await using old = await serveHub(adapter)
    const cursor = await old.order(42, 1)
    await using server = await serveHub(adapter)
    await server.order(42, 2)
    const reading = await server.get(['orders/42'], { headers: { 'last-event-id': cursor } })
    await reading.live()
    expect(reading.controls.map(({ type }) => type)).toEqual(['sse.ready', 'sse.gap', 'sse.live'])
    expect(reading.incoming.chunks.filter((chunk) => chunk.includes('sse.gap') && chunk.includes('sse.live'))).toHaveLength(1)
    await server.order(42, 3)
    await reading.take(1)
    expect(numbersOf(reading)).toEqual([3])
  })
})

test('F4 a stream that is cut at any byte is resumed there: every event once, in order', async () => {
  await using server = await serveHub(hubOverFetch, { hub: { limits: { connectsPerSecond: Number.POSITIVE_INFINITY } } })
  const first = (await server.order(42, 0)).replace(/\d+$/, '0')
  for (const n of upTo(3)) {
    await server.hub.publish(order, { type: 'note', data: { text: `${n} €豆腐🥢` } })
    await server.hub.publish(contract.log({ name: 'app' }), { type: 'line', data: `${n}\r\ntwo\rthree\n` })
  }
  await server.hub.end(contract.log({ name: 'app' }))
  await server.order(42, 4)
  const topics = ['orders/42', 'logs/app']
  const inBrief = (all: ReturnType<typeof eventsIn>): string[] => all.map(({ topic, type, data }) => `${topic} ${type} ${data}`)
  const whole = await server.get(topics, { query: { lastEventId: first } })
  await whole.live()
  whole.leave()
  const expected = inBrief(whole.events)
  expect(expected).toHaveLength(8)
  const bytes = new TextEncoder().encode(whole.incoming.chunks.join(''))
  for (let cut = 0; cut <= bytes.length; cut++) {
    const messages = readWire(bytes.subarray(0, cut))
    const cursor = cursorIn(messages)
    const rest = await server.get(
      topics,
      cursor === undefined ? { query: { lastEventId: first } } : { headers: { 'last-event-id': cursor } },
    )
    await rest.live()
    rest.leave()
    expect({ cut, events: [...inBrief(eventsIn(messages)), ...inBrief(rest.events)] }).toEqual({ cut, events: expected })
  }
})

/** A publish, or a reader that leaves and comes back. */
type Step = 'publish' | 'publish elsewhere' | 'reconnect' | 'let something happen'

test('F12 property: published while readers come, catch up, leave and come back, every event arrives once and in order', async () => {
  const step = fc.constantFrom<Step>('publish', 'publish', 'publish elsewhere', 'reconnect', 'let something happen')
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.array(step, { maxLength: 20 }), fc.boolean(), async (scheduler, steps, bySubtree) => {
      const backplane = memoryBackplane()
      const later = <Arguments extends unknown[], Result>(
        call: (...all: Arguments) => Promise<Result>,
      ): ((...all: Arguments) => Promise<Result>) => scheduler.scheduleFunction(call)
      const link: typeof backplane.connect = (listener) => {
        const made = backplane.connect(listener)
        return { ...made, watch: later((names: readonly string[]) => made.watch(names)) }
      }
      const delayed = {
        ...backplane,
        connect: link,
        append: later(backplane.append),
        state: later(backplane.state),
        read: later(backplane.read),
      }
      await using server = await serveHub(hubOverFetch, { hub: { backplane: delayed } })
      const topics = bySubtree ? ['orders/*'] : ['orders/42', 'orders/7']
      const query = { lastEventId: '1.none.0' }
      const all: Reading[] = []
      let cursor: string | undefined
      const connect = async (): Promise<Reading> => {
        const reading = await server.get(topics, cursor === undefined ? { query } : { headers: { 'last-event-id': cursor } })
        all.push(reading)
        await reading.live()
        cursor = reading.cursor
        return reading
      }
      // The first must be live before anything is published: a new reader begins at now.
      let reading = await scheduler.waitFor(connect())
      let published = 0
      const publishing: Promise<unknown>[] = []
      for (const one of steps) {
        if (one === 'publish') publishing.push(server.order(42, ++published))
        else if (one === 'publish elsewhere') publishing.push(server.order(7, ++published))
        else if (one === 'let something happen') await scheduler.waitIdle()
        else {
          cursor = reading.cursor
          reading.leave()
          reading = await scheduler.waitFor(connect())
        }
      }
      await scheduler.waitFor(Promise.all(publishing))
      const had = (): number => new Set(all.flatMap(numbersOf)).size
      await scheduler.waitFor(
        (async () => {
          while (had() < published) await reading.take(reading.events.length + 1)
        })(),
      )
      // Neither lost, nor twice, nor out of order: ids never decrease.
      expect(all.flatMap(numbersOf).sort((one, other) => one - other)).toEqual(upTo(published))
      const positions = all.flatMap(({ events }) => events.map(({ id }) => Number(id?.split('.')[2]?.split('-')[0])))
      expect(positions).toEqual([...positions].sort((one, other) => one - other))
      expect([server.errors, server.hubErrors]).toEqual([[], []])
    }),
    { numRuns: 150 },
  )
})
