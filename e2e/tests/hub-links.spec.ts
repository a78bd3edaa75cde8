import { expect, test } from '@playwright/test'
import { HttpProxy } from '../servers/http-proxy.ts'
import { hubServer } from '../servers/process.ts'
import { Storage } from '../servers/storage.ts'
import { eventsOf, log, publish, received, stats, told, untilReceived, upTo, watch, whole } from './watching.ts'

const topics = ['orders/1', 'orders/2']

/** One event of one topic, as it goes over the wire. */
const isFifth = (frame: string): boolean => frame.includes('event: orders/1#counted\n') && frame.includes('"n":5,')

test('a client that checks notices an event that a proxy has lost, and gets it after all', async ({ page, request }) => {
  await using storage = await Storage.make()
  await using server = await hubServer(storage.path)
  await using proxy = await HttpProxy.start(server.url)
  await page.goto(proxy.url)
  await watch(page, eventsOf(...topics), { checked: true })
  let passed = 0
  proxy.loses = (frame) => isFifth(frame) && passed++ === 0
  await publish(request, server, topics, { to: 10 })
  await untilReceived(page, topics, 10)
  expect(await received(page)).toEqual([whole(topics, 10)])
  expect(await told(page)).toEqual([])
  // Lost once, and asked for once.
  expect(passed).toBe(2)
  expect((await stats(request, server)).requests).toHaveLength(2)
})

test('a client that checks is told a gap where the same event is lost again', async ({ page, request }) => {
  await using storage = await Storage.make()
  await using server = await hubServer(storage.path)
  await using proxy = await HttpProxy.start(server.url)
  await page.goto(proxy.url)
  await watch(page, eventsOf('orders/1'), { checked: true })
  proxy.loses = isFifth
  await publish(request, server, ['orders/1'], { to: 7 })
  await untilReceived(page, ['orders/1'], 7)
  expect(await log(page)).toEqual([
    ...upTo(4).map((n) => `orders/1 ${n}`),
    'gap trimmed orders/1',
    'fetched anew',
    'orders/1 6',
    'orders/1 7',
  ])
  expect((await stats(request, server)).requests).toHaveLength(2)
})
