import { expect, test } from '@playwright/test'
import { HttpProxy } from '../servers/http-proxy.ts'
import { hubServer } from '../servers/process.ts'
import { Storage } from '../servers/storage.ts'
import { log, poll, publish, received, told, untilLogged, untilReceived, upTo, watch } from './watching.ts'

const topics = ['orders/1', 'orders/2', 'orders/3']
const orders = ['1', '2', '3']
const threeTopics = `/events?${topics.map((topic) => `topic=${topic}`).join('&')}`

for (const [protocol, ...args] of [['HTTP/1.1'], ['HTTP/2', '--tls']] as const) {
  test(`a hub on ${protocol} that is killed in the midst of publishing, twice, loses and doubles nothing of any topic`, async ({
    page,
    request,
  }) => {
    await using storage = await Storage.make()
    let server = await hubServer(storage.path, ...args)
    await page.goto(server.url)
    await watch(page, threeTopics)
    for (const kill of [1, 2]) {
      const publishing = publish(request, server, orders, { to: 1_000_000, every: 2 }).catch(() => 'killed')
      await untilReceived(page, topics, 40 * kill)
      await server.kill()
      expect(await publishing).toBe('killed')
      server = await hubServer(storage.path, '--port', server.port, ...args)
    }
    await using last = server
    const [before = {}] = await received(page)
    // All of it once more: what was stored is known by its key.
    await publish(request, last, orders, { to: 2_000 })
    await untilReceived(page, topics, 2_000)
    expect(before['orders/1']?.length).toBeLessThan(2_000)
    expect(await received(page)).toEqual([Object.fromEntries(topics.map((topic) => [topic, upTo(2_000)]))])
    expect((await log(page)).filter((line) => line.startsWith('gap'))).toEqual([])
  })
}

test('a reader that was away for longer than events are retained hears of the gap before it gets those that are', async ({
  page,
  request,
}) => {
  await using storage = await Storage.make()
  const first = await hubServer(storage.path, '--seconds', '60')
  await page.goto(first.url)
  await watch(page, '/events?topic=orders/1&topic=orders/2')
  await publish(request, first, ['1', '2'], { to: 3 })
  await untilReceived(page, ['orders/1', 'orders/2'], 3)
  await first.kill()
  await using elsewhere = await hubServer(storage.path, '--seconds', '60')
  await publish(request, elsewhere, ['1'], { from: 4, to: 6 })
  await told(request, elsewhere, '/clock?ahead=3600')
  await publish(request, elsewhere, ['1'], { from: 7, to: 9 })
  await using second = await hubServer(storage.path, '--seconds', '60', '--ahead', '3600', '--port', first.port)
  await untilReceived(page, ['orders/1'], 6)
  const all = await log(page)
  expect(all.slice(all.indexOf('gap trimmed orders/1'))).toEqual([
    'gap trimmed orders/1',
    'refetched',
    'orders/1 7',
    'orders/1 8',
    'orders/1 9',
  ])
  // The other topic was quiet: nothing of it is missing.
  await publish(request, second, ['1', '2'], { from: 10, to: 10 })
  await untilReceived(page, ['orders/1'], 7)
  await untilReceived(page, ['orders/2'], 4)
  expect(await received(page)).toEqual([{ 'orders/1': [1, 2, 3, 7, 8, 9, 10], 'orders/2': [1, 2, 3, 10] }])
  expect((await log(page)).filter((line) => line.startsWith('gap'))).toEqual(['gap trimmed orders/1'])
})

test('a page that stops reading costs no more than its outbox, is let go, and loses nothing', async ({ page, context, request }) => {
  await using storage = await Storage.make()
  await using server = await hubServer(storage.path)
  const stalled = await context.newPage()
  for (const reader of [page, stalled]) {
    await reader.goto(server.url)
    await watch(reader, '/events?topic=orders/1')
  }
  await stalled.evaluate(() => {
    for (const one of window.sse.watched) {
      one.hold = new Promise((resolve) => Object.assign(window, { goOn: resolve }))
    }
  })
  const batch = 10
  const size = 65_536
  let count = 0
  let largest = 0
  let disconnected = 0
  // The kernel and the browser hold some megabytes before it is seen that nobody reads.
  while (disconnected === 0 && count < 1_000) {
    largest = Math.max(largest, await publish(request, server, ['1'], { from: count + 1, to: count + batch, size }))
    count += batch
    // Whoever reads is never far behind.
    await untilReceived(page, ['orders/1'], count)
    disconnected = (await told(request, server, '/stats')).overflows.disconnected
  }
  expect(disconnected).toBe(1)
  expect(largest).toBeGreaterThan(batch * size)
  expect(largest).toBeLessThanOrEqual(1_048_576)
  expect(await received(stalled)).toEqual([{}])
  await stalled.evaluate('goOn()')
  await untilReceived(stalled, ['orders/1'], count)
  for (const reader of [page, stalled]) expect(await received(reader)).toEqual([{ 'orders/1': upTo(count) }])
})

test('a server that is drained hands its readers over to another, each in its own time, and closes', async ({ page, request }) => {
  await using storage = await Storage.make()
  await using leaving = await hubServer(storage.path)
  await using staying = await hubServer(storage.path)
  await using balancer = await HttpProxy.start(leaving.url)
  await page.goto(balancer.url)
  // A browser has six connections to an origin.
  for (const _ of upTo(5)) await watch(page, threeTopics)
  expect((await told(request, leaving, '/stats')).streams).toBe(5)
  const publishing = publish(request, staying, orders, { to: 500, every: 5 })
  await untilReceived(page, topics, 30)
  balancer.target = staying.url
  // Over by itself, with nothing left that would hold it up.
  expect(await leaving.kill('SIGTERM')).toBe(0)
  await publishing
  await untilReceived(page, topics, 500)
  const whole = Object.fromEntries(topics.map((topic) => [topic, upTo(500)]))
  expect(await received(page)).toEqual(Array(5).fill(whole))
  expect((await log(page)).filter((line) => !line.startsWith('orders/'))).toEqual([])
  expect((await told(request, staying, '/stats')).streams).toBe(5)
  expect(balancer.retries).toHaveLength(5)
  expect(Math.min(...balancer.retries)).toBeGreaterThanOrEqual(500)
  expect(new Set(balancer.retries).size).toBeGreaterThan(1)
})

test('a server on HTTP/2 is drained and closes, and its successor on the same port gets ten readers without loss', async ({
  page,
  request,
}) => {
  await using storage = await Storage.make()
  await using publisher = await hubServer(storage.path)
  await using leaving = await hubServer(storage.path, '--tls', '--within', '0')
  await page.goto(leaving.url)
  for (const _ of upTo(10)) await watch(page, threeTopics)
  const publishing = publish(request, publisher, orders, { to: 500, every: 5 })
  await untilReceived(page, topics, 30)
  expect(await leaving.kill('SIGTERM')).toBe(0)
  await using staying = await hubServer(storage.path, '--tls', '--port', leaving.port)
  await publishing
  await untilReceived(page, topics, 500)
  expect(await received(page)).toEqual(Array(10).fill(Object.fromEntries(topics.map((topic) => [topic, upTo(500)]))))
  expect((await told(request, staying, '/stats')).streams).toBe(10)
})

test('a POST asks for more topics than a URL holds, and comes back with its position', async ({ page, request }) => {
  await using storage = await Storage.make()
  await using server = await hubServer(storage.path)
  await page.goto(server.url)
  const many = upTo(100).map((n) => `${n}-${'long'.repeat(50)}`)
  const names = many.map((order) => `orders/${order}`)
  await watch(page, '/events', { body: JSON.stringify({ topics: names }), headers: { 'content-type': 'application/json' } })
  await publish(request, server, many, { to: 2 })
  await untilReceived(page, names, 2)
  expect((await told(request, server, `/disconnect?order=${many[0]}`)).count).toBe(1)
  await publish(request, server, many, { from: 3, to: 4 })
  await untilReceived(page, names, 4)
  expect(await received(page)).toEqual([Object.fromEntries(names.map((name) => [name, upTo(4)]))])
  expect((await told(request, server, '/stats')).requests).toEqual(['POST ', 'POST '])
})

test('a subtree has every topic in it, those to come included, and is resumed as one', async ({ page, request }) => {
  await using storage = await Storage.make()
  await using server = await hubServer(storage.path)
  await publish(request, server, ['before'], { to: 1 })
  await page.goto(server.url)
  await watch(page, '/events?topic=orders/*')
  await publish(request, server, ['before', 'new'], { from: 2, to: 3 })
  await untilReceived(page, ['orders/before', 'orders/new'], 2)
  expect((await told(request, server, '/disconnect?order=new')).count).toBe(1)
  await publish(request, server, ['before', 'new', 'newer'], { from: 4, to: 5 })
  await untilReceived(page, ['orders/before', 'orders/new'], 4)
  await untilReceived(page, ['orders/newer'], 2)
  expect(await received(page)).toEqual([{ 'orders/before': [2, 3, 4, 5], 'orders/new': [2, 3, 4, 5], 'orders/newer': [4, 5] }])
})

test('topics that are denied or unknown are told in the stream, and the others live', async ({ page, request }) => {
  await using storage = await Storage.make()
  await using server = await hubServer(storage.path)
  await page.goto(server.url)
  await watch(page, '/events?topic=secrets/plan&topic=orders/1&topic=nowhere')
  await publish(request, server, ['1'], { to: 2 })
  await untilReceived(page, ['orders/1'], 2)
  expect(await log(page)).toEqual([
    'server_error: These topics are not known here.',
    'server_error: You may not read these topics.',
    'orders/1 1',
    'orders/1 2',
  ])
  expect(await page.evaluate(async () => (await fetch('/events?topic=secrets/plan')).status)).toBe(403)
})

test('a topic that ends is told, and the stream with its last one', async ({ page, request }) => {
  await using storage = await Storage.make()
  await using server = await hubServer(storage.path)
  await page.goto(server.url)
  await watch(page, '/events?topic=orders/1&topic=orders/2')
  await publish(request, server, ['1', '2'], { to: 1 })
  await told(request, server, '/end?order=1')
  await publish(request, server, ['2'], { from: 2, to: 2 })
  await told(request, server, '/end?order=2')
  await untilLogged(page, 'end ')
  expect((await log(page)).slice(-4)).toEqual(['end orders/1', 'orders/2 2', 'end orders/2', 'end '])
  expect(await page.evaluate(() => window.sse.watched.map(({ subscription }) => subscription.state))).toEqual(['closed'])
})

test('a page of another origin resumes with its position in the query, and without a preflight', async ({ page, request }) => {
  await using storage = await Storage.make()
  await using home = await hubServer(storage.path)
  await using server = await hubServer(storage.path, '--cors', home.url)
  await page.goto(home.url)
  await watch(page, `${server.url}/events?topic=orders/1`)
  await publish(request, server, ['1'], { to: 3 })
  await untilReceived(page, ['orders/1'], 3)
  const cursor = await page.evaluate(() => window.sse.watched.map(({ subscription }) => subscription.lastEventId).join())
  expect((await told(request, server, '/disconnect?order=1')).count).toBe(1)
  await publish(request, server, ['1'], { from: 4, to: 6 })
  await untilReceived(page, ['orders/1'], 6)
  expect(await received(page)).toEqual([{ 'orders/1': upTo(6) }])
  expect((await told(request, server, '/stats')).requests).toEqual(['GET ?topic=orders/1', `GET ?topic=orders%2F1&lastEventId=${cursor}`])
})

test('a page of an origin that is not allowed reads nothing', async ({ page }) => {
  await using storage = await Storage.make()
  await using home = await hubServer(storage.path)
  await using server = await hubServer(storage.path, '--cors', 'https://app.example')
  await page.goto(home.url)
  const error = await page.evaluate(async (url) => {
    const { subscribe } = window.sse
    const subscription = subscribe(`${url}/events?topic=orders/1`, { reconnect: false, onError: () => {} })
    return subscription[Symbol.asyncIterator]()
      .next()
      .then(String, ({ code }) => String(code))
  }, server.url)
  expect(error).toBe('connection_lost')
})

test('two pages in a room see each other come and go', async ({ page, context, request }) => {
  await using storage = await Storage.make()
  await using server = await hubServer(storage.path)
  const other = await context.newPage()
  await page.goto(server.url)
  await watch(page, '/events?topic=rooms/lobby&as=ann')
  await untilLogged(page, 'rooms/lobby 1: ann')
  await other.goto(server.url)
  await watch(other, '/events?topic=rooms/lobby&as=bob')
  await untilLogged(other, 'rooms/lobby 2: ann,bob')
  await untilLogged(page, 'rooms/lobby 2: ann,bob')
  await other.close()
  // Not at once: whoever reconnects has not left.
  await expect.poll(async () => (await log(page)).at(-1), poll).toBe('rooms/lobby 1: ann')
  expect((await told(request, server, '/stats')).streams).toBe(1)
})
