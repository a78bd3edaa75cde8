import { expect, test } from '@playwright/test'
import { hubServer, type ServerProcess } from '../servers/process.ts'
import { Storage } from '../servers/storage.ts'
import { eventsOf, log, publish, received, setAhead, told, untilLogged, untilReceived, upTo, watch, whole } from './watching.ts'

const topics = ['orders/1', 'orders/2', 'orders/3']

for (const [protocol, ...args] of [['HTTP/1.1'], ['HTTP/2', '--tls']] as const) {
  test(`a hub on ${protocol} that is killed in the midst of publishing, twice, loses and doubles nothing of any topic`, async ({
    page,
    request,
  }) => {
    await using storage = await Storage.make()
    await using first = await hubServer(storage.path, ...args)
    await page.goto(first.url)
    await watch(page, eventsOf(...topics))
    /** Kills it when the page has this number. Who publishes does not know what was stored, and begins anew with the next server. */
    const killAt = async (server: ServerProcess, n: number): Promise<void> => {
      const publishing = publish(request, server, topics, { to: 1_000, every: 5 }).catch(() => 'killed')
      await untilReceived(page, topics, n)
      await server.kill()
      expect(await publishing).toBe('killed')
    }
    await killAt(first, 40)
    await using second = await hubServer(storage.path, '--port', first.port, ...args)
    await killAt(second, 80)
    await using third = await hubServer(storage.path, '--port', first.port, ...args)
    // All of it once more: what was stored is known by its key.
    await publish(request, third, topics, { to: 1_000 })
    await untilReceived(page, topics, 1_000)
    expect(await received(page)).toEqual([whole(topics, 1_000)])
    expect(await told(page)).toEqual([])
  })
}

test('a reader that was away for longer than events are retained hears of one gap, and goes on with those that are', async ({
  page,
  request,
}) => {
  await using storage = await Storage.make()
  await using first = await hubServer(storage.path, '--seconds', '60')
  await page.goto(first.url)
  await watch(page, eventsOf('orders/1', 'orders/2'))
  await publish(request, first, ['orders/1', 'orders/2'], { to: 3 })
  await untilReceived(page, ['orders/1', 'orders/2'], 3)
  await first.kill()
  await using elsewhere = await hubServer(storage.path, '--seconds', '60')
  await publish(request, elsewhere, ['orders/1'], { from: 4, to: 6 })
  await setAhead(request, elsewhere, 3_600)
  await publish(request, elsewhere, ['orders/1'], { from: 7, to: 9 })
  await using second = await hubServer(storage.path, '--seconds', '60', '--ahead', '3600', '--port', first.port)
  await untilReceived(page, ['orders/1'], 9)
  // Nothing of the other topic is missing: it was quiet.
  await publish(request, second, ['orders/1', 'orders/2'], { from: 10, to: 10 })
  await untilReceived(page, ['orders/1', 'orders/2'], 10)
  expect(await received(page)).toEqual([{ 'orders/1': [1, 2, 3, 7, 8, 9, 10], 'orders/2': [1, 2, 3, 10] }])
  const lines = await log(page)
  // The state is fetched anew before the first event after the gap.
  expect(lines.slice(6, 10)).toEqual(['gap trimmed orders/1', 'fetched anew', 'orders/1 7', 'orders/1 8'])
  expect(await told(page)).toEqual(['gap trimmed orders/1', 'fetched anew'])
})

test('a reader whose history is gone with its file hears of one gap, and goes on with the new one', async ({ page, request }) => {
  await using lost = await Storage.make()
  await using storage = await Storage.make()
  await using first = await hubServer(lost.path)
  await page.goto(first.url)
  await watch(page, eventsOf('orders/1', 'orders/2'))
  await publish(request, first, ['orders/1', 'orders/2'], { to: 3 })
  await untilReceived(page, ['orders/1', 'orders/2'], 3)
  await first.kill()
  await using second = await hubServer(storage.path, '--port', first.port)
  await untilLogged(page, 'fetched anew')
  // Their numbers begin anew, too, and so do the positions: they are no duplicates of what the reader had.
  await publish(request, second, ['orders/1', 'orders/2'], { to: 4 })
  await untilReceived(page, ['orders/1', 'orders/2'], 4)
  const all = [...upTo(3), ...upTo(4)]
  expect(await received(page)).toEqual([{ 'orders/1': all, 'orders/2': all }])
  expect(await told(page)).toEqual(['gap reset orders/1,orders/2', 'fetched anew'])
})

test('processes that share a file are one hub: what each publishes reaches the readers of both, in one order', async ({
  page,
  context,
  request,
}) => {
  await using storage = await Storage.make()
  await using one = await hubServer(storage.path)
  await using two = await hubServer(storage.path)
  const other = await context.newPage()
  await page.goto(one.url)
  await other.goto(two.url)
  for (const reader of [page, other]) await watch(reader, eventsOf(...topics))
  // Both publish the same numbers of the last topic, with the same keys.
  await Promise.all([
    publish(request, one, ['orders/1', 'orders/3'], { to: 100 }),
    publish(request, two, ['orders/2', 'orders/3'], { to: 100 }),
  ])
  for (const reader of [page, other]) await untilReceived(reader, topics, 100)
  expect(await received(page)).toEqual([whole(topics, 100)])
  const lines = await log(page)
  expect(lines).toHaveLength(300)
  expect(await log(other)).toEqual(lines)
})
