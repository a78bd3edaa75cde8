import { expect, type Page, test } from '@playwright/test'
import { hubServer } from '../servers/process.ts'
import { Storage } from '../servers/storage.ts'
import { follow, leaderOf, receivedBy, toldTo, untilAt } from './following.ts'
import { poll, publish, stats, whole } from './watching.ts'

const shared = { shared: { identity: 'anna' } }

test('ten tabs use one connection, and no tab loses or doubles an event when the leader is closed', async ({ context, request }) => {
  await using storage = await Storage.make()
  await using server = await hubServer(storage.path)
  const pages: Page[] = []
  for (let tab = 0; tab < 10; tab++) {
    const page = await context.newPage()
    pages.push(page)
    await follow(page, server.url, ['1', tab % 2 ? 'odd' : 'even'], shared)
  }
  const topics = ['orders/1', 'orders/odd', 'orders/even']
  await expect.poll(async () => (await stats(request, server)).streams, poll).toBe(1)
  const publishing = publish(request, server, topics, { to: 200, every: 10 })
  const leader = await leaderOf(pages)
  await untilAt(leader, 50)
  await leader.close()
  const rest = pages.filter((page) => page !== leader)
  await publishing
  for (const page of rest) await untilAt(page, 200)
  for (const page of rest) {
    const own = pages.indexOf(page) % 2 ? 'orders/odd' : 'orders/even'
    expect(await receivedBy(page)).toEqual(whole(['orders/1', own], 200))
    expect(await toldTo(page)).toEqual([])
  }
  await leaderOf(rest)
  await expect.poll(async () => (await stats(request, server)).streams, poll).toBe(1)
})
