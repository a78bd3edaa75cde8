import { channel, defineContract, UnknownTypeError, ValidationError } from '@sse/schema'
import { describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { AlreadyFedError, ArgumentError, EventTooLargeError, ForeignTopicError, OptionError, TopicEndedError } from './errors.js'
import { createHub, memoryBackplane, openStream } from './index.js'
import { contract, openFakeStream, until } from './testing/hub-session.js'
import { openHub, untyped } from './testing/open-hub.js'
import { rejection } from './testing/session.js'

// What a hub takes, and what its readers get, through the Fetch entry. How it is resumed is in hub-resume.test.ts.

const order = contract.order({ orderId: '42' })
const changed = (n: number): { readonly type: 'changed'; readonly data: { readonly n: number } } => ({ type: 'changed', data: { n } })
const other = defineContract({ order: channel('orders/:orderId', { changed: z.object({ n: z.number() }) }) })

describe('publish', () => {
  test.each<[string, unknown, unknown, object | undefined, new (...given: never[]) => Error]>([
    ['data of another shape', order, { type: 'changed', data: { n: '1' } }, undefined, ValidationError],
    ['a type that the channel does not have', order, { type: 'deleted', data: {} }, undefined, UnknownTypeError],
    ['what is no event', order, 'changed', undefined, ArgumentError],
    ['an id', order, { ...changed(1), id: '7' }, undefined, ArgumentError],
    ['a topic of another contract', other.order({ orderId: '42' }), changed(1), undefined, ForeignTopicError],
    ['an empty key', order, changed(1), { key: '' }, ArgumentError],
    ['a key that is no text', order, changed(1), { key: 7 }, ArgumentError],
  ])('rejects %s before anything is stored', async (_, topic, event, options, error) => {
    await using session = openHub()
    expect(await rejection(untyped(session.hub).publish(topic, event, options))).toBeInstanceOf(error)
    expect(await session.backplane.state([order.name], 0)).toMatchObject({ position: 0, tails: [] })
    expect(session.hub.stats().published).toBe(0)
  })

  test('rejects an event that is too large, by its wire text, naming type, size and bound', async () => {
    await using session = openHub({ maxEventBytes: 20 })
    const large = session.hub.publish(contract.log({ job: 'a' }), { type: 'line', data: '豆'.repeat(7) })
    expect(await rejection(large)).toMatchObject({ code: 'event_too_large', type: 'line', bytes: 21, limit: 20 })
    expect(await rejection(large)).toBeInstanceOf(EventTooLargeError)
    await session.hub.publish(contract.log({ job: 'a' }), { type: 'line', data: '豆'.repeat(6) })
    expect(await session.backplane.state([], 0)).toMatchObject({ position: 1 })
  })

  test('resolves with the position once the event is retained', async () => {
    await using session = openHub()
    const { position, duplicate } = await session.hub.publish(order, changed(1))
    const [entry] = await session.backplane.read(order.name, { after: 0, upTo: 9, limit: 9 })
    expect([position, duplicate]).toEqual([`1.${entry?.epoch}.1`, false])
    expect(entry).toMatchObject({ topic: 'orders/42', kind: 'event', type: 'changed', data: '{"n":1}', previous: 0 })
  })

  test('twice with one key on one topic is one event', async () => {
    await using session = openHub()
    const first = await session.hub.publish(order, changed(1), { key: 'k' })
    await session.hub.publish(contract.order({ orderId: '43' }), changed(1), { key: 'k' })
    expect(await session.hub.publish(order, changed(1), { key: 'k' })).toEqual({ position: first.position, duplicate: true })
    expect(session.hub.stats().published).toBe(2)
  })

  test('to a topic that has ended is rejected, and ending it twice is ending it once', async () => {
    await using session = openHub()
    const end = await session.hub.end(order)
    expect(await session.hub.end(order)).toEqual({ position: end.position, duplicate: true })
    expect(await rejection(session.hub.publish(order, changed(1)))).toBeInstanceOf(TopicEndedError)
    expect(await rejection(untyped(session.hub).publish(other.order({ orderId: '1' }), changed(1)))).toBeInstanceOf(ForeignTopicError)
  })

  test('keeps as much of each channel as it says', async () => {
    await using session = openHub({ channels: { order: { retain: { events: 2 } } } })
    const cursor = await session.hub.cursor([])
    await session.change('42', 1, 2, 3)
    for (const data of ['1', '2', '3']) await session.hub.publish(contract.log({ job: 'a' }), { type: 'line', data })
    const [few, all] = [await session.live([order], { from: cursor }), await session.live([contract.log({ job: 'a' })], { from: cursor })]
    expect([few.summary(), all.summary()]).toEqual(['gap:trimmed:orders/42 2 3 live@6', '1 2 3 live@6'])
  })
})

describe('subscribe', () => {
  test('one topic comes with plain types, as on a stream of its own', async () => {
    await using session = openHub()
    const { reading } = await session.live([order])
    const position = await session.change('42', 1)
    expect(await reading.take(1)).toEqual([{ topic: undefined, type: 'changed', data: '{"n":1}', id: `${position}-0` }])
  })

  test('several topics come with their names', async () => {
    await using session = openHub()
    const { reading } = await session.live([order, contract.log({ job: 'a' })])
    await session.change('42', 1)
    await session.hub.publish(contract.log({ job: 'a' }), { type: 'line', data: 'two' })
    await reading.take(2)
    expect(reading.seen).toEqual(['orders/42#changed {"n":1}', 'logs/a#line two'])
  })

  test('a subtree comes with all its topics, by name, also those that are new', async () => {
    await using session = openHub()
    const { reading } = await session.live([contract.order.all()])
    await session.change('1', 1)
    await session.change('2', 2)
    await session.hub.publish(contract.inbox({ userId: '1' }), { type: 'message', data: { to: '1', text: 'no' } })
    await session.change('1', 3)
    await reading.take(3)
    expect(reading.seen).toEqual(['orders/1#changed {"n":1}', 'orders/2#changed {"n":2}', 'orders/1#changed {"n":3}'])
  })

  test('a topic and its subtree come once', async () => {
    await using session = openHub()
    const cursor = await session.hub.cursor([])
    await session.change('42', 1)
    const { reading, summary } = await session.live([order, contract.order.all()], { from: cursor })
    await session.change('42', 2)
    await reading.take(2)
    await session.change('7', 3)
    await reading.take(3)
    expect(summary()).toBe('1 live@1 2 3')
  })

  test('text goes out verbatim, several lines as several, and readers are told of it first of all', async () => {
    await using session = openHub()
    const { reading } = await session.live([contract.log({ job: 'a' })])
    await session.hub.publish(contract.log({ job: 'a' }), { type: 'line', data: 'one\ntwo' })
    expect((await reading.take(1))[0]?.data).toBe('one\ntwo')
    expect(reading.controls[0]).toMatchObject({ type: 'sse.ready', text: ['line'] })
    expect(reading.incoming.chunks.join('')).toContain('data: one\ndata: two\n')
  })

  test('an event is encoded once, however many read it, and not decoded for them', async () => {
    const calls: string[] = []
    const counted = z.codec(z.string(), z.number(), {
      decode: (text) => {
        calls.push('decode')
        return Number(text)
      },
      encode: (n) => {
        calls.push('encode')
        return `${n}`
      },
    })
    const counting = defineContract({ count: channel('counts/:id', { n: counted }) })
    await using hub = createHub({ contract: counting, backplane: memoryBackplane() })
    const [read, unread] = [counting.count({ id: 1 }), counting.count({ id: 2 })]
    const streams = Array.from({ length: 3 }, () => openStream(new Request('http://sse.test/')).stream)
    for (const stream of streams) void hub.subscribe(stream, [read])
    await until(() => hub.stats().topics === 1)
    await hub.publish(unread, { type: 'n', data: 5 })
    const alone = calls.splice(0)
    await hub.publish(read, { type: 'n', data: 5 })
    await until(() => hub.stats().delivered === 3)
    expect(calls).toEqual(alone)
    expect(calls).toContain('encode')
  })

  test('private events go out in between, without ids', async () => {
    await using session = openHub()
    const { reading, stream } = await session.live([order])
    await session.change('42', 1)
    await stream.send({ type: 'private', data: 'only you' })
    await session.change('42', 2)
    await reading.take(3)
    expect(reading.events.map(({ type, id }) => [type, id === undefined])).toEqual([
      ['changed', false],
      ['private', true],
      ['changed', false],
    ])
  })

  test('R8: a private event with an id is rejected with a typed error', async () => {
    await using session = openHub()
    const { stream } = await session.live([order])
    expect(await rejection(stream.send({ type: 'private', data: 1, id: '9' }))).toMatchObject({ code: 'id_on_hub_stream' })
    expect(await stream.send({ type: 'private', data: 1 })).toBe(true)
  })

  test('resolves when the stream is over', async () => {
    await using session = openHub()
    const { reading, subscribed } = await session.live([order])
    reading.leave()
    await subscribed
    await until(() => session.hub.stats().streams === 0)
  })

  test.each<[string, unknown, unknown, new (...given: never[]) => Error, RegExp]>([
    ['no topic', [], {}, ArgumentError, /^topics are none/],
    ['a topic of another contract', [other.order({ orderId: '42' })], {}, ForeignTopicError, /"orders\/42" is not of this hub's contract/],
    ['a start that is none', [order], { from: 7 }, OptionError, /^option from is a number/],
    ['half an event', [order], { from: { last: 0.5 } }, OptionError, /^option from\.last is 0\.5/],
    ['less than none', [order], { from: { last: -1 } }, OptionError, /^option from\.last is -1/],
    ['no time', [order], { notBefore: new Date(Number.NaN) }, OptionError, /^option notBefore is an invalid Date/],
  ])('to %s is rejected, and the stream stays usable', async (_, topics, options, error, message) => {
    await using session = openHub()
    const { stream } = openStream(new Request('http://sse.test/'))
    const thrown = await rejection(untyped(session.hub).subscribe(stream, topics, options))
    expect(thrown).toBeInstanceOf(error)
    expect(thrown).toMatchObject({ message: expect.stringMatching(message) })
    void session.hub.subscribe(stream, [order])
    await until(() => session.hub.stats().topics === 1)
  })

  test('what is no stream of this package is rejected', async () => {
    await using session = openHub()
    expect(await rejection(untyped(session.hub).subscribe({}, [order]))).toMatchObject({ code: 'invalid_argument', argument: 'stream' })
  })

  test('twice on one stream is rejected, and leaves the first as it was', async () => {
    await using session = openHub({ channels: { order: { presence: true } } })
    const { reading, stream, subscribed } = await session.live([order])
    expect(await rejection(session.hub.subscribe(stream, [contract.log({ job: 'a' })]))).toBeInstanceOf(AlreadyFedError)
    expect(await rejection(session.hub.subscribe(stream, [order]))).toBeInstanceOf(AlreadyFedError)
    expect([session.hub.presence(order).count, session.hub.stats().streams, session.hub.stats().topics]).toEqual([1, 1, 1])
    await session.change('42', 1)
    await reading.take(1)
    reading.leave()
    await subscribed
    await until(() => session.hub.presence(order).count === 0)
  })

  test('a backplane that fails before it is live rejects, and leaves no stream behind', async () => {
    await using session = openHub()
    const error = new Error('away')
    const away = openHub({ backplane: { ...session.backplane, state: () => Promise.reject(error) } })
    const { subscribed } = await away.read([order])
    expect(await rejection(subscribed)).toBe(error)
    expect([away.hub.stats().streams, away.hub.stats().topics]).toEqual([0, 0])
    await away.hub.close()
  })

  test('where it fails, what was sent arrives, the reader is let go to come back, and trying again finds that it is over', async () => {
    await using session = openHub()
    const error = new Error('away')
    let isAway = true
    await using away = openHub({
      backplane: { ...session.backplane, state: (...asked) => (isAway ? Promise.reject(error) : session.backplane.state(...asked)) },
    })
    const { stream, sink, messages, closes, errors } = openFakeStream()
    void stream.send({ type: 'welcome', data: {} })
    expect(await rejection(away.hub.subscribe(stream, [order]))).toBe(error)
    isAway = false
    await away.hub.subscribe(stream, [order])
    expect(closes).toEqual([{ reason: 'failed', reconnect: true, error }])
    expect(messages().map(({ event, data }) => [event, JSON.parse(data ?? '').code])).toEqual([
      ['welcome', undefined],
      ['sse.error', 'internal'],
    ])
    // Whoever called knows.
    expect([errors, sink.calls.at(-1), away.hub.stats().streams]).toEqual([[], 'end', 0])
  })
})

describe('what an event’s channel decides', () => {
  test('visibleTo sees the event as code has it, the identity and the topic, and hides it from the others', async () => {
    const asked: unknown[] = []
    await using session = openHub({
      channels: {
        inbox: {
          visibleTo: ({ data }, reader) => {
            asked.push(reader)
            return data.to === reader.identity
          },
        },
        price: { visibleTo: ({ data }) => data.at instanceof Date && data.at.getTime() === 0 },
      },
    })
    const inbox = contract.inbox({ userId: 'all' })
    const [ann, bob] = [await session.live([inbox], { identity: 'ann' }), await session.live([inbox], { identity: 'bob' })]
    for (const to of ['ann', 'bob', 'ann']) await session.hub.publish(inbox, { type: 'message', data: { to, text: to } })
    await Promise.all([ann.reading.take(2), bob.reading.take(1)])
    expect([ann.reading.events.length, bob.reading.events.length]).toEqual([2, 1])
    expect(asked).toContainEqual({ identity: 'bob', topic: 'users/all/inbox' })
    const price = contract.price({ symbol: 'x' })
    const prices = await session.live([price])
    for (const time of [1, 0]) await session.hub.publish(price, { type: 'quoted', data: { at: new Date(time), price: time } })
    expect((await prices.reading.take(1))[0]?.data).toBe('{"at":"1970-01-01T00:00:00.000Z","price":0}')
  })

  test('what visibleTo and conflate throw goes to onError, and the hub goes on', async () => {
    const errors = [new Error('visibleTo'), new Error('conflate')]
    const failing = (index: number) => (): never => {
      throw errors[index]
    }
    await using session = openHub({ channels: { inbox: { visibleTo: failing(0) }, price: { conflate: failing(1) } } })
    const [inbox, price] = [contract.inbox({ userId: '1' }), contract.price({ symbol: 'x' })]
    const { reading } = await session.live([inbox, price])
    await session.hub.publish(inbox, { type: 'message', data: { to: '1', text: '' } })
    await session.hub.publish(price, { type: 'quoted', data: { at: new Date(0), price: 1 } })
    expect((await reading.take(1))[0]?.topic).toBe('prices/x')
    expect(new Set(session.errors)).toEqual(new Set(errors))
  })

  test('an onError that throws takes nothing down', async () => {
    const hub = openHub({
      channels: {
        inbox: {
          visibleTo: () => {
            throw new Error('visibleTo')
          },
        },
      },
      onError: () => {
        throw new Error('onError')
      },
    })
    await using session = hub
    const inbox = contract.inbox({ userId: '1' })
    const { reading, stream } = await session.live([inbox])
    const written = vi.spyOn(console, 'error').mockImplementation(() => {})
    await session.hub.publish(inbox, { type: 'message', data: { to: '1', text: '' } })
    await stream.send({ type: 'private', data: 1 })
    await reading.take(1)
    expect(written.mock.calls.flat()).toContainEqual(expect.objectContaining({ message: 'onError' }))
    written.mockRestore()
  })
})
