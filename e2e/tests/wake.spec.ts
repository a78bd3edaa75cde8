import { expect, type Page, test } from '@playwright/test'
import { hubServer } from '../servers/process.ts'
import { Storage } from '../servers/storage.ts'
import { follow, order, receivedBy, toldTo, untilAt } from './following.ts'
import { poll, publish, stats, whole } from './watching.ts'

const topics = ['orders/1', 'orders/2']

async function expectWhole(page: Page, count: number): Promise<void> {
  await untilAt(page, count)
  expect(await receivedBy(page)).toEqual(whole(topics, count))
  expect(await toldTo(page)).toEqual([])
}

test('a page that comes online resumes at once, without loss', async ({ page, context, request }) => {
  await using storage = await Storage.make()
  await using server = await hubServer(storage.path)
  // Nothing but the event would bring it back within the test.
  await follow(page, server.url, ['1', '2'], { reconnect: { baseDelay: 3_600_000, maxDelay: 3_600_000 } })
  await publish(request, server, topics, { to: 5 })
  await untilAt(page, 5)
  await context.setOffline(true)
  await publish(request, server, topics, { from: 6, to: 9 })
  await context.setOffline(false)
  await expectWhole(page, 9)
})

test('a page that is hidden for long has no stream, and resumes without loss when it is shown', async ({ page, request }) => {
  await using storage = await Storage.make()
  await using server = await hubServer(storage.path)
  const turn = (state: 'hidden' | 'visible'): Promise<void> =>
    page.evaluate((value) => {
      // Headless pages are never hidden; the event and what it tells are all that the client has.
      Object.defineProperty(document, 'visibilityState', { value, configurable: true })
      document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))
    }, state)
  await follow(page, server.url, ['1', '2'], { pauseHidden: 100 })
  await publish(request, server, topics, { to: 5 })
  await untilAt(page, 5)
  await turn('hidden')
  await expect.poll(async () => (await stats(request, server)).streams, poll).toBe(0)
  expect(await page.evaluate(() => window.sse.follower().client.getSnapshot())).toMatchObject({ state: 'waiting', reason: 'hidden' })
  await publish(request, server, topics, { from: 6, to: 9 })
  await turn('visible')
  await expectWhole(page, 9)
})

for (const [stored, where] of [
  ['session', 'sessionStorage'],
  ['local', 'localStorage'],
  ['indexed', 'IndexedDB'],
] as const) {
  test(`a reload resumes from ${where}: what came before does not come again`, async ({ page, request }) => {
    await using storage = await Storage.make()
    await using server = await hubServer(storage.path)
    await follow(page, server.url, ['1', '2'], { stored })
    await publish(request, server, topics, { to: 5 })
    await untilAt(page, 5)
    await page.goto('about:blank')
    await publish(request, server, topics, { from: 6, to: 9 })
    await follow(page, server.url, ['1', '2'], { stored })
    await untilAt(page, 9)
    expect(await receivedBy(page)).toEqual({ 'orders/1': [6, 7, 8, 9], 'orders/2': [6, 7, 8, 9] })
    expect(await toldTo(page)).toEqual([])
  })
}

test('a token that runs out in mid-stream is followed by a fresh one, without loss', async ({ page, request }) => {
  await using storage = await Storage.make()
  await using server = await hubServer(storage.path)
  await follow(page, server.url, ['1', '2'], { tokenLife: 700 })
  await publish(request, server, topics, { to: 100, every: 20 })
  await untilAt(page, 100)
  expect(await receivedBy(page)).toEqual(whole(topics, 100))
  // The server says why it closes the stream.
  expect(new Set(await toldTo(page))).toEqual(new Set(['server_error: What lets you read has run out: come back with fresh credentials.']))
  expect((await stats(request, server)).requests.length).toBeGreaterThan(2)
})

test('topics that are added while events flow lose and double nothing', async ({ page, request }) => {
  await using storage = await Storage.make()
  await using server = await hubServer(storage.path)
  await follow(page, server.url, ['1', '2'])
  const publishing = publish(request, server, topics, { to: 150, every: 5 })
  for (let id = 10; id < 20; id++) await order(page, [String(id)])
  await publishing
  await page.waitForFunction(() => (window.sse.follower().received['orders/2']?.at(-1) ?? 0) === 150)
  expect(await receivedBy(page)).toMatchObject(whole(topics, 150))
  expect(await toldTo(page)).toEqual([])
  await expect.poll(async () => (await stats(request, server)).streams, poll).toBe(1)
})
