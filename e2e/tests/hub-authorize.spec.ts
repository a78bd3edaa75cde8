import { expect, test } from '@playwright/test'
import { hubServer } from '../servers/process.ts'
import { Storage } from '../servers/storage.ts'
import { disconnect, eventsOf, publish, received, stats, told, untilReceived, upTo, watch } from './watching.ts'

test('topics that are denied or unknown are told in the stream, and the others live', async ({ page, request }) => {
  await using storage = await Storage.make()
  await using server = await hubServer(storage.path)
  await page.goto(server.url)
  await watch(page, eventsOf('secrets/plan', 'orders/1', 'nowhere', 'orders/2'))
  await publish(request, server, ['orders/1', 'orders/2'], { to: 2 })
  await untilReceived(page, ['orders/1', 'orders/2'], 2)
  expect(await received(page)).toEqual([{ 'orders/1': [1, 2], 'orders/2': [1, 2] }])
  expect(await told(page)).toEqual(['server_error: These topics are not known here.', 'server_error: You may not read these topics.'])
  expect((await stats(request, server)).requests).toHaveLength(1)
  // None is left.
  expect(await page.evaluate(async () => (await fetch('/events?topic=secrets/plan')).status)).toBe(403)
})

test('a token that runs out in the midst of a stream closes it, and the reader comes back with a fresh one and loses nothing', async ({
  page,
  request,
}) => {
  await using storage = await Storage.make()
  await using server = await hubServer(storage.path)
  await page.goto(server.url)
  await watch(page, eventsOf('orders/1'), { tokenLife: 700 })
  await publish(request, server, ['orders/1'], { to: 300, every: 5 })
  await untilReceived(page, ['orders/1'], 300)
  expect(await received(page)).toEqual([{ 'orders/1': upTo(300) }])
  const { requests, refused } = await stats(request, server)
  expect(requests.length).toBeGreaterThanOrEqual(3)
  // None of them brought an old one.
  expect(refused.denied).toBe(0)
  expect(new Set(await told(page))).toEqual(new Set(['server_error: What lets you read has run out: come back with fresh credentials.']))
})

test('whoever is disconnected is asked anew and loses nothing; those beside stay', async ({ page, request }) => {
  await using storage = await Storage.make()
  await using server = await hubServer(storage.path)
  await page.goto(server.url)
  for (const name of ['ann', 'bob']) await watch(page, `${eventsOf('orders/1')}&as=${name}`)
  const publishing = publish(request, server, ['orders/1'], { to: 100, every: 5 })
  await untilReceived(page, ['orders/1'], 20)
  expect(await disconnect(request, server, { identity: 'ann' })).toBe(1)
  await publishing
  await untilReceived(page, ['orders/1'], 100)
  expect(await received(page)).toEqual(Array(2).fill({ 'orders/1': upTo(100) }))
  expect(await told(page)).toEqual(['server_error: Come back, please.'])
  expect((await stats(request, server)).requests).toEqual(['ann', 'bob', 'ann'].map((name) => `GET ?topic=orders/1&as=${name}`))
})

test('a page of another origin resumes with its position in the query, and without a preflight', async ({ page, request }) => {
  await using storage = await Storage.make()
  await using home = await hubServer(storage.path)
  await using server = await hubServer(storage.path, '--cors', home.url)
  await page.goto(home.url)
  await watch(page, `${server.url}${eventsOf('orders/1')}`)
  await publish(request, server, ['orders/1'], { to: 3 })
  await untilReceived(page, ['orders/1'], 3)
  const cursor = await page.evaluate(() => window.sse.watched.map(({ subscription }) => subscription.lastEventId).join())
  expect(await disconnect(request, server, { topics: ['orders/1'] })).toBe(1)
  await publish(request, server, ['orders/1'], { from: 4, to: 6 })
  await untilReceived(page, ['orders/1'], 6)
  expect(await received(page)).toEqual([{ 'orders/1': upTo(6) }])
  expect((await stats(request, server)).requests).toEqual(['GET ?topic=orders/1', `GET ?topic=orders%2F1&lastEventId=${cursor}`])
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
