import { describe, expect, test } from 'vitest'
import type { Ask } from '../testing/adapters.js'
import { contract, type HubServer, hubAdapters, serveHub } from '../testing/hub.js'
import type { Reading } from '../testing/reading.js'

// What a request asks for, and what it gets, by every adapter alike.

/** The same question, by every way in which it can be asked. */
const ways: readonly {
  readonly way: string
  readonly ask: (server: HubServer, topics: readonly string[], cursor?: string) => Promise<Reading>
}[] = [
  { way: 'GET', ask: (server, topics, cursor) => server.get(topics, { query: cursor === undefined ? {} : { lastEventId: cursor } }) },
  { way: 'POST', ask: (server, topics, cursor) => server.post({ topics, lastEventId: cursor }) },
]

/** Publishes 1, 2 and 3 to order 42, with another order in between. Returns the positions of order 42's. */
async function publishThree({ order }: HubServer): Promise<readonly [string, string, string]> {
  const first = await order(42, 1)
  await order(7, 100)
  return [first, await order(42, 2), await order(42, 3)]
}

const numbersOf = (reading: Reading): number[] => reading.events.map(({ data }) => JSON.parse(data).n)

describe.each(hubAdapters)('$name', (adapter) => {
  describe.each(ways)('$way', ({ ask }) => {
    test('E63 many topics are read on one connection, each event with its topic and position', async () => {
      await using server = await serveHub(adapter)
      const reading = await ask(server, ['orders/42', 'users/7/inbox'])
      expect(reading.status).toBe(200)
      await reading.live()
      const position = await server.order(42, 1)
      await server.order(43, 2)
      await server.hub.publish(contract.inbox({ userId: 7 }), { type: 'message', data: { text: 'hello' } })
      expect((await reading.take(2)).map(({ topic, type, data }) => [topic, type, data])).toEqual([
        ['orders/42', 'created', '{"n":1}'],
        ['users/7/inbox', 'message', '{"text":"hello"}'],
      ])
      expect(reading.events[0]?.id).toBe(`${position}-0`)
    })

    test('a subtree has every topic in it, those to come included, and no other', async () => {
      await using server = await serveHub(adapter)
      const reading = await ask(server, ['orders/*'])
      await reading.live()
      await server.hub.publish(contract.inbox({ userId: 7 }), { type: 'message', data: { text: 'hello' } })
      await server.order(1, 1)
      await server.order('never seen', 2)
      expect((await reading.take(2)).map(({ topic }) => topic)).toEqual(['orders/1', 'orders/never%20seen'])
    })

    test('E64 a topic without a start begins with what is published from then on', async () => {
      await using server = await serveHub(adapter)
      await publishThree(server)
      const reading = await ask(server, ['orders/42'])
      expect(await reading.live()).toMatchObject({ id: expect.stringMatching(/\.4$/) })
      await server.order(42, 4)
      await reading.take(1)
      expect(numbersOf(reading)).toEqual([4])
    })

    test('E64 a topic begins after the cursor that is given with it', async () => {
      await using server = await serveHub(adapter)
      const [first] = await publishThree(server)
      const reading = await ask(server, ['orders/42', 'orders/7'], first)
      await reading.live()
      expect(numbersOf(reading)).toEqual([100, 2, 3])
      expect(reading.controls.at(-1)).toMatchObject({ type: 'sse.live', resumed: true, topics: ['orders/42', 'orders/7'] })
    })

    test.each<[string, (positions: readonly string[]) => string, number[]]>([
      ['a position', ([first]) => `orders/42@${first}`, [2, 3]],
      ['an event id', ([first, second]) => `orders/42@${second}-${first?.split('.')[2]}`, [3]],
      ['@now', () => 'orders/42@now', []],
      ['@last:0', () => 'orders/42@last:0', []],
      ['@last:2', () => 'orders/42@last:2', [2, 3]],
      ['@last:100000', () => 'orders/42@last:100000', [1, 2, 3]],
    ])('a topic says itself where it begins: %s', async (_, topicOf, numbers) => {
      await using server = await serveHub(adapter)
      const reading = await ask(server, [topicOf(await publishThree(server))])
      await reading.live()
      expect(numbersOf(reading)).toEqual(numbers)
    })

    test('each topic has a start of its own; the cursor counts for those that have none', async () => {
      await using server = await serveHub(adapter)
      const [first] = await publishThree(server)
      await server.order(9, 9)
      const reading = await ask(server, ['orders/42@last:1', 'orders/7@now', 'orders/9'], first)
      await reading.live()
      expect(numbersOf(reading)).toEqual([3, 9])
    })
  })

  test('D56 the header wins over the cursor in the query and over every start: it is where a reader that comes back is', async () => {
    await using server = await serveHub(adapter)
    const [first, second] = await publishThree(server)
    const headers = { 'last-event-id': second }
    const reading = await server.get(['orders/42@last:3', 'orders/7@now'], { headers, query: { lastEventId: first } })
    await reading.live()
    expect(numbersOf(reading)).toEqual([3])
  })

  test('D56 the header wins over the cursor in the body', async () => {
    await using server = await serveHub(adapter)
    const [first, second] = await publishThree(server)
    const reading = await server.post({ topics: ['orders/42'], lastEventId: first }, { headers: { 'last-event-id': second } })
    await reading.live()
    expect(numbersOf(reading)).toEqual([3])
  })

  test('D56 the cursor in the body wins over the one in the query, which counts where the body has none', async () => {
    await using server = await serveHub(adapter)
    const [first, second] = await publishThree(server)
    const path = `/events?lastEventId=${first}`
    const both = await server.post({ topics: ['orders/42'], lastEventId: second }, { path })
    const query = await server.post({ topics: ['orders/42'], lastEventId: '' }, { path })
    await Promise.all([both.live(), query.live()])
    expect([numbersOf(both), numbersOf(query)]).toEqual([[3], [2, 3]])
  })

  test.each<[string, Ask]>([
    ['header', { headers: { 'last-event-id': '' } }],
    ['query', { path: '/events?topic=orders/42&lastEventId=' }],
  ])('D56 an empty cursor in the %s is none', async (_, ask) => {
    await using server = await serveHub(adapter)
    await publishThree(server)
    const reading = await server.ask({ path: '/events?topic=orders/42', ...ask })
    await reading.live()
    expect(reading.controls.map(({ type }) => type)).toEqual(['sse.ready', 'sse.live'])
    expect(reading.seen).toEqual([])
  })

  test('topics in the query of a POST are not asked for: its body says all', async () => {
    await using server = await serveHub(adapter)
    const reading = await server.post({ topics: ['orders/42'] }, { path: '/events?topic=orders/7' })
    await reading.live()
    expect(reading.controls.at(-1)).toMatchObject({ topics: ['orders/42'] })
  })

  test('E66 a POST needs no content type, and may come in pieces of any size', async () => {
    await using server = await serveHub(adapter)
    const topics = Array.from({ length: 100 }, (_, index) => `orders/${'€'.repeat(200)}${index}`.replaceAll('€', '%E2%82%AC'))
    const reading = await server.ask({ method: 'POST', path: '/events', body: JSON.stringify({ topics }), headers: { 'content-type': '' } })
    await reading.live()
    expect(reading.controls.at(-1)).toMatchObject({ topics })
  })

  test('a text type goes out verbatim, and the reader is told so first of all', async () => {
    await using server = await serveHub(adapter)
    const reading = await server.get(['logs/app', 'orders/42'])
    await reading.live()
    await server.hub.publish(contract.log({ name: 'app' }), { type: 'line', data: 'one\ntwo' })
    expect((await reading.take(1))[0]).toMatchObject({ topic: 'logs/app', type: 'line', data: 'one\ntwo' })
    expect(reading.controls[0]).toMatchObject({ type: 'sse.ready', text: ['line'] })
  })

  test('D42 a stream of the hub has the headers of every stream', async () => {
    await using server = await serveHub(adapter)
    const { headers } = await server.get(['orders/42'])
    expect(headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'private, no-store, no-transform',
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
    })
    expect(headers).not.toHaveProperty('content-length')
  })
})
