import { expect, type Page, test } from '@playwright/test'
import type { View } from '../pages/react-app.ts'
import { hubServer, type ServerProcess } from '../servers/process.ts'
import { Storage } from '../servers/storage.ts'
import { end, poll, publish, stats, upTo } from './watching.ts'

// The hooks of @sse/react in Chromium, in StrictMode: React's development build mounts each component twice.

const show = (page: Page, view: View): Promise<void> => page.evaluate((view) => window.react.show(view), view)

/** Shows the view at a server, and waits until all of it is live: what is published before that is no event of theirs. */
async function open(page: Page, { url }: ServerProcess, view: View): Promise<void> {
  await page.goto(`${url}/react`)
  await show(page, view)
  await expect(page.locator('#status')).toHaveText('open')
  await expect(page.locator('p:not([data-state=open])')).toHaveCount(0)
}

/** What the handlers of events were told. */
const heard = async (page: Page): Promise<string[]> =>
  (await page.evaluate(() => window.react.told)).filter((line) => !line.includes('reached'))

const renders = (page: Page): Promise<Record<string, number>> => page.evaluate(() => ({ ...window.react.renders }))

test('in StrictMode all components share one connection, and each gets every event once', async ({ page, request }) => {
  await using storage = await Storage.make()
  await using server = await hubServer(storage.path)
  await open(page, server, {
    lists: [{ order: '1' }, { order: '2' }, { order: '3' }],
    evens: ['1'],
    sums: ['2'],
    follows: [{ order: '3', word: 'a' }],
  })
  await publish(request, server, ['orders/1', 'orders/2', 'orders/3'], { to: 10 })
  for (const order of ['1', '2', '3']) await expect(page.locator(`#list-${order}`)).toHaveText(`open ${upTo(10).join()}`)
  await expect(page.locator('#evens-1')).toHaveText('2,4,6,8,10')
  await expect(page.locator('#sum-2')).toHaveText('10')
  expect(await heard(page)).toEqual(upTo(10).map((n) => `a ${n}`))
  expect(await page.evaluate(() => window.react.told)).toContain('a reached true')
  const { streams, requests } = await stats(request, server)
  expect([streams, requests.length]).toEqual([1, 1])
})

test('a component does not render for events that it does not select, nor for a state that stays the same', async ({ page, request }) => {
  await using storage = await Storage.make()
  await using server = await hubServer(storage.path)
  await open(page, server, { lists: [{ order: '1' }], evens: ['1'], sums: ['1'] })
  await publish(request, server, ['orders/1'], { to: 4 })
  await expect(page.locator('#list-1')).toHaveText('open 1,2,3,4')
  await expect(page.locator('#sum-1')).toHaveText('10')
  await expect(page.locator('#evens-1')).toHaveText('2,4')
  const before = await renders(page)
  await publish(request, server, ['orders/1'], { from: 5, to: 5 })
  await expect(page.locator('#list-1')).toHaveText('open 1,2,3,4,5')
  const after = await renders(page)
  expect(after).toEqual({ ...before, 'list 1': after['list 1'] })
  expect(after['list 1']).toBeGreaterThan(before['list 1'] ?? 0)
})

test('what comes in one chunk is rendered once', async ({ page }) => {
  await using storage = await Storage.make()
  await using server = await hubServer(storage.path)
  await page.goto(`${server.url}/react`)
  const frame = (type: string, data: unknown, id?: string): string =>
    `event: ${type}\ndata: ${JSON.stringify(data)}\n${id === undefined ? '' : `id: ${id}\n`}\n`
  const before = frame('sse.ready', { protocol: 1, heartbeat: 15_000, text: [], key: 'k' })
  const isLive = frame('sse.live', { topics: ['orders/1'], resumed: true, position: '1.e.1', key: 'k' }, '1.e.1')
  const events = upTo(50).map((n) => frame('orders/1#counted', { n, at: '2026-01-01T00:00:00.000Z', padding: '' }, `1.e.${n + 1}-${n}`))
  await page.evaluate((chunk) => window.react.script(chunk), [before, isLive, ...events].join(''))
  await show(page, { lists: [{ order: '1' }] })
  await expect(page.locator('#list-1')).toHaveText(`open ${upTo(50).join()}`)
  // Mounted, connected, and all that came; twice each.
  expect((await renders(page))['list 1']).toBeLessThanOrEqual(8)
})

test('a list keeps the last ones, up to its limit', async ({ page, request }) => {
  await using storage = await Storage.make()
  await using server = await hubServer(storage.path)
  await publish(request, server, ['orders/1'], { to: 4 })
  await open(page, server, { lists: [{ order: '1', limit: 3, start: 'last:4' }] })
  await expect(page.locator('#list-1')).toHaveText('open 2,3,4')
  await publish(request, server, ['orders/1'], { from: 5, to: 6 })
  await expect(page.locator('#list-1')).toHaveText('open 4,5,6')
})

test('a component that is gone and comes right back costs no request; when all are gone, no stream is left', async ({ page, request }) => {
  await using storage = await Storage.make()
  await using server = await hubServer(storage.path)
  const both: View = { lists: [{ order: '1' }, { order: '2' }] }
  await open(page, server, both)
  await expect(page.locator('#list-2')).toHaveText('open')
  for (let n = 0; n < 3; n++) {
    await show(page, { lists: [{ order: '1' }] })
    await show(page, both)
  }
  await expect(page.locator('#list-2')).toHaveText('open')
  expect((await stats(request, server)).requests).toHaveLength(1)
  await page.evaluate(() => window.react.leave())
  await expect.poll(async () => (await stats(request, server)).streams, poll).toBe(0)
})

test('another topic begins another list, over the same connection', async ({ page, request }) => {
  await using storage = await Storage.make()
  await using server = await hubServer(storage.path)
  await open(page, server, { follows: [{ order: '1', word: 'one' }] })
  await publish(request, server, ['orders/1'], { to: 2 })
  await expect.poll(() => heard(page), poll).toEqual(['one 1', 'one 2'])
  await show(page, { follows: [{ order: '2', word: 'two' }] })
  await expect(page.locator('#follow-2')).toHaveText('open')
  await publish(request, server, ['orders/1', 'orders/2'], { from: 3, to: 4 })
  await expect.poll(() => heard(page), poll).toEqual(['one 1', 'one 2', 'two 3', 'two 4'])
  await expect.poll(async () => (await stats(request, server)).streams, poll).toBe(1)
})

test('the handler of the last render is called, and no request is made for it', async ({ page, request }) => {
  await using storage = await Storage.make()
  await using server = await hubServer(storage.path)
  await open(page, server, { follows: [{ order: '1', word: 'old' }] })
  await publish(request, server, ['orders/1'], { to: 1 })
  await expect.poll(() => heard(page), poll).toEqual(['old 1'])
  await show(page, { follows: [{ order: '1', word: 'new' }] })
  await publish(request, server, ['orders/1'], { from: 2, to: 2 })
  await expect.poll(() => heard(page), poll).toEqual(['old 1', 'new 2'])
  expect((await stats(request, server)).requests).toHaveLength(1)
})

test('what is not wanted yet is not asked for', async ({ page, request }) => {
  await using storage = await Storage.make()
  await using server = await hubServer(storage.path)
  await page.goto(`${server.url}/react`)
  await show(page, { follows: [{ order: undefined, word: 'a' }] })
  await expect(page.locator('#follow-undefined')).toHaveText('waiting idle')
  await expect(page.locator('#status')).toHaveText('waiting')
  expect((await stats(request, server)).requests).toEqual([])
  await show(page, { follows: [{ order: '1', word: 'a' }] })
  await expect(page.locator('#follow-1')).toHaveText('open')
})

test('components that are hidden have no stream; shown again they go on where they were, without loss', async ({ page, request }) => {
  await using storage = await Storage.make()
  await using server = await hubServer(storage.path)
  const view: View = { lists: [{ order: '1' }] }
  await open(page, server, view)
  await publish(request, server, ['orders/1'], { to: 3 })
  await expect(page.locator('#list-1')).toHaveText('open 1,2,3')
  await show(page, { ...view, isHidden: true })
  await expect.poll(async () => (await stats(request, server)).streams, poll).toBe(0)
  await publish(request, server, ['orders/1'], { from: 4, to: 6 })
  await show(page, view)
  await expect(page.locator('#list-1')).toHaveText('open 1,2,3,4,5,6')
})

test('a component that turns to another topic lists that one alone, and its handler hears of no other', async ({ page, request }) => {
  await using storage = await Storage.make()
  await using server = await hubServer(storage.path)
  await open(page, server, { lists: [{ order: '1' }, { order: '2' }], turned: '1' })
  const publishing = publish(request, server, ['orders/1', 'orders/2'], { to: 300, every: 5 })
  for (let n = 0; n < 40; n++) await page.evaluate((order) => window.react.turn({ turned: order }), n % 2 ? '1' : '2')
  await page.evaluate(() => window.react.turn({ turned: '2' }))
  await publishing
  await expect(page.locator('#turned')).toHaveText(/^2 .*300$/)
  expect(await page.evaluate(() => window.react.told)).toEqual([])
})

test('a component does not render because another one joins the connection, or leaves it', async ({ page }) => {
  await using storage = await Storage.make()
  await using server = await hubServer(storage.path)
  const one: View = { lists: [{ order: '1' }] }
  await open(page, server, one)
  const before = await renders(page)
  for (const view of [{ ...one, follows: [{ order: '2', word: 'a' }] }, one, { ...one, follows: [{ order: '3', word: 'a' }] }]) {
    await show(page, view)
    await expect(page.locator('p:not([data-state=open])')).toHaveCount(0)
  }
  const after = await renders(page)
  // Those of the page itself, two each in StrictMode.
  expect((after['list 1'] ?? 0) - (before['list 1'] ?? 0)).toBe(3 * 2)
})

test('hidden before anything was acknowledged, a component misses nothing', async ({ page, request }) => {
  await using storage = await Storage.make()
  await using server = await hubServer(storage.path)
  const view: View = { follows: [{ order: '1', word: 'a', isManual: true }] }
  await open(page, server, view)
  await publish(request, server, ['orders/1'], { to: 2 })
  await expect.poll(() => heard(page), poll).toEqual(['a 1', 'a 2'])
  await show(page, { ...view, isHidden: true })
  await expect.poll(async () => (await stats(request, server)).streams, poll).toBe(0)
  await publish(request, server, ['orders/1'], { from: 3, to: 4 })
  await show(page, view)
  await expect.poll(() => heard(page), poll).toEqual(['a 1', 'a 2', 'a 1', 'a 2', 'a 3', 'a 4'])
})

test('the end of a topic is told, and a provider that goes closes the client that it made', async ({ page, request }) => {
  await using storage = await Storage.make()
  await using server = await hubServer(storage.path)
  await page.goto(`${server.url}/react`)
  // Nothing but the close would end the connection within the test.
  await page.evaluate(() => window.react.setLinger(3_600_000))
  await show(page, { lists: [{ order: '1' }], follows: [{ order: '2', word: 'a' }] })
  await expect(page.locator('#follow-2')).toHaveText('open')
  await end(request, server, 'orders/2')
  await expect(page.locator('#follow-2')).toContainText('closed')
  expect(await page.evaluate(() => window.react.told)).toEqual([expect.stringMatching(/^a end /)])
  await page.evaluate(() => window.react.leave())
  await expect.poll(async () => (await stats(request, server)).streams, poll).toBe(0)
})

test('what the server rendered is taken over as it is, and then comes alive', async ({ page, request }) => {
  await using storage = await Storage.make()
  await using server = await hubServer(storage.path)
  const complaints: string[] = []
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  await page.goto(`${server.url}/rendered`)
  await expect(page.locator('#list-1')).toHaveText('connecting')
  await expect(page.locator('#status')).toHaveText('waiting')
  expect((await stats(request, server)).requests).toEqual([])
  await page.evaluate(() => window.react.hydrate({ lists: [{ order: '1' }] }))
  await expect(page.locator('#list-1')).toHaveText('open')
  await publish(request, server, ['orders/1'], { to: 2 })
  await expect(page.locator('#list-1')).toHaveText('open 1,2')
  expect([...complaints, ...(await page.evaluate(() => window.react.complaints))]).toEqual([])
  expect((await stats(request, server)).requests).toHaveLength(1)
})

test('a server that is gone and comes back is seen in the state, and nothing is lost', async ({ page, request }) => {
  await using storage = await Storage.make()
  const first = await hubServer(storage.path)
  await open(page, first, { lists: [{ order: '1' }] })
  await publish(request, first, ['orders/1'], { to: 2 })
  await expect(page.locator('#list-1')).toHaveText('open 1,2')
  await first.kill()
  await expect(page.locator('#status')).toHaveText('waiting')
  await using second = await hubServer(storage.path, '--port', first.port)
  await publish(request, second, ['orders/1'], { from: 3, to: 4 })
  await expect(page.locator('#list-1')).toHaveText('open 1,2,3,4')
  await expect(page.locator('#status')).toHaveText('open')
})

test('a topic that is denied says so in its component alone', async ({ page, request }) => {
  await using storage = await Storage.make()
  await using server = await hubServer(storage.path)
  await page.goto(`${server.url}/react`)
  await show(page, { lists: [{ order: '1' }], secret: true })
  await expect(page.locator('#list-1')).toHaveText('open')
  await expect(page.locator('#secret')).toContainText('closed')
  await publish(request, server, ['orders/1'], { to: 2 })
  await expect(page.locator('#list-1')).toHaveText('open 1,2')
  expect(await page.evaluate(() => window.react.told)).toEqual(['server_error'])
})

test('a hook without its Provider, a limit that keeps nothing, and params that a contract would refuse say what to do', async ({
  page,
}) => {
  await using storage = await Storage.make()
  await using server = await hubServer(storage.path)
  await page.goto(`${server.url}/react`)
  await show(page, { hasNoProvider: true })
  await expect(page.locator('#error')).toHaveText('render the Provider of createHooks above')
  await page.evaluate(() => window.react.leave())
  await show(page, { lists: [{ order: '1', limit: 0 }] })
  await expect(page.locator('#error')).toHaveText('limit: 0 is below 1')
  await page.evaluate(() => window.react.leave())
  await show(page, { lists: [{ order: '..' }] })
  await expect(page.locator('#error')).toHaveText('params: orderId must be text or a number, not empty or dots')
})
