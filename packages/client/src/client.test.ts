import { channel, defineContract, isoDate } from '@sse/schema'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { buffered } from './buffer.js'
import { type ClientOptions, type ClientSnapshot, createClient } from './client.js'
import type { SubscriptionError } from './errors.js'
import type { State } from './state.js'
import { collect, deferred, failureOf, turns } from './testing/async.js'
import { handFetch } from './testing/hand-fetch.js'
import { hubStream, live, made, startServer, topicsOf } from './testing/hub-server.js'
import { Log } from './testing/log.js'
import { control, event, ready } from './testing/wire.js'

const contract = defineContract({
  order: channel('orders/:id', { made: z.number(), shipped: z.object({ at: isoDate }) }),
  inbox: channel('users/:userId/inbox', { message: z.string() }),
  news: channel('news', { made: z.number() }),
})
type Contract = typeof contract

const order = (id: string | number) => contract.order({ id })

function clientOn(url: string, options: Partial<ClientOptions> = {}) {
  return createClient<Contract>({ url, reconnect: { baseDelay: 0 }, ...options })
}

/** A client without a server, for what is refused or closed before it connects. */
function unconnected() {
  return clientOn('http://sse.test/', { fetch: handFetch().fetch })
}

describe('subscribing by a pattern', () => {
  test('needs no contract where it runs: the name is the pattern with its params', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const subscription = client.subscribe('users/:userId/inbox', { userId: 7 })
    expect(subscription.topic).toBe('users/7/inbox')
    const log = new Log<string>()
    subscription.on('message', ({ data }) => log.add(data))
    await hubStream(server, 4, event('users/7/inbox#message', 'hi', '1.e.5-3'))
    expect(await log.count(1)).toEqual(['hi'])
  })

  test('gives what is on the wire, unchecked', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const log = new Log<unknown>()
    client.subscribe('orders/:id', { id: 1 }).on('shipped', ({ data }) => log.add(data))
    await hubStream(server, 4, event('orders/1#shipped', { at: '2026-01-01T00:00:00.000Z' }, '1.e.5-3'))
    expect(await log.count(1)).toEqual([{ at: '2026-01-01T00:00:00.000Z' }])
  })

  test.each([
    ['a/b', 'orders/a%2Fb'],
    ['*', 'orders/%2A'],
    ['x@now', 'orders/x%40now'],
    ['x#y', 'orders/x%23y'],
    ['ü €', 'orders/%C3%BC%20%E2%82%AC'],
  ])('encodes the param %j as a contract does', (id, name) => {
    const client = unconnected()
    expect(client.subscribe('orders/:id', { id }).topic).toBe(name)
    expect(order(id).name).toBe(name)
    client.close()
  })

  test('asks for such a name as it is, and takes its events', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const log = new Log<number>()
    client.subscribe('orders/:id', { id: 'x@now' }).on('made', ({ data }) => log.add(data))
    const exchange = await hubStream(server, 4, made('orders/x%40now', 5, 3))
    expect(topicsOf(exchange)).toEqual(['orders/x%40now'])
    expect(await log.count(1)).toEqual([5])
  })

  test.each(['', '.', '..', '\uD800', Number.NaN])('refuses the param %j, which no topic has', (id) => {
    const client = unconnected()
    expect(() => client.subscribe('orders/:id', { id })).toThrow(expect.objectContaining({ code: 'invalid_option' }))
    client.close()
  })

  test('takes one without params', () => {
    const client = unconnected()
    expect(client.subscribe('news', {}).topic).toBe('news')
    client.close()
  })

  test('takes a subtree', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const log = new Log<string | undefined>()
    client.subscribe('orders/*', {}).on('made', ({ topic }) => log.add(topic))
    expect(topicsOf(await hubStream(server, 4, made('orders/1', 5, 3), made('orders/2', 6, 1)))).toEqual(['orders/*'])
    expect(await log.count(2)).toEqual(['orders/1', 'orders/2'])
  })
})

describe('subscribing with the contract', () => {
  test('decodes', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const log = new Log<Date>()
    client.subscribe(order(1)).on('shipped', ({ data }) => log.add(data.at))
    await hubStream(server, 4, event('orders/1#shipped', { at: '2026-01-01T00:00:00.000Z' }, '1.e.5-3'))
    expect(await log.count(1)).toEqual([new Date('2026-01-01T00:00:00.000Z')])
  })

  test('tells what does not fit, and goes on', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const log = new Log<unknown>()
    client.subscribe(order(1), { onError: ({ code }) => log.add(code) }).on('made', ({ data }) => log.add(data))
    await hubStream(server, 4, event('orders/1#made', 'five', '1.e.5-3'), made('orders/1', 6, 5))
    expect(await log.count(2)).toEqual(['invalid_event', 6])
  })

  test('takes a subtree', () => {
    const client = unconnected()
    expect(client.subscribe(contract.order.all()).topic).toBe('orders/*')
    client.close()
  })

  test('a topic and its subtree both get its events, decoded by each', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const log = new Log<string>()
    client.subscribe(order(1)).on('made', ({ data }) => log.add(`one ${data}`))
    client.subscribe(contract.order.all()).on('made', ({ data }) => log.add(`all ${data}`))
    await hubStream(server, 4, made('orders/1', 5, 3), made('orders/2', 6, 1))
    expect(await log.count(3)).toEqual(['one 5', 'all 5', 'all 6'])
  })
})

describe('the start', () => {
  test.each<[string | undefined, string]>([
    [undefined, 'orders/1'],
    ['now', 'orders/1'],
    ['last:10', 'orders/1@last:10'],
    ['last:0', 'orders/1@last:0'],
    ['1.e.7', 'orders/1@1.e.7'],
    ['1.e.7-3', 'orders/1@1.e.7'],
  ])('%j is asked for as %s', async (start, asked) => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    client.subscribe(order(1), { start }).on('made', () => {})
    expect(topicsOf(await server.next())).toEqual([asked])
  })

  test.each(['yesterday', 'last:', 'last:-1', 'last:07', 'last:1000000', '1.e', '7'])('%j is refused at once', (start) => {
    const client = unconnected()
    expect(() => client.subscribe(order(1), { start })).toThrow(expect.objectContaining({ code: 'invalid_option' }))
    client.close()
  })

  test('the last few of a subtree are refused: no server has them', () => {
    const client = unconnected()
    expect(() => client.subscribe(contract.order.all(), { start: 'last:5' })).toThrow(expect.objectContaining({ code: 'invalid_option' }))
    client.close()
  })

  test('at the last few is replayed, and goes on from there', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const log = new Log<number>()
    client.subscribe(order(1), { start: 'last:2' }).on('made', ({ data }) => log.add(data))
    const exchange = await server.next()
    exchange.open().send(ready() + made('orders/1', 7, 5) + made('orders/1', 8, 7) + live(9, ['orders/1']) + made('orders/1', 10, 8))
    expect(await log.count(3)).toEqual([7, 8, 10])
    exchange.cut()
    expect(topicsOf(await server.next())).toEqual(['orders/1@1.e.10'])
  })

  test('of two at one topic, the earlier is asked for, and each gets what it wants', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const logs = ['1.e.6', '1.e.4'].map((start) => {
      const log = new Log<number>()
      client.subscribe(order(1), { start }).on('made', ({ data }) => log.add(data))
      return log
    })
    const exchange = await server.next()
    expect(topicsOf(exchange)).toEqual(['orders/1@1.e.4'])
    exchange.open().send(ready() + made('orders/1', 5, 4) + made('orders/1', 6, 5) + made('orders/1', 7, 6) + live(7, ['orders/1']))
    expect(await logs[1]?.count(3)).toEqual([5, 6, 7])
    expect(logs[0]?.entries).toEqual([7])
  })

  test('now gets nothing that is replayed for another', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const now = new Log<number>()
    const all = new Log<number>()
    client.subscribe(order(1)).on('made', ({ data }) => now.add(data))
    client.subscribe(order(1), { start: '1.e.4' }).on('made', ({ data }) => all.add(data))
    const exchange = await server.next()
    expect(topicsOf(exchange)).toEqual(['orders/1@1.e.4'])
    exchange.open().send(ready() + made('orders/1', 5, 4) + live(5, ['orders/1']) + made('orders/1', 6, 5))
    expect(await all.count(2)).toEqual([5, 6])
    expect(await now.count(1)).toEqual([6])
    expect(server.requests).toBe(1)
  })

  test('the last few for one leave out nothing for whoever is at a position: that is asked for next', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const all = new Log<number>()
    const few = new Log<number>()
    client.subscribe(order(1), { start: '1.e.0' }).on('made', ({ data }) => all.add(data))
    client.subscribe(order(1), { start: 'last:1' }).on('made', ({ data }) => few.add(data))
    const first = await server.next()
    expect(topicsOf(first)).toEqual(['orders/1@last:1'])
    first.open().send(ready() + made('orders/1', 3, 2) + live(3, ['orders/1']))
    expect(await few.count(1)).toEqual([3])
    const second = await server.next()
    expect(topicsOf(second)).toEqual(['orders/1@1.e.0'])
    second.open().send(ready() + made('orders/1', 1, 0) + made('orders/1', 2, 1) + made('orders/1', 3, 2) + live(3, ['orders/1']))
    second.send(made('orders/1', 4, 3))
    expect(await all.count(4)).toEqual([1, 2, 3, 4])
    expect(await few.count(2)).toEqual([3, 4])
  })

  test('at a position that a connection has passed needs another one', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const first = new Log<number>()
    client.subscribe(order(1)).on('made', ({ data }) => first.add(data))
    await hubStream(server, 4, made('orders/1', 5, 3))
    await first.count(1)
    const second = new Log<number>()
    client.subscribe(order(1), { start: '1.e.2' }).on('made', ({ data }) => second.add(data))
    const exchange = await server.next()
    expect(topicsOf(exchange)).toEqual(['orders/1@1.e.2'])
    exchange.open().send(ready() + made('orders/1', 3, 2) + made('orders/1', 5, 3) + live(5, ['orders/1']))
    expect(await second.count(2)).toEqual([3, 5])
    expect(first.entries).toEqual([5])
  })

  test('at a position that a connection has not passed joins it', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const first = new Log<number>()
    client.subscribe(order(1)).on('made', ({ data }) => first.add(data))
    const exchange = await hubStream(server, 4, made('orders/1', 5, 3))
    await first.count(1)
    const second = new Log<number>()
    client.subscribe(order(1), { start: '1.e.5' }).on('made', ({ data }) => second.add(data))
    await turns()
    exchange.send(made('orders/1', 6, 5))
    expect(await second.count(1)).toEqual([6])
    expect(server.requests).toBe(1)
  })
})

describe('reached', () => {
  test('resolves true once the position is there, and handled', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const handled = deferred()
    const subscription = client.subscribe(order(1))
    subscription.on('made', () => handled.promise)
    let isReached: boolean | undefined
    const reaching = subscription.reached('1.e.5').then((reached) => {
      isReached = reached
    })
    await hubStream(server, 4, made('orders/1', 5, 3))
    await turns()
    expect(isReached).toBeUndefined()
    handled.resolve()
    await reaching
    expect(isReached).toBe(true)
  })

  test('resolves true where another event, or the server’s word, is past it', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const subscription = client.subscribe(order(1))
    subscription.on('made', () => {})
    await hubStream(server, 9)
    expect(await subscription.reached('1.e.5-3')).toBe(true)
    expect(await subscription.reached('1.e.9')).toBe(true)
  })

  test('resolves false where it is closed before', async () => {
    const client = unconnected()
    const subscription = client.subscribe(order(1))
    subscription.on('made', () => {})
    const reaching = subscription.reached('1.e.5')
    subscription.close()
    expect(await reaching).toBe(false)
    expect(await subscription.reached('1.e.5')).toBe(false)
  })

  test('resolves false where its topic ends before', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const subscription = client.subscribe(order(1))
    subscription.on('made', () => {})
    const reaching = subscription.reached('1.e.50')
    await hubStream(server, 4, control({ type: 'sse.end', reason: 'done', topics: ['orders/1'] }, '1.e.5-3'))
    expect(await reaching).toBe(false)
  })

  test('refuses what is no position', async () => {
    const client = unconnected()
    const misuse = async () => await client.subscribe(order(1)).reached('five')
    expect(await failureOf(misuse())).toMatchObject({ code: 'invalid_option' })
    client.close()
  })
})

describe('the state', () => {
  test('of a subscription is connecting until its topic is live', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const states = new Log<State>()
    const subscription = client.subscribe(order(1), { onStateChange: ({ state }) => states.add(state) })
    subscription.on('made', () => {})
    const exchange = await server.next()
    exchange.open().send(ready())
    await turns()
    expect(subscription.state).toBe('connecting')
    expect(client.getSnapshot().state).toBe('open')
    exchange.send(live(4, ['orders/1']))
    await states.find((state) => state === 'open')
    subscription.close()
    expect(states.entries).toEqual(['open', 'closed'])
  })

  test('of a subscription is not open for what the server says of others', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const gaps = new Log<readonly string[]>()
    const subscription = client.subscribe(contract.order.all(), { onGap: ({ topics }) => gaps.add(topics) })
    subscription.on('made', () => {})
    client.subscribe(order(1), { start: '1.e.1', onGap: () => {} }).on('made', () => {})
    const exchange = await server.next()
    exchange.open().send(ready() + control({ type: 'sse.gap', topics: ['orders/1'], reason: 'trimmed' }))
    await gaps.count(1)
    // Whoever fetches the state once it is open would miss what comes until it is live.
    expect(subscription.state).toBe('connecting')
  })

  test('of a subscription follows the connection, when it is lost and found', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const states = new Log<State>()
    client.subscribe(order(1), { onStateChange: ({ state }) => states.add(state) }).on('made', () => {})
    const exchange = await hubStream(server, 4)
    await states.count(1)
    exchange.cut()
    await hubStream(server, 4)
    expect(await states.count(4)).toEqual(['open', 'waiting', 'connecting', 'open'])
  })

  test('of the client tells its listeners, and is the same object until it changes', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const seen = new Log<ClientSnapshot>()
    const stop = client.onChange(() => seen.add(client.getSnapshot()))
    expect(client.getSnapshot()).toBe(client.getSnapshot())
    const log = new Log<number>()
    client.subscribe(order(1)).on('made', ({ data }) => log.add(data))
    const exchange = await hubStream(server, 4)
    await seen.find(({ state }) => state === 'open')
    const before = client.getSnapshot()
    exchange.send(made('orders/1', 5, 3))
    await log.count(1)
    expect(client.getSnapshot()).toBe(before)
    expect(before).toMatchObject({ state: 'open', role: 'alone' })
    expect(seen.entries.map(({ state }) => state)).toEqual(['connecting', 'open'])
    stop()
    client.close()
    expect(seen.entries).toHaveLength(2)
  })

  test('of a subscription is the same object until it changes', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const log = new Log<number>()
    const subscription = client.subscribe(order(1))
    let changes = 0
    subscription.onChange(() => {
      changes += 1
    })
    subscription.on('made', ({ data }) => log.add(data))
    const exchange = await hubStream(server, 4, made('orders/1', 5, 3))
    await log.count(1)
    const before = subscription.getSnapshot()
    exchange.send(made('orders/1', 6, 5))
    await log.count(2)
    expect(subscription.getSnapshot()).toBe(before)
    expect(changes).toBe(1)
  })
})

describe('close', () => {
  test('of a client closes all subscriptions and its connection, for good', async () => {
    await using server = await startServer()
    const client = clientOn(server.url)
    const loops = [1, 2].map((id) => collect(client.subscribe(order(id))))
    const exchange = await hubStream(server, 4)
    client.close()
    expect(await Promise.all(loops)).toEqual([[], []])
    await exchange.gone
    expect(server.requests).toBe(1)
  })

  test('is what `await using` does', async () => {
    await using server = await startServer()
    let exchange: Awaited<ReturnType<typeof hubStream>>
    {
      await using client = clientOn(server.url)
      client.subscribe(order(1)).on('made', () => {})
      exchange = await hubStream(server, 4)
    }
    await exchange.gone
  })

  test('a closed client takes no subscription', () => {
    const client = unconnected()
    client.close()
    expect(() => client.subscribe(order(1))).toThrow(expect.objectContaining({ code: 'invalid_option' }))
  })

  test('of a subscription before it was ever connected costs no request', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const subscription = client.subscribe(order(1))
    subscription.on('made', () => {})
    subscription.close()
    await turns()
    expect(server.requests).toBe(0)
  })

  test('by a signal is that of one subscription', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const life = new AbortController()
    const one = client.subscribe(order(1), { signal: life.signal })
    const other = client.subscribe(order(2))
    one.on('made', () => {})
    other.on('made', () => {})
    await hubStream(server, 4)
    life.abort()
    expect(one.getSnapshot()).toMatchObject({ state: 'closed', reason: 'aborted' })
    expect(other.state).not.toBe('closed')
  })

  test('by leaving the last loop leaves the others alone', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const log = new Log<number>()
    client.subscribe(order(2)).on('made', ({ data }) => log.add(data))
    const first = (async () => {
      for await (const { data } of client.subscribe(order(1))) return data
      return undefined
    })()
    const exchange = await hubStream(server, 4, made('orders/1', 5, 3))
    expect(await first).toBe(5)
    exchange.send(made('orders/2', 6, 3))
    expect(await log.count(1)).toEqual([6])
  })

  test('by a handler keeps its event from nobody else', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const log = new Log<string>()
    const one = client.subscribe(order(1))
    one.on('made', ({ data }) => {
      log.add(`one ${data}`)
      one.close()
    })
    client.subscribe(order(1)).on('made', ({ data }) => log.add(`other ${data}`))
    await hubStream(server, 4, made('orders/1', 5, 3), made('orders/1', 6, 5))
    expect(await log.count(3)).toEqual(['one 5', 'other 5', 'other 6'])
  })
})

describe('whoever listens', () => {
  test('with a handler that ends itself gets one event, and its topic leaves', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url, { linger: 0 })
    const log = new Log<number>()
    const stop = client.subscribe(order(1)).on('made', ({ data }) => {
      log.add(data)
      stop()
    })
    const other = new Log<number>()
    client.subscribe(order(2)).on('made', ({ data }) => other.add(data))
    await hubStream(server, 4, made('orders/1', 5, 3), made('orders/1', 6, 5), made('orders/2', 7, 1))
    expect(topicsOf(await hubStream(server, 7))).toEqual(['orders/2@1.e.7'])
    expect(log.entries).toEqual([5])
    expect(other.entries).toEqual([7])
  })

  test('comes back where it was: what came meanwhile is asked for', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url, { linger: 0 })
    const log = new Log<number>()
    const subscription = client.subscribe(order(1))
    const stop = subscription.on('made', ({ data }) => log.add(data))
    const exchange = await hubStream(server, 4, made('orders/1', 5, 3))
    await log.count(1)
    stop()
    await exchange.gone
    subscription.on('made', ({ data }) => log.add(data))
    expect(topicsOf(await hubStream(server, 5))).toEqual(['orders/1@1.e.5'])
  })

  test('slowly holds the other topics back', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const handled = deferred()
    const log = new Log<string>()
    client.subscribe(order(1)).on('made', ({ data }) => {
      log.add(`slow ${data}`)
      return handled.promise
    })
    client.subscribe(order(2)).on('made', ({ data }) => log.add(`quick ${data}`))
    await hubStream(server, 4, made('orders/1', 5, 3), made('orders/2', 6, 1))
    await log.count(1)
    await turns()
    expect(log.entries).toEqual(['slow 5'])
    handled.resolve()
    expect(await log.count(2)).toEqual(['slow 5', 'quick 6'])
  })

  test('slowly, with a buffer of its own, does not', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const handled = deferred()
    const log = new Log<string>()
    const slow = client.subscribe(order(1), { buffer: buffered({ events: 10 }) })
    slow.on('made', ({ data }) => {
      log.add(`slow ${data}`)
      return handled.promise
    })
    client.subscribe(order(2)).on('made', ({ data }) => log.add(`quick ${data}`))
    await hubStream(server, 4, made('orders/1', 5, 3), made('orders/1', 6, 5), made('orders/2', 7, 1))
    expect(await log.count(2)).toEqual(['slow 5', 'quick 7'])
    expect(slow.lastEventId).toBe('1.e.4')
    handled.resolve()
    expect(await log.count(3)).toEqual(['slow 5', 'quick 7', 'slow 6'])
  })

  test('too slowly for its buffer is told what was dropped, alone', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const handled = deferred()
    const log = new Log<string>()
    const slow = client.subscribe(order(1), {
      buffer: buffered({ events: 2, overflow: 'drop-oldest' }),
      onGap: ({ topics, reason }) => log.add(`${reason} ${topics}`),
    })
    slow.on('made', ({ data }) => {
      log.add(`slow ${data}`)
      return handled.promise
    })
    const quick = new Log<number>()
    client.subscribe(order(2), { onGap: () => quick.add(-1) }).on('made', ({ data }) => quick.add(data))
    await hubStream(server, 4, ...[5, 6, 7, 8].map((at) => made('orders/1', at, at - 1)), made('orders/2', 9, 1))
    expect(await quick.count(1)).toEqual([9])
    handled.resolve()
    expect(await log.find((entry) => entry === 'slow 8')).toBe('slow 8')
    expect(log.entries[1]).toBe('overflow orders/1')
  })
})

describe('the cursor', () => {
  /** A store in memory. */
  function memory(kept?: string) {
    const sets: string[] = []
    return { sets, get: () => kept, set: (cursor: string) => void sets.push(cursor) }
  }

  test('is each subscription’s own', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const log = new Log<number>()
    const [one, other] = [client.subscribe(order(1)), client.subscribe(order(2))]
    for (const each of [one, other]) each.on('made', ({ data }) => log.add(data))
    await hubStream(server, 4, made('orders/1', 5, 3), made('orders/2', 6, 1))
    await log.count(2)
    await turns()
    expect([one.lastEventId, other.lastEventId]).toEqual(['1.e.5-3', '1.e.6-1'])
  })

  test('is kept in the store, and asked for from it', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const store = memory('1.e.3')
    const log = new Log<number>()
    client.subscribe(order(1), { store, start: 'last:5' }).on('made', ({ data }) => log.add(data))
    const exchange = await hubStream(server, 4, made('orders/1', 5, 3))
    expect(topicsOf(exchange)).toEqual(['orders/1@1.e.3'])
    await log.count(1)
    await turns()
    expect(store.sets).toEqual(['1.e.4', '1.e.5-3'])
  })

  test('of a store that holds nothing is the start', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    client.subscribe(order(1), { store: memory(), start: 'last:5' }).on('made', () => {})
    expect(topicsOf(await server.next())).toEqual(['orders/1@last:5'])
  })

  test('of a store that is no hub’s fails alone', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const errors = new Log<SubscriptionError>()
    client.subscribe(order(1), { store: memory('yesterday'), onError: errors.add }).on('made', () => {})
    client.subscribe(order(2)).on('made', () => {})
    expect(topicsOf(await server.next())).toEqual(['orders/2'])
    expect(await errors.count(1)).toMatchObject([{ code: 'invalid_option' }])
  })

  test('of what waits behind a busy handler stays where it is, though that leaves: the next one gets it', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const busy = deferred()
    const log = new Log<number>()
    const subscription = client.subscribe(order(1))
    const leave = subscription.on('made', ({ data }) => {
      log.add(data)
      return busy.promise
    })
    const old = await hubStream(server, 4)
    await turns()
    // Another connection is to take over, and has more than the busy one.
    client.subscribe(order(2)).on('made', () => {})
    const next = await server.next()
    old.send(made('orders/1', 5, 3))
    await log.count(1)
    next.open().send(ready(), made('orders/1', 5, 3), made('orders/1', 6, 5), live(6, ['orders/1', 'orders/2']))
    await turns()
    leave()
    busy.resolve()
    await turns()
    subscription.on('made', ({ data }) => log.add(data))
    expect(await log.count(2)).toEqual([5, 6])
    await turns()
    expect(subscription.lastEventId).toBe('1.e.6-5')
  })

  test('with manual ack stays until it is said, while the connection goes on', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const store = memory()
    const log = new Log<{ readonly id: string }>()
    const subscription = client.subscribe(order(1), { store, ack: 'manual' })
    subscription.on('made', log.add)
    const exchange = await hubStream(server, 4, made('orders/1', 5, 3), made('orders/1', 6, 5))
    const [first] = await log.count(2)
    // Where it was live: a later life misses nothing of what was not acknowledged.
    expect(subscription.lastEventId).toBe('1.e.4')
    if (first) subscription.ack(first)
    expect(subscription.lastEventId).toBe('1.e.5-3')
    expect(store.sets).toEqual(['1.e.4', '1.e.5-3'])
    exchange.cut()
    expect(topicsOf(await server.next())).toEqual(['orders/1@1.e.6'])
  })
})

describe('options that could never work', () => {
  test.each<[string, ClientOptions]>([
    ['a URL that is none', { url: 'events' }],
    ['one of another protocol', { url: 'ftp://sse.test/' }],
    ['headers that are none', { url: 'http://sse.test/', headers: { 'no header': 'x' } }],
    ['sharing among tabs with headers, which are somebody’s', { url: 'http://sse.test/', shared: true, headers: { a: 'b' } }],
  ])('%s', (_, options) => {
    expect(() => createClient<Contract>(options)).toThrow(expect.objectContaining({ code: 'invalid_option' }))
  })

  test('shared where there are no tabs is a client alone', () => {
    const client = clientOn('http://sse.test/', { fetch: handFetch().fetch, shared: true })
    expect(client.getSnapshot().role).toBe('alone')
    client.close()
  })
})

describe('an unhandled gap', () => {
  beforeEach(() => {
    vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  })
  afterEach(() => {
    vi.restoreAllMocks()
  })

  test('is never silent', async () => {
    await using server = await startServer()
    await using client = clientOn(server.url)
    const log = new Log<number>()
    client.subscribe(order(1)).on('made', ({ data }) => log.add(data))
    await hubStream(server, 4, control({ type: 'sse.gap', topics: ['orders/1'], reason: 'trimmed' }), made('orders/1', 9, 8))
    await log.count(1)
    expect(process.emitWarning).toHaveBeenCalledWith(expect.objectContaining({ code: 'gap', topics: ['orders/1'] }))
  })
})

test('a loop over a topic that was live throws what no further attempt would mend', async () => {
  await using server = await startServer()
  await using client = clientOn(server.url)
  const subscription = client.subscribe('orders/:id', { id: 1 })
  const loop = subscription[Symbol.asyncIterator]()
  const first = loop.next()
  const stream = await hubStream(server, 4, made('orders/1', 5, 3))
  await first
  const failed = failureOf(loop.next())
  stream.cut()
  ;(await server.next()).answer(404)
  expect(await failed).toMatchObject({ code: 'http_status', status: 404 })
  expect(subscription.getSnapshot()).toMatchObject({ state: 'closed', reason: 'failed' })
})

test('a listener of the client that throws keeps nothing from anybody, and is told as unhandled', async () => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  await using server = await startServer()
  await using client = clientOn(server.url)
  client.onChange(() => {
    throw new Error('mine')
  })
  const log = new Log<number>()
  client.subscribe('orders/:id', { id: 1 }).on('made', ({ data }) => log.add(data))
  await hubStream(server, 4, made('orders/1', 5, 3))
  expect(await log.count(1)).toEqual([5])
  expect(warned).toHaveBeenCalledWith(expect.objectContaining({ code: 'handler_failed' }))
  warned.mockRestore()
})
