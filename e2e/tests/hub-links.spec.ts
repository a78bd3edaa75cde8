import { expect, test } from '@playwright/test'
import { HttpProxy } from '../servers/http-proxy.ts'
import { hubServer } from '../servers/process.ts'
import { Storage } from '../servers/storage.ts'
import { log, publish, told, untilReceived, upTo, watch } from './watching.ts'

/** One event of one topic, as it goes over the wire. */
const isFifth = (frame: string): boolean => frame.includes('event: orders/1#shipped\n') && frame.includes('"n":5,')

test('a client that checks notices an event that a proxy has lost, and gets it after all', async ({ page, request }) => {
  await using storage = await Storage.make()
  await using server = await hubServer(storage.path)
  await using proxy = await HttpProxy.start(server.url)
  await page.goto(proxy.url)
  await watch(page, '/events?topic=orders/1&topic=orders/2', { checked: true })
  let lost = 0
  proxy.loses = (frame) => isFifth(frame) && lost++ === 0
  await publish(request, server, ['1', '2'], { to: 10 })
  await untilReceived(page, ['orders/1', 'orders/2'], 10)
  // Over one connection the topics go on as they were published; no event of either is missing, twice there or out of order.
  const lines = await log(page)
  for (const topic of ['orders/1', 'orders/2']) {
    expect(lines.filter((line) => line.startsWith(topic))).toEqual(upTo(10).map((n) => `${topic} ${n}`))
  }
  expect(lines).toHaveLength(20)
  expect(lost).toBeGreaterThanOrEqual(1)
  expect((await told(request, server, '/stats')).requests).toHaveLength(2)
})

test('a client that checks is told a gap where the same event is lost again', async ({ page, request }) => {
  await using storage = await Storage.make()
  await using server = await hubServer(storage.path)
  await using proxy = await HttpProxy.start(server.url)
  await page.goto(proxy.url)
  await watch(page, '/events?topic=orders/1', { checked: true })
  proxy.loses = isFifth
  await publish(request, server, ['1'], { to: 7 })
  await untilReceived(page, ['orders/1'], 6)
  expect(await log(page)).toEqual([...upTo(4).map((n) => `orders/1 ${n}`), 'gap trimmed orders/1', 'refetched', 'orders/1 6', 'orders/1 7'])
})
