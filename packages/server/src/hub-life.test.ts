import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { AlreadyFedError, BackplaneClosedError, openStream } from './index.js'
import { isPending, turns } from './testing/deferred.js'
import { contract, openFakeStream, until } from './testing/hub-session.js'
import { openHub } from './testing/open-hub.js'
import { ScriptedBackplane } from './testing/scripted-backplane.js'

// What a hub does with its streams beside feeding them.

const order = contract.order({ orderId: '42' })
const other = contract.order({ orderId: '43' })
const inbox = contract.inbox({ userId: '1' })

describe('disconnect', () => {
  test('closes the streams of an identity, of a topic, or of both, and says how many', async () => {
    await using session = openHub()
    const open = async (identity: string, topic: typeof order) => session.live([topic], { identity })
    const [ann42, ann43, bob42] = [await open('ann', order), await open('ann', other), await open('bob', order)]
    expect(session.hub.disconnect({ identity: 'ann', topic: order })).toBe(1)
    await ann42.reading.all()
    expect(session.hub.disconnect({ topic: order })).toBe(1)
    await bob42.reading.all()
    expect(session.hub.disconnect({ identity: 'bob' })).toBe(0)
    expect(session.hub.disconnect({ identity: 'ann' })).toBe(1)
    await ann43.reading.all()
    await until(() => session.hub.stats().streams === 0)
  })

  test('tells the reader why, and that it may come back', async () => {
    await using session = openHub()
    const { reading, stream } = await session.live([order], { identity: 'ann' })
    session.hub.disconnect({ identity: 'ann' }, 'Your rights have changed.')
    await reading.all()
    expect(reading.controls.at(-1)).toMatchObject({
      type: 'sse.error',
      code: 'disconnected',
      message: 'Your rights have changed.',
      retry: true,
    })
    expect(await stream.closed).toEqual({ reason: 'disconnected', reconnect: true })
  })

  test('of a topic reaches those who read it through its subtree', async () => {
    await using session = openHub()
    await session.live([contract.order.all()])
    expect(session.hub.disconnect({ topic: order })).toBe(1)
  })

  test('of nobody in particular is rejected, for it would be everybody', async () => {
    await using session = openHub()
    await session.live([order])
    expect(() => session.hub.disconnect({})).toThrow(/^where names nobody: .*drain\(\)/)
    expect(session.hub.stats().streams).toBe(1)
  })
})

describe('track and drain', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test('D58 fed streams are let go over the window, each with a time to come back, and tracked ones at its end', async () => {
    await using session = openHub()
    const readers = [await session.live([order]), await session.live([order])]
    const { stream } = openFakeStream()
    session.hub.track(stream)
    expect(session.hub.stats()).toMatchObject({ streams: 3, draining: false })
    const drained = session.hub.drain({ within: 1_000 })
    await vi.advanceTimersByTimeAsync(0)
    await readers[0]?.reading.all()
    expect(readers[0]?.reading.messages.some(({ retry }) => retry !== undefined && retry >= 500)).toBe(true)
    expect(session.hub.stats()).toMatchObject({ streams: 2, draining: true })
    await vi.advanceTimersByTimeAsync(500)
    await readers[1]?.reading.all()
    expect([await isPending(drained, 3), await isPending(stream.closed, 3)]).toEqual([true, true])
    await vi.advanceTimersByTimeAsync(500)
    await drained
    expect(await stream.closed).toEqual({ reason: 'drained', reconnect: true })
    expect([session.hub.stats().streams, vi.getTimerCount()]).toEqual([0, 0])
  })

  test('E68 a tracked stream that ends by itself is waited for, and not broken off', async () => {
    await using session = openHub()
    const { stream, closes } = openFakeStream()
    session.hub.track(stream)
    const drained = session.hub.drain()
    await vi.advanceTimersByTimeAsync(5_000)
    await stream.end()
    await drained
    expect(closes).toEqual([{ reason: 'ended', reconnect: false }])
  })

  test('D58 a reader that takes nothing any more does not hold a drain up', async () => {
    await using session = openHub()
    const { stream, sink, closes } = openFakeStream()
    void session.hub.subscribe(stream, [order])
    await until(() => session.hub.stats().topics === 1)
    await turns()
    sink.hasRoom = false
    await session.change('42', 1)
    await turns()
    await session.change('42', 2)
    const drained = session.hub.drain({ within: 100 })
    await vi.advanceTimersByTimeAsync(1_100)
    await drained
    expect([closes, sink.calls.at(-1)]).toEqual([[{ reason: 'drained', reconnect: true }], 'destroy'])
  })

  test('D58 who comes while the hub drains is sent away with a time to come back', async () => {
    await using session = openHub()
    await session.hub.drain()
    const { reading, subscribed } = await session.read([order])
    await subscribed
    await reading.all()
    expect(reading.messages.some(({ retry }) => retry !== undefined && retry >= 500)).toBe(true)
    expect(session.hub.stats()).toMatchObject({ streams: 0, topics: 0 })
  })

  test('a stream that is over is not tracked', async () => {
    await using session = openHub()
    const { stream } = openFakeStream()
    stream.left()
    session.hub.track(stream)
    expect(session.hub.stats().streams).toBe(0)
  })

  test.each([-1, Number.NaN])('a window of %s is rejected', async (within) => {
    await using session = openHub()
    await expect(session.hub.drain({ within })).rejects.toThrow(`option within is ${within}`)
    expect(session.hub.stats().draining).toBe(false)
  })
})

describe('close', () => {
  test('lets all readers go at once, to come back, and leaves the backplane to others', async () => {
    const backplane = new ScriptedBackplane()
    await using session = openHub({ backplane })
    const { reading, stream, subscribed } = await session.live([order])
    await session.hub.close()
    await reading.all()
    await subscribed
    expect(await stream.closed).toEqual({ reason: 'closed', reconnect: true })
    await backplane.append({ topic: 'a', subtree: undefined, kind: 'event', type: 'b', data: '', retain: undefined, key: undefined })
    expect(session.hub.stats()).toMatchObject({ streams: 0, topics: 0 })
  })

  test.each(['watch', 'state', 'locate', 'read'] as const)(
    'while a reader waits for %s is no failure, and a closed backplane none',
    async (method) => {
      const backplane = new ScriptedBackplane()
      await using session = openHub({ backplane })
      await session.change('42', 1)
      const { reached, release } = backplane.hold(method)
      const { stream, sink } = openFakeStream()
      // It has yet to take what was sent, and its end.
      sink.end = () => {}
      const subscribed = session.hub.subscribe(stream, [order], { from: { last: 1 } })
      await reached
      await session.hub.close()
      release(new BackplaneClosedError())
      await turns()
      stream.left(true)
      await subscribed
      expect([await stream.closed, session.errors]).toEqual([{ reason: 'closed', reconnect: true }, []])
    },
  )

  test.each(['after an interruption', 'now and then'])('while topics are compared, %s, is no failure', async (when) => {
    const backplane = new ScriptedBackplane()
    await using session = openHub({ backplane, verifyInterval: when === 'now and then' ? 1 : 100_000 })
    await session.live([order])
    const { reached, release } = backplane.hold('state')
    if (when === 'after an interruption') backplane.interrupt()
    await reached
    await session.hub.close()
    release(new BackplaneClosedError())
    await turns()
    expect(session.errors).toEqual([])
  })

  test('leaves no timer behind, also where somebody was present', async () => {
    vi.useFakeTimers()
    const before = vi.getTimerCount()
    const session = openHub({ channels: { order: { presence: true } }, backplane: new ScriptedBackplane() })
    const { stream } = openFakeStream()
    void session.hub.subscribe(stream, [order], { identity: 'ann' })
    await vi.advanceTimersByTimeAsync(0)
    expect(session.hub.presence(order).count).toBe(1)
    await session.hub.close()
    expect(vi.getTimerCount()).toBe(before)
    vi.useRealTimers()
  })
})

describe('D55 limits bind streams that the application opened', () => {
  const limits = { streams: 2, perIdentity: 1, perAddress: 1 }

  test.each([
    ['streams', { ...limits, streams: 1 }, {}],
    ['identity', limits, { identity: 'ann' }],
    ['address', limits, { address: '203.0.113.7' }],
    ['rate', { ...limits, connectsPerSecond: 0.001 }, {}],
  ])('%s: its reader is told so, and comes back later', async (why, bounds, who) => {
    await using session = openHub({ limits: bounds })
    const first = await session.live([order], who)
    const { reading, stream, subscribed } = await session.read([order], who)
    await subscribed
    await reading.all()
    expect(reading.controls).toMatchObject([{ type: 'sse.ready' }, { type: 'sse.error', code: why, retry: true }])
    expect(reading.messages.map(({ retry }) => retry ?? 0).some((retry) => retry >= 1_000 && retry <= 10_000)).toBe(true)
    expect(await stream.closed).toEqual({ reason: 'refused', reconnect: true })
    expect(session.hub.stats()).toMatchObject({ streams: 1, refused: { [why]: 1 } })
    expect([session.errors, await isPending(first.subscribed, 3)]).toEqual([[], true])
  })

  test('a place is given back when its stream is over, or the backplane fails it', async () => {
    const backplane = new ScriptedBackplane()
    await using session = openHub({ limits: { streams: 1, perIdentity: 1, perAddress: 1 }, backplane })
    const who = { identity: 'ann', address: '203.0.113.7' }
    const first = await session.live([order], who)
    first.reading.leave()
    await first.subscribed
    backplane.failNext('state', new Error('away'))
    const failed = await session.read([order], who)
    await expect(failed.subscribed).rejects.toThrow('away')
    await failed.stream.closed
    await session.live([order], who)
  })

  test('a stream that is subscribed twice by mistake keeps its place, and takes no other', async () => {
    await using session = openHub({ limits: { streams: 2, perIdentity: 1 } })
    const { stream, subscribed } = await session.live([order], { identity: 'ann' })
    await expect(session.hub.subscribe(stream, [order], { identity: 'ann' })).rejects.toThrow(AlreadyFedError)
    await session.live([order])
    expect(await isPending(subscribed, 3)).toBe(true)
  })
})

describe('presence', () => {
  test('is told on its channel’s topics, counted by identity, and asked for at any time', async () => {
    await using session = openHub({ channels: { order: { presence: true } } })
    const ann = await session.live([order, inbox], { identity: 'ann' })
    const bob = await session.live([order], { identity: 'bob' })
    expect(session.hub.presence(order)).toEqual({ count: 2, members: ['ann', 'bob'] })
    const first = bob.reading.controls.find(({ type }) => type === 'sse.presence')
    expect(first).toMatchObject({ topic: 'orders/42', count: 2, joined: ['ann', 'bob'], reset: true })
    const message = await ann.reading.until(({ event, data }) => event === 'sse.presence' && data?.includes('"reset":false') === true)
    expect([JSON.parse(message.data ?? ''), message.id]).toMatchObject([{ count: 2, joined: ['bob'] }, undefined])
  })

  test('of channels that do not count it is not told', async () => {
    await using session = openHub()
    const { reading } = await session.live([order], { identity: 'ann' })
    await session.change('42', 1)
    await reading.take(1)
    expect(reading.controls.map(({ type }) => type)).toEqual(['sse.ready', 'sse.live'])
  })
})

test.each([Number.POSITIVE_INFINITY, 2 ** 31, -1, 0.5, Number.NaN])('a drain within %s is refused: no timer holds it', async (within) => {
  await using session = openHub()
  await expect(session.hub.drain({ within })).rejects.toMatchObject({ code: 'invalid_option', option: 'within' })
})

test.each([
  ['nothing', () => undefined],
  ['a promise', async () => true],
  ['a text', () => 'no'],
])('a filter that returns %s shows nothing, and is told what it takes', async (_, visibleTo) => {
  const settings: object = { inbox: { visibleTo } }
  await using session = openHub({ channels: settings })
  const { reading } = await session.live([inbox, order])
  await session.hub.publish(inbox, { type: 'message', data: { to: '1', text: 'hidden' } })
  await session.change('42', 1)
  await reading.take(1)
  expect(reading.seen).toEqual(['orders/42#changed {"n":1}'])
  expect(session.errors).toMatchObject([{ code: 'invalid_option', option: 'visibleTo' }])
})

describe('stats', () => {
  test('count what was published, delivered, replayed, missed and closed', async () => {
    await using session = openHub({ channels: { log: { retain: { events: 1 } } } })
    const cursor = await session.hub.cursor([])
    await session.change('42', 1, 2)
    const [first, second] = [await session.live([order], { from: cursor }), await session.live([order], { from: 'unknown' })]
    await session.change('42', 3)
    await Promise.all([first.reading.take(3), second.reading.take(1)])
    expect(session.hub.stats()).toMatchObject({
      streams: 2,
      topics: 1,
      published: 3,
      delivered: 4,
      replays: { count: 1, events: 2 },
      gaps: { trimmed: 0, reset: 1, overflow: 0 },
      overflows: { disconnected: 0, conflated: 0, dropped: 0 },
      stalled: 0,
      rewound: 0,
      outboxes: { bytes: 0, frames: 0, largest: 0 },
      draining: false,
    })
  })

  test('count overflows while streams are open, and once, when they have left', async () => {
    await using session = openHub({ channels: { price: { conflate: () => 'k' }, inbox: { overflow: 'drop-oldest' } } })
    const price = contract.price({ symbol: 'x' })
    const slow = openFakeStream({ outbox: { maxFrames: 2 } })
    void session.hub.subscribe(slow.stream, [order, inbox, price])
    await until(() => slow.summary() === 'live@0')
    slow.sink.hasRoom = false
    await session.change('42', 1)
    await turns()
    for (let n = 0; n < 3; n++) await session.hub.publish(inbox, { type: 'message', data: { to: '1', text: `${n}` } })
    for (let n = 0; n < 3; n++) await session.hub.publish(price, { type: 'quoted', data: { at: new Date(n), price: n } })
    const counted = { overflows: { disconnected: 0, conflated: 2, dropped: 2 } }
    expect(session.hub.stats()).toMatchObject({ ...counted, gaps: { overflow: 0 }, outboxes: { frames: 2 } })
    expect(session.hub.stats().outboxes.largest).toBe(session.hub.stats().outboxes.bytes)
    slow.sink.hasRoom = true
    slow.stream.drained()
    await until(() => slow.summary().includes('gap'))
    // Two events were left out, and one gap told so.
    expect(session.hub.stats()).toMatchObject({ ...counted, gaps: { overflow: 1 } })
    slow.stream.left()
    await turns()
    expect(session.hub.stats()).toMatchObject({
      ...counted,
      gaps: { trimmed: 0, reset: 0, overflow: 1 },
      streams: 0,
      outboxes: { bytes: 0, frames: 0, largest: 0 },
    })
  })

  test('count the streams that were closed for being full, or for taking nothing', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    await using session = openHub()
    const [full, stalled] = [openFakeStream({ outbox: { maxFrames: 1 } }), openFakeStream({ writeTimeout: 1_000 })]
    for (const { stream } of [full, stalled]) void session.hub.subscribe(stream, [order])
    await until(() => full.summary() === 'live@0' && stalled.summary() === 'live@0')
    for (const { sink } of [full, stalled]) sink.hasRoom = false
    await session.change('42', 1)
    await turns()
    await session.change('42', 2, 3)
    await vi.advanceTimersByTimeAsync(1_000)
    expect([full.closes[0]?.reason, stalled.closes[0]?.reason]).toEqual(['overflow', 'stalled'])
    expect(session.hub.stats()).toMatchObject({ streams: 0, stalled: 1, overflows: { disconnected: 1 } })
    vi.useRealTimers()
  })
})

describe('diagnostics channels', () => {
  test('tell what happens, and nothing of an event’s data', async () => {
    const told: [string | symbol, unknown][] = []
    const names = ['sse:publish', 'sse:subscribe', 'sse:unsubscribe', 'sse:replay', 'sse:gap']
    const listener = (message: unknown, name: string | symbol): void => void told.push([name, message])
    for (const name of names) subscribe(name, listener)
    await using session = openHub({ memory: { retain: { events: 1 } } })
    const cursor = await session.hub.cursor([])
    await session.change('42', 1, 2)
    const { reading, subscribed } = await session.live([order], { from: cursor, identity: 'ann' })
    reading.leave()
    await subscribed
    await turns()
    for (const name of names) unsubscribe(name, listener)
    await session.change('42', 3)
    const who = { stream: expect.any(Number), topics: ['orders/42'], identity: 'ann' }
    expect(told).toEqual([
      ['sse:publish', { topic: 'orders/42', type: 'changed', position: 1, duplicate: false }],
      ['sse:publish', { topic: 'orders/42', type: 'changed', position: 2, duplicate: false }],
      ['sse:subscribe', { ...who, request: 'GET /' }],
      ['sse:gap', { ...who, reason: 'trimmed' }],
      ['sse:replay', { ...who, events: 1 }],
      ['sse:unsubscribe', { ...who, reason: 'left' }],
    ])
    expect(JSON.stringify(told)).not.toContain('"n"')
  })

  test('tell by a number of its own which stream it is about', async () => {
    const told: [string | symbol, number][] = []
    const names = ['sse:subscribe', 'sse:unsubscribe', 'sse:replay', 'sse:gap']
    const listener = (message: unknown, name: string | symbol): void => {
      if (typeof message === 'object' && message !== null && 'stream' in message) told.push([name, Number(message.stream)])
    }
    for (const name of names) subscribe(name, listener)
    await using session = openHub({ memory: { retain: { events: 1 } } })
    const cursor = await session.hub.cursor([])
    await session.change('42', 1, 2)
    const one = await session.live([order], { from: cursor })
    const other = await session.live([order])
    for (const { reading, subscribed } of [one, other]) {
      reading.leave()
      await subscribed
    }
    await turns()
    for (const name of names) unsubscribe(name, listener)
    const [first = 0, second = 0] = new Set(told.map(([, stream]) => stream))
    expect(told).toEqual([
      ['sse:subscribe', first],
      ['sse:gap', first],
      ['sse:replay', first],
      ['sse:subscribe', second],
      ['sse:unsubscribe', first],
      ['sse:unsubscribe', second],
    ])
  })
})

describe('F8 a thousand stalled readers beside fast ones', () => {
  test('cost at most their bounds, and the fast ones get everything', async () => {
    await using session = openHub({
      limits: { connectsPerSecond: Number.POSITIVE_INFINITY },
      channels: { inbox: { overflow: 'drop-oldest' }, price: { conflate: () => 'k' } },
    })
    const price = contract.price({ symbol: 'x' })
    const outbox = { maxFrames: 8, maxBytes: 4_000 }
    const topics = [inbox, price, order] as const
    const stalled = topics.flatMap((topic) => Array.from({ length: 334 }, () => ({ topic, ...openFakeStream({ outbox }) })))
    const fast = topics.map((topic) => ({ topic, ...openFakeStream() }))
    for (const { stream, topic } of [...stalled, ...fast]) void session.hub.subscribe(stream, [topic])
    await until(() => [...stalled, ...fast].every(({ summary }) => summary() === 'live@0'))
    for (const { sink } of stalled) sink.hasRoom = false
    for (let n = 1; n <= 100; n++) {
      await session.hub.publish(inbox, { type: 'message', data: { to: '1', text: `${n}` } })
      await session.hub.publish(price, { type: 'quoted', data: { at: new Date(0), price: n } })
      await session.change('42', n)
      await turns()
    }
    for (const { stream } of stalled) {
      expect(stream.outbox.frames).toBeLessThanOrEqual(outbox.maxFrames)
      expect(stream.outbox.bytes).toBeLessThanOrEqual(outbox.maxBytes)
    }
    const closed = stalled.filter(({ closes }) => closes.length > 0)
    // Those whose events may neither be left out nor be replaced come back, and resume.
    expect([closed.length, closed.every(({ topic }) => topic === order)]).toEqual([334, true])
    expect(session.hub.stats().outboxes.largest).toBeLessThanOrEqual(outbox.maxBytes)
    for (const { messages, closes } of fast) expect([messages().length, closes]).toEqual([101, []])
  })
})

test('a stream of a request that calls for none costs a hub nothing', async () => {
  await using session = openHub()
  const { stream, response } = openStream(new Request('http://sse.test/', { method: 'HEAD' }))
  await session.hub.subscribe(stream, [order])
  expect([response.status, session.hub.stats().streams, session.hub.stats().topics]).toEqual([200, 0, 0])
})
