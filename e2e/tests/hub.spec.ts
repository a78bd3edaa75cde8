import { expect, test } from '@playwright/test'
import { hubServer } from '../servers/process.ts'
import { Storage } from '../servers/storage.ts'
import {
  disconnect,
  end,
  eventsOf,
  log,
  poll,
  publish,
  received,
  stats,
  untilLogged,
  untilReceived,
  upTo,
  watch,
  whole,
} from './watching.ts'

test('a POST asks for more topics than a URL holds, and comes back with its position', async ({ page, request }) => {
  await using storage = await Storage.make()
  await using server = await hubServer(storage.path)
  await page.goto(server.url)
  const topics = upTo(100).map((n) => `orders/${n}-${'long'.repeat(50)}`)
  await watch(page, '/events', { body: JSON.stringify({ topics }) })
  await publish(request, server, topics, { to: 2 })
  await untilReceived(page, topics, 2)
  expect(await disconnect(request, server, { topics: topics.slice(0, 1) })).toBe(1)
  await publish(request, server, topics, { from: 3, to: 4 })
  await untilReceived(page, topics, 4)
  expect(await received(page)).toEqual([whole(topics, 4)])
  expect((await stats(request, server)).requests).toEqual(['POST ', 'POST '])
})

test('a subtree has every topic in it, those to come included, and is resumed as one', async ({ page, request }) => {
  await using storage = await Storage.make()
  await using server = await hubServer(storage.path)
  await publish(request, server, ['orders/before'], { to: 1 })
  await page.goto(server.url)
  await watch(page, eventsOf('orders/*'))
  await publish(request, server, ['orders/before', 'orders/new'], { from: 2, to: 3 })
  await untilReceived(page, ['orders/before', 'orders/new'], 3)
  expect(await disconnect(request, server, { topics: ['orders/new'] })).toBe(1)
  await publish(request, server, ['orders/before', 'orders/new', 'orders/newer'], { from: 4, to: 5 })
  await untilReceived(page, ['orders/before', 'orders/new', 'orders/newer'], 5)
  expect(await received(page)).toEqual([{ 'orders/before': [2, 3, 4, 5], 'orders/new': [2, 3, 4, 5], 'orders/newer': [4, 5] }])
})

test('a topic that ends is told, and the stream with its last one', async ({ page, request }) => {
  await using storage = await Storage.make()
  await using server = await hubServer(storage.path)
  await page.goto(server.url)
  await watch(page, eventsOf('orders/1', 'orders/2'))
  await publish(request, server, ['orders/1', 'orders/2'], { to: 1 })
  await end(request, server, 'orders/1')
  await publish(request, server, ['orders/2'], { from: 2, to: 2 })
  await end(request, server, 'orders/2')
  await untilLogged(page, 'end ')
  expect((await log(page)).slice(-4)).toEqual(['end orders/1', 'orders/2 2', 'end orders/2', 'end '])
  expect(await page.evaluate(() => window.sse.watched.map(({ subscription }) => subscription.state))).toEqual(['closed'])
})

test('two pages in a room see each other come and go', async ({ page, context, request }) => {
  await using storage = await Storage.make()
  await using server = await hubServer(storage.path)
  const other = await context.newPage()
  await page.goto(server.url)
  await watch(page, `${eventsOf('rooms/lobby')}&as=ann`)
  await untilLogged(page, 'rooms/lobby 1: ann')
  await other.goto(server.url)
  await watch(other, `${eventsOf('rooms/lobby')}&as=bob`)
  await untilLogged(other, 'rooms/lobby 2: ann,bob')
  await untilLogged(page, 'rooms/lobby 2: ann,bob')
  await other.close()
  // Not at once: whoever reconnects has not left.
  await expect.poll(async () => (await log(page)).at(-1), poll).toBe('rooms/lobby 1: ann')
  expect((await stats(request, server)).streams).toBe(1)
})
