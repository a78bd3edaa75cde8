import { expect, type Page, test } from '@playwright/test'
import { hubServer } from '../servers/process.ts'
import { Storage } from '../servers/storage.ts'
import { end, eventsOf, poll, publish, stats, untilReceived, upTo, watch } from './watching.ts'

// The browser's own EventSource, without the client.

/** Listens to these names; each event's goes into the page's log, with what it holds. */
async function listen(page: Page, url: string, names: readonly string[]): Promise<void> {
  await page.evaluate(
    ({ url, names }) => {
      const source = new EventSource(url)
      const log: string[] = []
      for (const name of names) {
        source.addEventListener(name, (event) => {
          const { n, code = '', topics = '' } = JSON.parse(event.data)
          log.push(`${name} ${n ?? `${code} ${topics}`.trim()}`)
        })
      }
      Object.assign(window, { source, log })
    },
    { url, names },
  )
}

const logged = (page: Page): Promise<string[]> => page.evaluate('log')

/** 2 is closed for good (WHATWG HTML §9.2.2). */
const readyState = (page: Page): Promise<number> => page.evaluate('source.readyState')

/** The statuses of the page's event streams, in order. */
function statusesOf(page: Page): number[] {
  const statuses: number[] = []
  page.on('response', (response) => {
    if (/\/(events|chosen)\?/.test(response.url())) statuses.push(response.status())
  })
  return statuses
}

for (const [url, topics, name] of [
  ['/events?topic=orders/41&topic=orders/42', ['orders/41', 'orders/42'], 'orders/42#counted'],
  ['/chosen?topic=orders/42', ['orders/42'], 'counted'],
] as const) {
  test(`an EventSource listens to ${name}, resumes by itself after a restart, and stops when all topics have ended`, async ({
    page,
    request,
  }) => {
    await using storage = await Storage.make()
    await using first = await hubServer(storage.path)
    await page.goto(first.url)
    const statuses = statusesOf(page)
    await listen(page, url, ['sse.live', name])
    await expect.poll(() => logged(page), poll).toEqual([`sse.live ${topics}`])
    await publish(request, first, [...topics], { to: 5 })
    await expect.poll(() => logged(page), poll).toContain(`${name} 5`)
    await first.kill()
    await using elsewhere = await hubServer(storage.path)
    await publish(request, elsewhere, [...topics], { from: 6, to: 9 })
    await using second = await hubServer(storage.path, '--port', first.port)
    await expect.poll(() => logged(page), poll).toContain(`${name} 9`)
    await publish(request, second, [...topics], { from: 10, to: 10 })
    await end(request, second, ...topics)
    await expect.poll(() => readyState(page), poll).toBe(2)
    expect((await logged(page)).filter((line) => line.startsWith(name))).toEqual(upTo(10).map((n) => `${name} ${n}`))
    expect(statuses).toEqual([200, 200, 204])
  })
}

test('an EventSource whose position is past the end of all its topics is told so at once', async ({ page, request }) => {
  await using storage = await Storage.make()
  await using server = await hubServer(storage.path)
  await page.goto(server.url)
  await watch(page, eventsOf('orders/42', 'orders/43'))
  await end(request, server, 'orders/42')
  await publish(request, server, ['orders/43'], { to: 1 })
  await untilReceived(page, ['orders/43'], 1)
  // Events after the end of another topic: this position is past it.
  const cursor = await page.evaluate(() => window.sse.watched[0]?.subscription.lastEventId)
  const statuses = statusesOf(page)
  await listen(page, `/events?topic=orders/42&lastEventId=${cursor}`, [])
  await expect.poll(() => readyState(page), poll).toBe(2)
  expect(statuses).toEqual([204])
})

test('an EventSource is told by name which topics it does not get', async ({ page }) => {
  await using storage = await Storage.make()
  await using server = await hubServer(storage.path)
  await page.goto(server.url)
  await listen(page, eventsOf('secrets/plan', 'orders/42', 'nowhere'), ['sse.error', 'sse.live'])
  await expect.poll(() => logged(page), poll).toEqual(['sse.error unknown nowhere', 'sse.error denied secrets/plan', 'sse.live orders/42'])
})

test('a refusal for a time reaches an EventSource as a stream that says when to come back, and it does', async ({
  page,
  context,
  request,
}) => {
  await using storage = await Storage.make()
  await using server = await hubServer(storage.path, '--streams', '1')
  await page.goto(server.url)
  await watch(page, eventsOf('orders/42'))
  const refused = await context.newPage()
  await refused.goto(server.url)
  const statuses = statusesOf(refused)
  await listen(refused, eventsOf('orders/42'), ['sse.error', 'sse.live', 'orders/42#counted'])
  await expect.poll(() => logged(refused), poll).toEqual(['sse.error streams'])
  await page.close()
  await expect.poll(() => logged(refused), poll).toContain('sse.live orders/42')
  await publish(request, server, ['orders/42'], { to: 1 })
  await expect.poll(() => logged(refused), poll).toContain('orders/42#counted 1')
  expect(new Set(statuses)).toEqual(new Set([200]))
  expect((await stats(request, server)).refused.streams).toBe(statuses.length - 1)
})
