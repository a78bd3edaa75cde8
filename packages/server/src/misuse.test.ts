import { channel, defineContract } from '@sse/schema'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createHub, memoryBackplane } from './index.js'
import { contract, openFakeStream, until } from './testing/hub-session.js'
import { type OpenHub, openHub } from './testing/open-hub.js'
import { rejection } from './testing/session.js'

// What code without types may hand to a hub: nothing is stored, and the error names the culprit and what to write instead.

const order = contract.order({ orderId: '42' })
const changed = { type: 'changed', data: { n: 1 } }
const made = 'as contract.order({ orderId: 42 })'

/** Calls a method of the hub, whatever it takes. */
async function call(
  { hub }: OpenHub,
  method: 'publish' | 'end' | 'cursor' | 'presence' | 'disconnect' | 'subscribe' | 'drain',
  ...given: unknown[]
) {
  const settled: unknown = await Reflect.apply(hub[method], hub, given)
  return settled
}

/** What is no topic, and how that is told. */
const noTopics: readonly (readonly [string, unknown, string])[] = [
  [
    'a channel, whose call was forgotten',
    contract.order,
    'is the channel contract.order: call it with its params, contract.order({ orderId: 42 })',
  ],
  ['a name', 'orders/42', `is the name "orders/42": make a topic of the contract, ${made}`],
  ['a name of another channel', 'logs/a', 'is the name "logs/a": make a topic of the contract, as contract.log({ job: 42 })'],
  ['a name that no channel has', 'invoices/1', `is the name "invoices/1": make a topic of the contract, ${made}`],
  ['nothing', undefined, `is undefined, and no topic: make one with the contract, ${made}`],
  ['null', null, `is null, and no topic: make one with the contract, ${made}`],
  ['a list', [order], `is a list, and no topic: make one with the contract, ${made}`],
  ['half a topic', { name: 'orders/42', kind: 'topic' }, `is an object, and no topic: make one with the contract, ${made}`],
]

describe('publish, end and presence take topics alone', () => {
  test.each(noTopics)('not %s', async (_, given, problem) => {
    await using session = openHub({ channels: { order: { presence: true } } })
    for (const method of ['publish', 'end', 'presence'] as const) {
      expect(await rejection(call(session, method, given, method === 'publish' ? changed : undefined))).toMatchObject({
        code: 'invalid_argument',
        message: `topic ${problem}`,
      })
    }
    expect(await session.backplane.state([], 0)).toMatchObject({ position: 0 })
  })

  test.each([
    ['publish', 'publish to'],
    ['end', 'end'],
    ['presence', 'ask for'],
  ] as const)('not a subtree: %s', async (method, use) => {
    await using session = openHub()
    expect(await rejection(call(session, method, contract.order.all(), method === 'publish' ? changed : undefined))).toMatchObject({
      code: 'invalid_argument',
      message: `topic is the subtree orders/*: ${use} one topic of it, ${made}`,
    })
    expect(await session.backplane.state(['orders/*'], 0)).toMatchObject({ position: 0, tails: [] })
  })

  test.each(['orders/*', 'orders/4/2', 'orders/', 'orders/é', 'order', 'users/1/inbox', ''])(
    'not one that was written by hand under a name that its channel does not read: %j',
    async (name) => {
      await using session = openHub()
      for (const method of ['publish', 'end', 'presence'] as const) {
        expect(await rejection(call(session, method, { ...order, name }, method === 'publish' ? changed : undefined))).toMatchObject({
          code: 'foreign_topic',
          topic: name,
        })
      }
      expect(await session.backplane.state([], 0)).toMatchObject({ position: 0 })
    },
  )

  test('nor one with another pattern: readers of another subtree would be told of it', async () => {
    await using session = openHub()
    const forged = { ...order, pattern: 'orders/42' }
    expect(await rejection(call(session, 'publish', forged, changed))).toMatchObject({ code: 'foreign_topic', topic: 'orders/42' })
    expect(await session.backplane.state([], 0)).toMatchObject({ position: 0 })
  })

  test('a channel without params, or with a key that is no identifier, is called as code would', async () => {
    const events = { said: z.object({}) }
    const odd = defineContract({ lobby: channel('lobby', events), 'my-room': channel('rooms/:a/:b', events) })
    const backplane = memoryBackplane()
    await using hub = createHub({ contract: odd, backplane })
    const thrownBy = (given: unknown): Promise<unknown> => rejection(Reflect.apply(hub.publish, hub, [given]))
    expect(await thrownBy(odd.lobby)).toMatchObject({ message: expect.stringContaining('call it with its params, contract.lobby()') })
    expect(await thrownBy(odd['my-room'])).toMatchObject({ message: expect.stringContaining('contract["my-room"]({ a: 42, b: 42 })') })
    await backplane.close()
  })
})

describe('subscribe, cursor and disconnect take topics and subtrees', () => {
  test.each(noTopics)('not %s', async (_, given, problem) => {
    await using session = openHub()
    const { stream } = openFakeStream()
    const told = { code: 'invalid_argument', message: `topics[1] ${problem}` }
    expect(await rejection(call(session, 'subscribe', stream, [order, given]))).toMatchObject(told)
    expect(await rejection(call(session, 'cursor', [order, given]))).toMatchObject(told)
    if (given === undefined) return
    expect(await rejection(call(session, 'disconnect', { topic: given }))).toMatchObject({ ...told, message: `where.topic ${problem}` })
  })

  test('in a list', async () => {
    await using session = openHub()
    const { stream } = openFakeStream()
    const told = { code: 'invalid_argument', message: 'topics is an object: it takes a list, as [contract.order({ orderId: 42 })]' }
    expect(await rejection(call(session, 'subscribe', stream, order))).toMatchObject(told)
    expect(await rejection(call(session, 'cursor', order))).toMatchObject(told)
    expect(await rejection(call(session, 'cursor'))).toMatchObject({ ...told, message: expect.stringMatching(/^topics is undefined: /) })
  })

  test('of the hub’s contract', async () => {
    await using session = openHub()
    const other = defineContract({ order: channel('orders/:orderId', { changed: z.object({ n: z.number() }) }) })
    const { stream } = openFakeStream()
    for (const topic of [other.order({ orderId: 1 }), other.order.all(), { ...contract.order.all(), name: 'orders/42' }]) {
      expect(await rejection(call(session, 'subscribe', stream, [topic]))).toMatchObject({ code: 'foreign_topic', topic: topic.name })
      expect(await rejection(call(session, 'cursor', [topic]))).toMatchObject({ code: 'foreign_topic', topic: topic.name })
      expect(await rejection(call(session, 'disconnect', { topic }))).toMatchObject({ code: 'foreign_topic', topic: topic.name })
    }
    expect(await session.hub.cursor([order, contract.order.all()])).toMatch(/^1\./)
  })
})

describe('an option of a call that is unknown, or of another type, is named', () => {
  test.each<[Parameters<typeof call>[1], readonly unknown[], string]>([
    ['publish', [order, changed, { kye: 'k' }], 'option kye is unknown: did you mean key?'],
    ['publish', [order, changed, null], 'options is null: it takes { key }'],
    ['publish', [order, changed, 'k'], 'options is "k": it takes { key }'],
    ['end', [order, { reason: 5 }], 'option reason is 5: it takes a string'],
    ['end', [order, 'sold out'], 'options is "sold out": it takes { reason }'],
    ['drain', [{ within: '5' }], 'option within is "5": it takes a number'],
    ['drain', [{ wihtin: 5 }], 'option wihtin is unknown: did you mean within?'],
    ['drain', [5], 'options is 5: it takes { within }'],
    ['disconnect', [], 'where is undefined: it takes { identity, topic }, or use drain() for everybody'],
    ['disconnect', ['ann'], 'where is "ann": it takes { identity, topic }, or use drain() for everybody'],
    ['disconnect', [{ identity: 5 }], 'option where.identity is 5: it takes a string'],
    ['disconnect', [{ identiy: 'ann' }], 'option where.identiy is unknown: did you mean identity?'],
    ['disconnect', [{ identity: 'ann' }, 5], 'reason is 5: it takes a text for the reader'],
    ['subscribe', [openFakeStream().stream, [order], { form: 'now' }], 'option form is unknown: did you mean from?'],
    ['subscribe', [openFakeStream().stream, [order], { identity: 5 }], 'option identity is 5: it takes a string'],
    ['subscribe', [openFakeStream().stream, [order], { notBefore: 'today' }], 'option notBefore is "today": it takes a Date'],
    ['subscribe', [openFakeStream().stream, [order], null], 'options is null: it takes { from, identity, address, notBefore }'],
  ])('%s(%j)', async (method, given, message) => {
    await using session = openHub()
    expect(await rejection(call(session, method, ...given))).toMatchObject({ message })
    expect(await session.backplane.state([], 0)).toMatchObject({ position: 0 })
    expect(session.hub.stats()).toMatchObject({ streams: 0, draining: false })
  })

  test('an event that is none is told what it takes; an id is not among it', async () => {
    await using session = openHub()
    expect(await rejection(call(session, 'publish', order, null))).toMatchObject({ message: 'event is null: it takes { type, data }' })
    expect(await rejection(call(session, 'publish', order))).toMatchObject({ message: 'event is undefined: it takes { type, data }' })
  })
})

test('presence of a channel that counts nobody is rejected: 0 would say that nobody is there', async () => {
  await using session = openHub({ channels: { order: { presence: true }, log: { presence: false } } })
  expect(session.hub.presence(order)).toEqual({ count: 0, members: [] })
  for (const [key, topic] of Object.entries({ inbox: contract.inbox({ userId: 1 }), log: contract.log({ job: 'a' }) })) {
    expect(() => session.hub.presence(topic)).toThrow(
      expect.objectContaining({
        option: `channels.${key}.presence`,
        message: `option channels.${key}.presence is not set, so nobody is counted on ${topic.name}: give createHub { presence: true } for the channel`,
      }),
    )
  }
})

describe('after hub.close()', () => {
  test('publish, end, subscribe and cursor reject, and nothing is stored', async () => {
    const backplane = memoryBackplane()
    await using session = openHub({ backplane })
    await session.hub.close()
    const told = { code: 'hub_closed', message: 'this hub was closed: close it after the last publish, or make another one' }
    expect(await rejection(session.hub.publish(order, { type: 'changed', data: { n: 1 } }))).toMatchObject(told)
    expect(await rejection(session.hub.end(order))).toMatchObject(told)
    expect(await rejection(session.hub.cursor([order]))).toMatchObject(told)
    expect(await rejection(session.hub.subscribe(openFakeStream().stream, [order]))).toMatchObject(told)
    expect(await backplane.state([], 0)).toMatchObject({ position: 0 })
  })

  test('a reader that comes too late is sent away with a time to come back', async () => {
    await using session = openHub()
    await session.hub.close()
    const { stream, sink, closes } = openFakeStream()
    await session.hub.subscribe(stream, [order]).catch((error: unknown) => stream.fail(error))
    await until(() => closes.length > 0)
    expect(closes).toEqual([{ reason: 'drained', reconnect: true }])
    expect(sink.writes.join('')).toMatch(/^retry: \d+$/m)
  })

  test('closing again is fine', async () => {
    await using session = openHub()
    await session.hub.close()
    await session.hub.close()
    expect(session.hub.stats().streams).toBe(0)
  })
})

describe('a stream on which the application has sent an event with an id', () => {
  test('cannot be subscribed: who is cut before the first event of a topic would come back with a cursor that is none', async () => {
    await using session = openHub()
    const { stream } = openFakeStream()
    await stream.send({ type: 'welcome', data: {}, id: '7' })
    expect(await rejection(session.hub.subscribe(stream, [order]))).toMatchObject({ code: 'id_on_hub_stream' })
    expect(session.hub.stats().streams).toBe(0)
    expect(await stream.send({ type: 'more', data: {}, id: '8' })).toBe(true)
  })

  test('can, where none of them was sent', async () => {
    await using session = openHub()
    const { stream, summary } = openFakeStream()
    await stream.send({ type: 'welcome', data: {} })
    await rejection(stream.send({ type: 'bad', data: undefined, id: 'a\nb' }))
    void session.hub.subscribe(stream, [order])
    await until(() => summary().includes('live@0'))
    expect(session.hub.stats().streams).toBe(1)
  })
})

test('a subtree that is to begin with its last events is refused: nobody could tell which those are', async () => {
  await using session = openHub()
  const { stream } = openFakeStream()
  await expect(session.hub.subscribe(stream, [contract.order.all()], { from: { last: 5 } })).rejects.toMatchObject({
    code: 'invalid_option',
    message: expect.stringContaining('orders/* is a subtree'),
  })
})
