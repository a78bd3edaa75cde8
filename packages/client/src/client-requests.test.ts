import { channel, defineContract } from '@sse/schema'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { type Client, type ClientOptions, createClient } from './client.js'
import type { SubscriptionError } from './errors.js'
import { turns } from './testing/async.js'
import { type Asked, type HandFetch, handFetch } from './testing/hand-fetch.js'
import { clientOf, hubStream, live, made, startServer, topicsOf } from './testing/hub-server.js'
import { Log } from './testing/log.js'
import { control, ready } from './testing/wire.js'

// How a client asks for its topics: with which requests, when, and what it does with their answers.

const contract = defineContract({ order: channel('orders/:id', { made: z.number() }) })
type Contract = typeof contract

const order = (id: string | number) => contract.order({ id })

/** Listens to orders, and logs what comes. */
function listen(client: Client<Contract>, id: string | number, log: Log<string> = new Log()) {
  const subscription = client.subscribe(order(id), { onError: (error) => log.add(error.code), onGap: ({ reason }) => log.add(reason) })
  subscription.on('made', ({ data, topic }) => log.add(`${topic?.slice(7)}:${data}`))
  return Object.assign(subscription, { log })
}

function clientOn(url: string, options: Partial<ClientOptions> = {}): Client<Contract> {
  return createClient<Contract>({ url, reconnect: { baseDelay: 0 }, ...options })
}

describe('a request', () => {
  test('asks for all topics that were subscribed to in one turn', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    for (const id of [1, 2, 3]) listen(client, id)
    const exchange = await hubStream(server, 4)
    expect(topicsOf(exchange)).toEqual(['orders/1', 'orders/2', 'orders/3'])
    expect(exchange.request.method).toBe('GET')
    expect(server.requests).toBe(1)
  })

  test('is not made while nobody listens', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    client.subscribe(order(1))
    await turns()
    expect(server.requests).toBe(0)
    expect(client.getSnapshot()).toMatchObject({ state: 'waiting', reason: 'idle' })
  })

  test('asks for a topic once, however many subscribe to it', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const both = [listen(client, 1), listen(client, 1)]
    const exchange = await hubStream(server, 4, made('orders/1', 5, 3))
    expect(topicsOf(exchange)).toEqual(['orders/1'])
    for (const { log } of both) expect(await log.count(1)).toEqual(['1:5'])
  })

  test('keeps the query of the URL', async () => {
    await using server = await startServer()
    await using client = clientOn(`${server.url}?tenant=7`)
    listen(client, 1)
    expect((await server.next()).request.target).toMatch(/^\/events\?tenant=7&sse\.client=\w+&topic=orders%2F1$/)
  })

  test('names the client, the same one each time, and another one for another client', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    await using other = clientOn(server.url)
    listen(client, 1)
    const first = await hubStream(server, 4)
    first.cut()
    const second = await hubStream(server, 4)
    listen(client, 2)
    const third = await hubStream(server, 4)
    listen(other, 1)
    const fourth = await hubStream(server, 4)
    expect(clientOf(first)).toMatch(/^\w{8,}$/)
    expect([clientOf(second), clientOf(third)]).toEqual([clientOf(first), clientOf(first)])
    expect(clientOf(fourth)).not.toBe(clientOf(first))
  })

  test('that no URL holds is a POST with the same in its body', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const names = Array.from({ length: 200 }, (_, n) => `${n}-with-a-name-of-some-length`)
    for (const name of names) listen(client, name)
    const exchange = await hubStream(server, 4)
    expect(exchange.request).toMatchObject({ method: 'POST', target: `/events?sse.client=${clientOf(exchange)}` })
    expect(topicsOf(exchange)).toEqual(names.map((name) => `orders/${name}`))
    // In the URL, for a server gives a place before it reads a body.
    expect(clientOf(exchange)).toMatch(/^\w{8,}$/)
  })

  test('that is accepted, and then held back, is given up as one that is not answered', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url, { connectTimeout: 100 })
    const { log } = listen(client, 1)
    const muted = (await server.next()).open()
    await muted.gone
    await hubStream(server, 4, made('orders/1', 5, 3))
    expect(await log.count(1)).toEqual(['1:5'])
  })

  test('that comes back is a POST where it was one', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    for (let n = 0; n < 200; n++) listen(client, `${n}-with-a-name-of-some-length`)
    ;(await hubStream(server, 4)).cut()
    const exchange = await hubStream(server, 4)
    expect(exchange.request.method).toBe('POST')
    expect(topicsOf(exchange)[0]).toBe('orders/0-with-a-name-of-some-length@1.e.4')
  })

  test('that comes back asks for each topic from where it is, and sends no position of all', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const { log } = listen(client, 1)
    listen(client, 2, log)
    const first = await hubStream(server, 4, made('orders/1', 5, 3), made('orders/1', 7, 5), made('orders/2', 9, 1))
    await log.count(3)
    first.cut()
    const second = await hubStream(server, 9)
    expect(topicsOf(second)).toEqual(['orders/1@1.e.7', 'orders/2@1.e.9'])
    expect(second.request.headers.has('last-event-id')).toBe(false)
  })

  test('after an event was left out asks for its topic from the last one before it, and for no other again', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const { log } = listen(client, 1)
    listen(client, 2, log)
    await hubStream(server, 4, made('orders/1', 5, 3), made('orders/2', 8, 2), made('orders/1', 9, 7))
    const second = await hubStream(server, 9, made('orders/1', 7, 5))
    expect(topicsOf(second)).toEqual(['orders/1@1.e.5', 'orders/2@1.e.8'])
    // This server has it no more: it is live at 9, and 7 did not come before.
    expect(log.entries).toEqual(['1:5', '2:8'])
  })

  test('is made again for what is left out, and a gap is told where it is still missing', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const { log } = listen(client, 1)
    await hubStream(server, 4, made('orders/1', 9, 7))
    const second = await server.next()
    second.open().send(ready() + made('orders/1', 9, 7))
    expect(await log.count(2)).toEqual(['trimmed', '1:9'])
  })
})

describe('another topic', () => {
  test('is asked for beside the old connection, which goes on until the new one is live', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const { log } = listen(client, 1)
    const old = await hubStream(server, 4, made('orders/1', 5, 3))
    await log.count(1)
    listen(client, 2, log)
    const next = await server.next()
    expect(topicsOf(next)).toEqual(['orders/1@1.e.5', 'orders/2'])
    next.open().send(ready())
    old.send(made('orders/1', 6, 5))
    await log.count(2)
    next.send(made('orders/1', 6, 5) + live(6, ['orders/1', 'orders/2']) + made('orders/2', 7, 2))
    await old.gone
    expect(await log.count(3)).toEqual(['1:5', '1:6', '2:7'])
  })

  test('is asked for together with others that come right after it', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const { log } = listen(client, 1)
    await hubStream(server, 4, made('orders/1', 5, 3))
    await log.count(1)
    listen(client, 2)
    await turns(1)
    listen(client, 3)
    expect(topicsOf(await hubStream(server, 5))).toEqual(['orders/1@1.e.5', 'orders/2', 'orders/3'])
  })

  test('that comes while a connection begins is asked for once that is live', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    listen(client, 1)
    const first = await server.next()
    listen(client, 2)
    await turns()
    expect(server.requests).toBe(1)
    first.open().send(ready() + live(4, ['orders/1']))
    expect(topicsOf(await hubStream(server, 4))).toEqual(['orders/1@1.e.4', 'orders/2'])
  })

  test('costs no request where another subscription has it already', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const { log } = listen(client, 1)
    const exchange = await hubStream(server, 4, made('orders/1', 5, 3))
    await log.count(1)
    const second = listen(client, 1)
    await turns()
    exchange.send(made('orders/1', 6, 5))
    expect(await second.log.count(1)).toEqual(['1:6'])
    expect(server.requests).toBe(1)
  })

  test('whose connection fails leaves the old one alone', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const { log } = listen(client, 1)
    const old = await hubStream(server, 4, made('orders/1', 5, 3))
    await log.count(1)
    const second = listen(client, 2)
    ;(await server.next()).answer(403)
    expect(await second.log.count(1)).toEqual(['http_status'])
    expect(second.state).toBe('closed')
    old.send(made('orders/1', 6, 5))
    expect(await log.count(2)).toEqual(['1:5', '1:6'])
  })

  test('is tried again where its connection fails for a time', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const { log } = listen(client, 1)
    const old = await hubStream(server, 4, made('orders/1', 5, 3))
    await log.count(1)
    listen(client, 2, log)
    ;(await server.next()).answer(503)
    await hubStream(server, 5, made('orders/2', 6, 1))
    expect(await log.count(2)).toEqual(['1:5', '2:6'])
    await old.gone
  })
})

describe('what the server says of some topics', () => {
  test('denied, it fails alone', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const errors = new Log<SubscriptionError>()
    const denied = client.subscribe(order(1), { onError: errors.add })
    denied.on('made', () => {})
    const { log } = listen(client, 2)
    const exchange = await server.next()
    exchange
      .open()
      .send(ready() + control({ type: 'sse.error', code: 'denied', message: 'not yours', retry: false, topics: ['orders/1'] }))
      .send(live(4, ['orders/2']) + made('orders/2', 5, 3))
    expect(await errors.count(1)).toMatchObject([{ code: 'server_error', reason: 'denied', topics: ['orders/1'] }])
    expect(denied.getSnapshot()).toMatchObject({ state: 'closed', reason: 'failed' })
    expect(await log.count(1)).toEqual(['2:5'])
    expect(client.getSnapshot().state).toBe('open')
  })

  test('ended, it ends alone', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const ended = listen(client, 1)
    const { log } = listen(client, 2)
    const loop = ended[Symbol.asyncIterator]()
    await hubStream(server, 4, control({ type: 'sse.end', reason: 'done', topics: ['orders/1'] }, '1.e.5-3'), made('orders/2', 6, 3))
    expect(await loop.next()).toEqual({ done: true, value: undefined })
    expect(ended.getSnapshot()).toMatchObject({ state: 'closed', reason: 'ended' })
    expect(await log.count(1)).toEqual(['2:6'])
    expect(server.requests).toBe(1)
  })

  test('the end of the stream ends all, and is not asked again', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const both = [listen(client, 1), listen(client, 2)]
    const exchange = await hubStream(server, 4, control({ type: 'sse.end', reason: 'done' }, 'sse.end'))
    await exchange.gone
    for (const one of both) expect(one.getSnapshot()).toMatchObject({ state: 'closed', reason: 'ended' })
    expect(client.getSnapshot()).toMatchObject({ state: 'closed', reason: 'ended' })
  })

  test('a gap is told to whose topic it is', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const one = listen(client, 1)
    const other = listen(client, 2)
    await hubStream(
      server,
      4,
      control({ type: 'sse.gap', topics: ['orders/1'], reason: 'overflow' }),
      made('orders/1', 9, 8),
      made('orders/2', 10, 1),
    )
    expect(await other.log.count(1)).toEqual(['2:10'])
    expect(one.log.entries).toEqual(['overflow', '1:9'])
  })
})

describe('the answer', () => {
  test('204 ends all', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const both = [listen(client, 1), listen(client, 2)]
    const loops = both.map((one) => one[Symbol.asyncIterator]().next())
    ;(await server.next()).answer(204)
    expect(await Promise.all(loops)).toMatchObject([{ done: true }, { done: true }])
    expect(client.getSnapshot()).toMatchObject({ state: 'closed', reason: 'ended' })
  })

  test.each([400, 403, 404])('%i fails all, and is not asked again', async (status) => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const both = [listen(client, 1), listen(client, 2)]
    ;(await server.next()).answer(status)
    for (const { log } of both) expect(await log.count(1)).toEqual(['http_status'])
    expect(client.getSnapshot()).toMatchObject({ state: 'closed', reason: 'failed', error: { status } })
    await turns()
    expect(server.requests).toBe(1)
  })

  test('401 is asked once more with fresh headers, and then fails', async () => {
    await using server = await startServer()
    const refreshed: boolean[] = []
    await using client = clientOn(server.url, {
      headers: ({ refresh }) => {
        refreshed.push(refresh)
        return { authorization: `Bearer ${refreshed.length}` }
      },
    })
    const { log } = listen(client, 1)
    ;(await server.next()).answer(401)
    const second = await server.next()
    expect(second.request.headers.get('authorization')).toBe('Bearer 2')
    second.answer(401)
    expect(await log.count(1)).toEqual(['http_status'])
    expect(refreshed).toEqual([false, true])
  })

  test('after a failure a new subscription asks again', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const { log } = listen(client, 1)
    ;(await server.next()).answer(403)
    await log.count(1)
    const second = listen(client, 2)
    expect(topicsOf(await hubStream(server, 4, made('orders/2', 5, 3)))).toEqual(['orders/2'])
    expect(await second.log.count(1)).toEqual(['2:5'])
  })

  test('a stream that is no hub’s fails in words that say so', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const errors = new Log<SubscriptionError>()
    client.subscribe(order(1), { onError: errors.add }).on('made', () => {})
    ;(await server.next()).open().send('event: made\ndata: 1\n\n')
    const [error] = await errors.count(1)
    expect(error).toMatchObject({ code: 'content_type', message: `${server.url} is no hub's stream: wrong URL?` })
  })

  test('a page is no stream', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const { log } = listen(client, 1)
    ;(await server.next()).answer(200, { 'content-type': 'text/html' }, '<html>')
    expect(await log.count(1)).toEqual(['content_type'])
  })
})

describe('in time', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  /** A client whose first topic is live. */
  async function begun(options: Partial<ClientOptions> = {}) {
    const hand = handFetch()
    const client = clientOn('http://sse.test/', { fetch: hand.fetch, ...options })
    const first = listen(client, 1)
    const exchange = await asked(hand, 1)
    exchange.open(ready() + live(4, ['orders/1']))
    await turns()
    return { hand, client, first, exchange }
  }

  /** The last of so many requests, once it is there. */
  async function asked({ asked: all }: HandFetch, count: number, wait = 10): Promise<Asked> {
    await turns(2)
    await vi.advanceTimersByTimeAsync(wait)
    await turns(2)
    expect(all).toHaveLength(count)
    const last = all.at(-1)
    if (!last) throw new Error('nothing was asked')
    return last
  }

  test('a new connection without an answer for 2 s takes the old one’s place, which may hold its socket', async () => {
    const { hand, client, first, exchange } = await begun()
    listen(client, 2)
    const next = await asked(hand, 2)
    await vi.advanceTimersByTimeAsync(1_999)
    expect(exchange.isClosed).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    expect(exchange.isClosed).toBe(true)
    expect(client.getSnapshot().state).toBe('connecting')
    next.open(ready() + live(4, ['orders/1', 'orders/2']) + made('orders/1', 5, 3))
    await turns()
    expect(first.log.entries).toEqual(['1:5'])
    expect(hand.asked).toHaveLength(2)
    client.close()
  })

  test('a new connection with an answer may take as long as it likes until it is live', async () => {
    const { hand, client, exchange } = await begun()
    listen(client, 2)
    const next = await asked(hand, 2)
    next.open(ready())
    await turns()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(exchange.isClosed).toBe(false)
    next.send(live(4, ['orders/1', 'orders/2']))
    await turns()
    expect(exchange.isClosed).toBe(true)
    client.close()
  })

  test('an old connection that is lost beside a new one is not made again', async () => {
    const { hand, client, exchange } = await begun()
    const { log } = listen(client, 2)
    const next = await asked(hand, 2)
    exchange.cut()
    await turns()
    await vi.advanceTimersByTimeAsync(1_000)
    next.open(ready() + live(4, ['orders/1', 'orders/2']) + made('orders/2', 5, 3))
    await turns()
    expect(log.entries).toEqual(['2:5'])
    expect(hand.asked).toHaveLength(2)
    client.close()
  })

  test.each([403, 400])('topics that came while a first one is answered %d are asked for then', async (status) => {
    const hand = handFetch()
    const client = clientOn('http://sse.test/', { fetch: hand.fetch })
    const one = listen(client, 1)
    const first = await asked(hand, 1)
    const other = listen(client, 2)
    // There is no position yet that another connection could begin at.
    await vi.advanceTimersByTimeAsync(1_000)
    expect(hand.asked).toHaveLength(1)
    first.answer(status)
    const second = await asked(hand, 2)
    expect(second.topics).toEqual(['orders/2'])
    second.open(ready() + live(4, ['orders/2']) + made('orders/2', 5, 3))
    await turns()
    expect([one.log.entries, other.log.entries]).toEqual([['http_status'], ['2:5']])
    client.close()
  })

  test('topics that came while an added one is answered 400 are asked for then, beside those that are there', async () => {
    const { hand, client, first } = await begun()
    const refused = listen(client, 2)
    const second = await asked(hand, 2)
    const other = listen(client, 3)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(hand.asked).toHaveLength(2)
    second.answer(400)
    const third = await asked(hand, 3)
    expect(third.topics).toEqual(['orders/1@1.e.4', 'orders/3'])
    third.open(ready() + live(4, ['orders/1', 'orders/3']) + made('orders/1', 5, 3) + made('orders/3', 6, 3))
    await turns()
    expect([first.log.entries, refused.log.entries, other.log.entries]).toEqual([['1:5'], ['http_status'], ['3:6']])
    client.close()
  })

  test('a topic lingers: whoever comes right back costs no request, and misses nothing', async () => {
    const { hand, client, first, exchange } = await begun()
    listen(client, 2)
    ;(await asked(hand, 2)).open(ready() + live(4, ['orders/1', 'orders/2']))
    await turns()
    expect(exchange.isClosed).toBe(true)
    first.close()
    await vi.advanceTimersByTimeAsync(2_900)
    const again = listen(client, 1)
    await turns()
    hand.asked[1]?.send(made('orders/1', 5, 3))
    await turns()
    expect(again.log.entries).toEqual(['1:5'])
    await vi.advanceTimersByTimeAsync(10_000)
    expect(hand.asked).toHaveLength(2)
    client.close()
  })

  test('after the linger a topic leaves, beside the others', async () => {
    const { hand, client, first } = await begun()
    listen(client, 2)
    const both = await asked(hand, 2)
    both.open(ready() + live(4, ['orders/1', 'orders/2']))
    await turns()
    first.close()
    await vi.advanceTimersByTimeAsync(2_999)
    expect(hand.asked).toHaveLength(2)
    const left = await asked(hand, 3, 1)
    expect(left.topics).toEqual(['orders/2@1.e.4'])
    left.open(ready() + live(4, ['orders/2']))
    await turns()
    expect(both.isClosed).toBe(true)
    client.close()
  })

  test('the last one closes the connection after the linger, and the client waits', async () => {
    const { client, first, exchange } = await begun()
    first.close()
    await vi.advanceTimersByTimeAsync(2_999)
    expect(exchange.isClosed).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    expect(exchange.isClosed).toBe(true)
    expect(client.getSnapshot()).toMatchObject({ state: 'waiting', reason: 'idle' })
    expect(vi.getTimerCount()).toBe(0)
    client.close()
  })

  test('whoever leaves before the connection is live lingers, too', async () => {
    const hand = handFetch()
    const client = clientOn('http://sse.test/', { fetch: hand.fetch })
    const first = listen(client, 1)
    const exchange = await asked(hand, 1)
    first.close()
    exchange.open(ready() + live(4, ['orders/1']))
    await turns()
    await vi.advanceTimersByTimeAsync(2_000)
    expect(exchange.isClosed).toBe(false)
    const { log } = listen(client, 1)
    await turns()
    exchange.send(made('orders/1', 5, 3))
    await turns()
    expect(log.entries).toEqual(['1:5'])
    expect(hand.asked).toHaveLength(1)
    client.close()
  })

  test('whose linger is over before the connection is live leaves then', async () => {
    const { hand, client, first, exchange } = await begun({ linger: 50 })
    listen(client, 2)
    const next = await asked(hand, 2)
    next.open(ready())
    first.close()
    await vi.advanceTimersByTimeAsync(500)
    next.send(live(4, ['orders/1', 'orders/2']))
    expect((await asked(hand, 3)).topics).toEqual(['orders/2@1.e.4'])
    expect(exchange.isClosed).toBe(true)
    client.close()
  })

  test('the linger is what the option says', async () => {
    const { client, first, exchange } = await begun({ linger: 50 })
    first.close()
    await vi.advanceTimersByTimeAsync(49)
    expect(exchange.isClosed).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    expect(exchange.isClosed).toBe(true)
    client.close()
  })

  test('a connection that stays live is not changed by what the server vouches for, while a topic lingers', async () => {
    const { hand, client, first, exchange } = await begun()
    listen(client, 1)
    const second = listen(client, 2)
    const next = await asked(hand, 2)
    next.open(ready() + live(4, ['orders/1', 'orders/2']))
    await turns()
    second.close()
    next.send(live(8, ['orders/1', 'orders/2']))
    await turns()
    await vi.advanceTimersByTimeAsync(1_000)
    expect(hand.asked).toHaveLength(2)
    expect(first.state).toBe('open')
    expect(exchange.isClosed).toBe(true)
    client.close()
  })

  test('503 comes back, not before Retry-After', async () => {
    const hand = handFetch()
    const client = clientOn('http://sse.test/', { fetch: hand.fetch })
    const { state } = listen(client, 1)
    expect(state).toBe('connecting')
    ;(await asked(hand, 1)).answer(503, { 'retry-after': '7' })
    await turns()
    expect(client.getSnapshot()).toMatchObject({ state: 'waiting', reason: 'lost', error: { status: 503 } })
    await vi.advanceTimersByTimeAsync(6_900)
    expect(hand.asked).toHaveLength(1)
    await asked(hand, 2, 101)
    client.close()
  })

  test('what is subscribed to during the wait is in the next attempt, and makes none of its own', async () => {
    const hand = handFetch()
    const client = clientOn('http://sse.test/', { fetch: hand.fetch })
    listen(client, 1)
    ;(await asked(hand, 1)).answer(503, { 'retry-after': '7' })
    await turns()
    listen(client, 2)
    await vi.advanceTimersByTimeAsync(6_000)
    expect(hand.asked).toHaveLength(1)
    expect((await asked(hand, 2, 1_010)).topics).toEqual(['orders/1', 'orders/2'])
    client.close()
  })

  test('closed, no timer is left', async () => {
    const { hand, client, exchange } = await begun()
    listen(client, 2)
    const next = await asked(hand, 2)
    client.close()
    await turns()
    expect([exchange.isClosed, next.isClosed]).toEqual([true, true])
    expect(vi.getTimerCount()).toBe(0)
  })
})
