import { expect, test } from '@playwright/test'
import { hubServer } from '../servers/process.ts'
import { Storage } from '../servers/storage.ts'
import { follow, order, receivedBy, toldTo, untilAt } from './following.ts'
import { eventsOf, poll, publish, stats, whole } from './watching.ts'

// How many connections a page may have: of the browser, and of the server.

test('where all six of the browser’s connections are taken, a topic that is added waits for no seventh', async ({ page, request }) => {
  await using storage = await Storage.make()
  await using server = await hubServer(storage.path)
  await follow(page, server.url, ['1'])
  await page.evaluate((url) => {
    for (let n = 0; n < 5; n++) window.sse.subscribe(url).onEvent(() => {})
  }, eventsOf('orders/other'))
  await expect.poll(async () => (await stats(request, server)).streams, poll).toBe(6)
  const publishing = publish(request, server, ['orders/1'], { to: 300, every: 10 })
  await untilAt(page, 5)
  await order(page, ['2'])
  await publishing
  await publish(request, server, ['orders/2'], { to: 3 })
  await expect.poll(() => receivedBy(page), poll).toEqual({ ...whole(['orders/1'], 300), ...whole(['orders/2'], 3) })
  expect(await toldTo(page)).toEqual([])
  const { streams, requests } = await stats(request, server)
  // The first, the five, and the one that took over from the first.
  expect([streams, requests.length]).toEqual([6, 7])
})

test('where the server has one place, and it is the client’s, its topics change all the same', async ({ page, request }) => {
  await using storage = await Storage.make()
  await using server = await hubServer(storage.path, '--streams', '1')
  await follow(page, server.url, ['1'])
  const publishing = publish(request, server, ['orders/1'], { to: 100, every: 10 })
  for (const added of ['2', '3']) await order(page, [added])
  await publishing
  await publish(request, server, ['orders/2', 'orders/3'], { to: 3 })
  await expect.poll(() => receivedBy(page), poll).toEqual({ ...whole(['orders/1'], 100), ...whole(['orders/2', 'orders/3'], 3) })
  expect(await toldTo(page)).toEqual([])
  await expect.poll(async () => (await stats(request, server)).streams, poll).toBe(1)
  expect((await stats(request, server)).refused.streams).toBe(0)
  // Somebody else is refused.
  expect((await request.get(`${server.url}${eventsOf('orders/1')}`)).status()).toBe(503)
})
