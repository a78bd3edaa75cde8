import { channel, defineContract } from '@sse/schema'
import { format } from '@sse/schema/wire'
import { afterEach, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { type Client, createClient, type TopicOptions } from './client.js'
import { turns } from './testing/async.js'
import { hubStream, live, made, startServer, topicsOf } from './testing/hub-server.js'
import { Log } from './testing/log.js'
import { Page } from './testing/page.js'
import { control, ready } from './testing/wire.js'

// What tabs that share a connection are served, over the platform's own Web Locks and BroadcastChannel. In a browser, with tabs that are
// closed, crash and hang, they are tested in e2e/tests/tabs.spec.ts.

const contract = defineContract({ order: channel('orders/:id', { made: z.number(), line: z.string() }) })
type Contract = typeof contract

afterEach(() => {
  vi.unstubAllGlobals()
})

/** A tab of a page that is there. Tabs of one test share. */
function tabOn(url: string): Client<Contract> {
  return createClient<Contract>({ url, reconnect: { baseDelay: 0 }, shared: { identity: expect.getState().currentTestName ?? '' } })
}

/** What one subscription is told, in order. */
function listen(client: Client<Contract>, id: string, options: TopicOptions = {}) {
  const log = new Log<string>()
  const told: TopicOptions = {
    onGap: ({ reason }) => log.add(`gap ${reason}`),
    onEnd: () => log.add('end'),
    onError: ({ message }) => log.add(message),
    ...options,
  }
  const subscription = id === '*' ? client.subscribe('orders/*', {}, told) : client.subscribe('orders/:id', { id }, told)
  subscription.onEvent(({ data }) => log.add(`${data}`))
  return { subscription, log }
}

/** Waits until it is served. */
async function isLive({ subscription }: ReturnType<typeof listen>): Promise<void> {
  await vi.waitFor(() => expect([subscription.state, subscription.lastEventId !== '']).toEqual(['open', true]))
}

test('the end of one topic ends its subscription, and no other', async () => {
  new Page()
  await using server = await startServer()
  await using client = tabOn(server.url)
  const [one, other] = [listen(client, 'a'), listen(client, 'b')]
  const exchange = await hubStream(server, 4)
  await isLive(other)
  exchange.send(control({ type: 'sse.end', topics: ['orders/a'], reason: 'done' }, '1.e.5-3'), made('orders/b', 6, 2))
  expect(await other.log.count(1)).toEqual(['6'])
  expect(await one.log.count(1)).toEqual(['end'])
  expect([one.subscription.state, other.subscription.state]).toEqual(['closed', 'open'])
})

test('a topic beside its subtree begins where it says, though the subtree is ahead', async () => {
  new Page()
  await using server = await startServer()
  await using client = tabOn(server.url)
  const subtree = listen(client, '*')
  const first = await hubStream(server, 14)
  await isLive(subtree)
  const topic = listen(client, '1', { start: 'last:3' })
  const second = await server.next()
  expect(topicsOf(second)).toContain('orders/1@last:3')
  first.send(made('orders/1', 20, 12))
  await subtree.log.count(1)
  second
    .open()
    .send(ready(), ...[10, 12].map((at) => made('orders/1', at, at - 2)), made('orders/1', 20, 12), live(20, ['orders/*', 'orders/1']))
  expect(await topic.log.count(3)).toEqual(['10', '12', '20'])
  expect(subtree.log.entries).toEqual(['20'])
})

test('a topic that is live says nothing of one that waits: a reader of that begins where it says', async () => {
  new Page()
  await using server = await startServer()
  await using client = tabOn(server.url)
  const one = listen(client, 'a')
  await hubStream(server, 4)
  await isLive(one)
  const now = listen(client, 'b')
  const second = await server.next()
  const earlier = listen(client, 'b', { start: '1.e.10' })
  await turns()
  second.open().send(ready(), live(14, ['orders/a', 'orders/b']))
  await isLive(now)
  const third = await server.next()
  expect(topicsOf(third)).toContain('orders/b@1.e.10')
  third.open().send(ready(), made('orders/b', 12, 9), live(14, ['orders/a', 'orders/b']))
  expect(await earlier.log.count(1)).toEqual(['12'])
  expect(now.log.entries).toEqual([])
})

test('text is text, also of a topic that joins others', async () => {
  new Page()
  await using server = await startServer()
  await using client = tabOn(server.url)
  await hubStreamOf(listen(client, 'a'))
  const text = listen(client, 'b')
  const second = await server.next()
  second.open().send(ready({ text: ['line'] }), live(4, ['orders/a', 'orders/b']))
  await isLive(text)
  second.send(format({ event: 'orders/b#line', data: 'not JSON', id: '1.e.5-3' }))
  expect(await text.log.count(1)).toEqual(['not JSON'])

  async function hubStreamOf(one: ReturnType<typeof listen>): Promise<void> {
    await hubStream(server, 4)
    await isLive(one)
  }
})

test('an error of the whole stream is told once to each subscription', async () => {
  new Page()
  await using server = await startServer()
  await using client = tabOn(server.url)
  const all = ['a', 'b', 'c'].map((id) => listen(client, id))
  const exchange = await hubStream(server, 4)
  for (const one of all) await isLive(one)
  exchange.send(control({ type: 'sse.error', code: 'expired', message: 'come back', retry: true }), made('orders/c', 5, 3))
  for (const { log } of all) await log.count(1)
  await all[2]?.log.count(2)
  expect(all.map(({ log }) => log.entries)).toEqual([['come back'], ['come back'], ['come back', '5']])
})

test('a slow tab does not keep the others waiting, and loses nothing', async () => {
  new Page()
  await using server = await startServer()
  await using slow = tabOn(server.url)
  await using quick = tabOn(server.url)
  let go = (): void => {}
  const busy = new Promise<void>((resolve) => {
    go = resolve
  })
  const numbers: number[] = []
  const one = slow.subscribe('orders/:id', { id: 'a' })
  one.on('made', ({ data }) => {
    numbers.push(data)
    return busy
  })
  const other = listen(quick, 'a')
  const exchange = await hubStream(server, 4)
  await isLive(other)
  await vi.waitFor(() => expect(one.lastEventId).toBe('1.e.4'))
  // More than may wait for it.
  const count = 10_050
  for (let from = 5; from < 5 + count; from += 1_000) {
    const to = Math.min(5 + count, from + 1_000)
    exchange.send(Array.from({ length: to - from }, (_, n) => made('orders/a', from + n, from + n - 1)).join(''))
  }
  await other.log.count(count)
  expect(numbers).toEqual([5])
  go()
  await vi.waitFor(() => expect(server.requests).toBe(2), { timeout: 10_000 })
  const again = await server.next()
  const [asked = ''] = topicsOf(again)
  const from = Number(/1\.e\.(\d+)/.exec(asked)?.[1])
  const missing = Array.from({ length: 4 + count - from }, (_, n) => made('orders/a', from + n + 1, from + n))
  again.open().send(ready(), missing.join(''), live(4 + count, ['orders/a']))
  await vi.waitFor(() => expect(numbers.length).toBe(count), { timeout: 10_000 })
  expect(numbers).toEqual(Array.from({ length: count }, (_, n) => n + 5))
  expect(other.log.entries).toHaveLength(count)
})

test('a leader that was robbed while it hung shows what the new one does, once it wakes', async () => {
  new Page()
  const { locks } = navigator
  let wake = (): void => {}
  const hangs = new Promise<void>((resolve) => {
    wake = resolve
  })
  let isHanging = true
  // It hears late that the lock is gone.
  const request = (name: string, options: LockOptions, callback: LockGrantedCallback<unknown>): Promise<unknown> => {
    const mine = isHanging
    return locks.request(name, options, callback).catch(async (error: unknown) => {
      if (mine) await hangs
      throw error
    })
  }
  vi.stubGlobal('navigator', { locks: { request } })
  await using server = await startServer()
  await using old = tabOn(server.url)
  const one = listen(old, 'a')
  await hubStream(server, 4)
  await isLive(one)
  isHanging = false
  await using young = tabOn(server.url)
  const other = listen(young, 'a')
  await isLive(other)
  const key = `sse ${JSON.stringify([server.url, expect.getState().currentTestName])}`
  await locks.request(key, { steal: true }, () => {})
  await hubStream(server, 4)
  await vi.waitFor(() => expect(young.getSnapshot()).toMatchObject({ role: 'leader', state: 'open' }))
  wake()
  await vi.waitFor(() => expect(old.getSnapshot()).toMatchObject({ role: 'follower', state: 'open' }))
  expect(young.getSnapshot()).toMatchObject({ role: 'leader', state: 'open' })
  expect([one.subscription.state, other.subscription.state]).toEqual(['open', 'open'])
})

test.each([0, 1, 2])('a page that is left and shown again at once, %d turns after it began, is served', async (count) => {
  const page = new Page()
  await using server = await startServer()
  await using client = tabOn(server.url)
  const one = listen(client, 'a')
  if (count > 0) await turns(count)
  page.tell('pagehide')
  page.tell('pageshow')
  await hubStream(server, 4)
  await isLive(one)
})
