import { expect, type Page, test } from '@playwright/test'
import { hubServer } from '../servers/process.ts'
import { Storage } from '../servers/storage.ts'
import { follow, leaderOf, receivedBy, roleOf, toldTo, untilAt } from './following.ts'
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

/** Opens tabs that share a connection, and publishes numbers while something befalls the one that leads. */
for (const [what, befall] of [
  [
    'crashes',
    async (page: Page) => {
      const devtools = await page.context().newCDPSession(page)
      // Nobody is left to answer.
      devtools.send('Page.crash').catch(() => {})
      await page.waitForEvent('crash')
    },
  ],
  [
    'is told that it will be frozen',
    async (page: Page) => {
      // No page of Playwright's is ever hidden, and Chromium freezes no other: this is all that the client would hear.
      await page.evaluate(() => document.dispatchEvent(new Event('freeze')))
    },
  ],
  [
    'hangs',
    async (page: Page) => {
      // In its own time, for the call waits for its end.
      await page.evaluate(() => {
        setTimeout(() => {
          const end = Date.now() + 5_000
          while (Date.now() < end);
        })
      })
    },
  ],
] as const) {
  test(`another tab leads when the leader ${what}, and nothing is lost or doubled`, async ({ context, request }) => {
    await using storage = await Storage.make()
    await using server = await hubServer(storage.path)
    const pages = [await context.newPage(), await context.newPage(), await context.newPage()]
    for (const page of pages) await follow(page, server.url, ['1'], shared)
    const leader = await leaderOf(pages)
    const rest = pages.filter((page) => page !== leader)
    const publishing = publish(request, server, ['orders/1'], { to: 300, every: 10 })
    for (const page of rest) await untilAt(page, 50)
    const before = Date.now()
    await befall(leader)
    await leaderOf(rest)
    test.info().annotations.push({ type: 'another leads after', description: `${Date.now() - before} ms` })
    await publishing
    for (const page of rest) {
      await untilAt(page, 300)
      expect(await receivedBy(page)).toEqual(whole(['orders/1'], 300))
      expect(await toldTo(page)).toEqual([])
    }
    if (what === 'crashes') return
    // It comes to itself, as one of the others, and has missed nothing.
    if (what !== 'hangs') await leader.evaluate(() => document.dispatchEvent(new Event('resume')))
    await untilAt(leader, 300)
    expect(await receivedBy(leader)).toEqual(whole(['orders/1'], 300))
    await expect.poll(() => roleOf(leader), poll).toBe('follower')
  })
}

test('a topic that is denied fails in the tab that asked for it, and nothing else does', async ({ context, request }) => {
  await using storage = await Storage.make()
  await using server = await hubServer(storage.path)
  const pages = [await context.newPage(), await context.newPage()]
  for (const page of pages) await follow(page, server.url, ['1'], shared)
  const leader = await leaderOf(pages)
  const [follower = leader] = pages.filter((page) => page !== leader)
  await follower.evaluate(() => window.sse.secret())
  await expect.poll(() => toldTo(follower), poll).toEqual(['server_error: You may not read these topics.'])
  await publish(request, server, ['orders/1'], { to: 20 })
  for (const page of pages) {
    await untilAt(page, 20)
    expect(await receivedBy(page)).toEqual(whole(['orders/1'], 20))
  }
  expect(await toldTo(leader)).toEqual([])
  await expect.poll(async () => (await stats(request, server)).streams, poll).toBe(1)
})

test('a tab gets its own topics and no others, and tabs of another identity share nothing', async ({ context, request }) => {
  await using storage = await Storage.make()
  await using server = await hubServer(storage.path)
  const [one, two, other] = [await context.newPage(), await context.newPage(), await context.newPage()]
  for (const page of [one, two, other]) {
    await page.addInitScript(() => {
      const heard: string[] = []
      Object.assign(window, { heard })
      const channels = new Proxy(BroadcastChannel, {
        construct: (target, [name]) => {
          const channel = new target(name)
          channel.addEventListener('message', ({ data }) => heard.push(JSON.stringify(data)))
          return channel
        },
      })
      Object.assign(window, { BroadcastChannel: channels })
    })
  }
  await follow(one, server.url, ['1'], shared)
  await follow(two, server.url, ['2'], shared)
  await follow(other, server.url, ['3'], { shared: { identity: 'ben' } })
  expect((await stats(request, server)).streams).toBe(2)
  await publish(request, server, ['orders/1', 'orders/2', 'orders/3'], { to: 20 })
  for (const page of [one, two, other]) await untilAt(page, 20)
  const heard = (page: Page): Promise<string> => page.evaluate(() => String(Reflect.get(window, 'heard')))
  expect(await heard(two)).toContain('"topic":"orders/2"')
  expect(await heard(two)).not.toContain('"topic":"orders/1"')
  expect(await heard(one)).not.toContain('"topic":"orders/2"')
  expect(await heard(other)).not.toMatch(/orders\/[12]/)
  expect(await heard(one)).not.toContain('orders/3')
})
