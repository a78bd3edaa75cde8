import { expect, type Page, test } from '@playwright/test'
import { hubServer } from '../servers/process.ts'
import { Storage } from '../servers/storage.ts'
import { poll, publish, told, upTo, watch } from './watching.ts'

// The browser's own EventSource, without the client.

/** Listens to these names; every event's goes into the page's log, with its number where it has one. */
async function listen(page: Page, url: string, names: readonly string[]): Promise<void> {
  await page.evaluate(
    ({ url, names }) => {
      const source = new EventSource(url)
      const log: string[] = []
      for (const name of names) {
        source.addEventListener(name, (event) => {
          const { n, code } = JSON.parse(event.data)
          log.push([name, n ?? code].join(' ').trim())
        })
      }
      Object.assign(window, { source, log })
    },
    { url, names },
  )
}

const logged = (page: Page): Promise<string[]> => page.evaluate('log')

/** The statuses of the page's event streams, in order. */
function statusesOf(page: Page): number[] {
  const statuses: number[] = []
  page.on('response', (response) => {
    if (/\/(events|order)\?/.test(response.url())) statuses.push(response.status())
  })
  return statuses
}

for (const [path, name] of [
  ['/events?topic=orders/41&topic=orders/42', 'orders/42#shipped'],
  ['/order?order=42', 'shipped'],
] as const) {
  test(`an EventSource listens to ${name}, resumes by itself after a restart, and stops when all topics have ended`, async ({
    page,
    request,
  }) => {
    await using storage = await Storage.make()
    const first = await hubServer(storage.path)
    await page.goto(first.url)
    const statuses = statusesOf(page)
    await listen(page, path, ['sse.live', name])
    await expect.poll(() => logged(page), poll).toEqual(['sse.live'])
    await publish(request, first, ['41', '42'], { to: 5 })
    await expect.poll(() => logged(page), poll).toContain(`${name} 5`)
    await first.kill()
    await using elsewhere = await hubServer(storage.path)
    await publish(request, elsewhere, ['41', '42'], { from: 6, to: 9 })
    await using second = await hubServer(storage.path, '--port', first.port)
    await expect.poll(() => logged(page), poll).toContain(`${name} 9`)
    await publish(request, second, ['41', '42'], { from: 10, to: 10 })
    await told(request, second, '/end?order=41&order=42')
    await expect.poll(() => page.evaluate('source.readyState'), poll).toBe(2)
    expect((await logged(page)).filter((line) => line !== 'sse.live')).toEqual(upTo(10).map((n) => `${name} ${n}`))
    expect(statuses).toEqual([200, 200, 204])
  })
}

test('an EventSource whose position is past the end of all its topics is told so at once', async ({ page, request }) => {
  await using storage = await Storage.make()
  await using server = await hubServer(storage.path)
  await page.goto(server.url)
  await watch(page, '/events?topic=orders/42&topic=orders/43')
  await told(request, server, '/end?order=42')
  await publish(request, server, ['43'], { to: 1 })
  await expect.poll(() => page.evaluate(() => window.sse.watched[0]?.log), poll).toContain('orders/43 1')
  // Events after the end of another topic: this position is past it.
  const cursor = await page.evaluate(() => window.sse.watched[0]?.subscription.lastEventId)
  const statuses = statusesOf(page)
  await listen(page, `/events?topic=orders/42&lastEventId=${cursor}`, [])
  await expect.poll(() => page.evaluate('source.readyState'), poll).toBe(2)
  expect(statuses).toEqual([204])
})

test('a refusal for a time reaches an EventSource as a stream that says when to come back, and it does', async ({
  page,
  context,
  request,
}) => {
  await using storage = await Storage.make()
  await using server = await hubServer(storage.path, '--streams', '1')
  await page.goto(server.url)
  await watch(page, '/events?topic=orders/42')
  const refused = await context.newPage()
  await refused.goto(server.url)
  const statuses = statusesOf(refused)
  await listen(refused, '/events?topic=orders/42', ['sse.error', 'sse.live', 'orders/42#shipped'])
  await expect.poll(() => logged(refused), poll).toEqual(['sse.error streams'])
  await page.close()
  await expect.poll(() => logged(refused), poll).toContain('sse.live')
  await publish(request, server, ['42'], { to: 1 })
  await expect.poll(() => logged(refused), poll).toContain('orders/42#shipped 1')
  expect(new Set(statuses)).toEqual(new Set([200]))
  expect((await told(request, server, '/stats')).refused.streams).toBeGreaterThanOrEqual(1)
})
