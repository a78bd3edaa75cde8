import { expect, test } from '@playwright/test'
import { HttpProxy } from '../servers/http-proxy.ts'
import { hubServer } from '../servers/process.ts'
import { Storage } from '../servers/storage.ts'
import { eventsOf, publish, received, stats, told, untilReceived, upTo, watch, whole } from './watching.ts'

const topics = ['orders/1', 'orders/2', 'orders/3']

test('a server that is drained hands its readers over to another, each in its own time, and closes', async ({ page, request }) => {
  await using storage = await Storage.make()
  await using leaving = await hubServer(storage.path)
  await using staying = await hubServer(storage.path)
  await using balancer = await HttpProxy.start(leaving.url)
  await page.goto(balancer.url)
  // A browser has six connections to an origin.
  for (const _ of upTo(5)) await watch(page, eventsOf(...topics))
  expect((await stats(request, leaving)).streams).toBe(5)
  const publishing = publish(request, staying, topics, { to: 300, every: 5 })
  await untilReceived(page, topics, 30)
  balancer.target = staying.url
  const began = performance.now()
  // Over by itself, with nothing left that would hold it up.
  expect(await leaving.kill('SIGTERM')).toBe(0)
  // Over a second: the last of five after 800 ms.
  expect(performance.now() - began).toBeGreaterThanOrEqual(800)
  await publishing
  await untilReceived(page, topics, 300)
  expect(await received(page)).toEqual(Array(5).fill(whole(topics, 300)))
  expect(await told(page)).toEqual([])
  expect((await stats(request, staying)).streams).toBe(5)
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
  for (const _ of upTo(10)) await watch(page, eventsOf(...topics))
  const publishing = publish(request, publisher, topics, { to: 300, every: 5 })
  await untilReceived(page, topics, 30)
  expect(await leaving.kill('SIGTERM')).toBe(0)
  await using staying = await hubServer(storage.path, '--tls', '--port', leaving.port)
  await publishing
  await untilReceived(page, topics, 300)
  expect(await received(page)).toEqual(Array(10).fill(whole(topics, 300)))
  expect(await told(page)).toEqual([])
  expect((await stats(request, staying)).streams).toBe(10)
})
