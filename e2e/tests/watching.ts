import { type APIRequestContext, expect, type Page } from '@playwright/test'
import type { HubStats } from '@sse/server'
import type { WatchOptions } from '../pages/orders.ts'

// What the hub's tests have in common: pages that watch orders, and servers that are told to publish.

/** Quick, for what is waited for takes milliseconds; where the machine is busy it may take much longer. */
export const poll = { intervals: [20, 50, 100], timeout: 40_000 }

export const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1)

/** Watches in the page, from now on: resolves when all of the page's subscriptions are live. */
export async function watch(page: Page, url: string, options: WatchOptions = {}): Promise<void> {
  await page.evaluate(({ url, options }) => window.sse.watchOrders(url, options), { url, options })
  await expect
    .poll(() => page.evaluate(() => window.sse.watched.every(({ subscription }) => subscription.lastEventId !== '')), poll)
    .toBe(true)
}

/** The numbers of each topic, of each of the page's subscriptions. */
export function received(page: Page): Promise<Record<string, number[]>[]> {
  return page.evaluate(() => window.sse.watched.map(({ received }) => received))
}

/** All that the page's only subscription was told, in order. */
export function log(page: Page): Promise<string[]> {
  return page.evaluate(() => window.sse.watched.flatMap(({ log }) => log))
}

/** Waits until each subscription of the page has that many events of each of the topics. */
export async function untilReceived(page: Page, topics: readonly string[], count: number): Promise<void> {
  const least = (): Promise<number> =>
    page.evaluate(
      (topics) => Math.min(...window.sse.watched.flatMap(({ received }) => topics.map((topic) => received[topic]?.length ?? 0))),
      topics,
    )
  await expect.poll(least, poll).toBeGreaterThanOrEqual(count)
}

export async function untilLogged(page: Page, line: string): Promise<void> {
  await expect.poll(() => log(page), poll).toContain(line)
}

/** Publishes the numbers `from` to `to` to orders; resolves with the most bytes that waited for one reader when all are retained. */
export async function publish(
  request: APIRequestContext,
  server: { readonly url: string },
  orders: readonly string[],
  numbers: { readonly from?: number; readonly to: number; readonly every?: number; readonly size?: number },
): Promise<number> {
  const slices = Array.from({ length: Math.ceil(orders.length / 20) }, (_, index) => orders.slice(20 * index, 20 * index + 20))
  // A hundred long ones are more than a URL holds.
  const waiting = slices.map(async (slice) => {
    const query = new URLSearchParams([
      ...slice.map((order) => ['order', order]),
      ...Object.entries(numbers).map(([name, value]) => [name, String(value)]),
    ])
    return (await told(request, server, `/publish?${query}`)).largest
  })
  return Math.max(...(await Promise.all(waiting)))
}

/** The server's answer to what it was told to do. */
export async function told(
  request: APIRequestContext,
  server: { readonly url: string },
  path: string,
): Promise<HubStats & { readonly requests: readonly string[]; readonly largest: number; readonly count: number }> {
  const answer = await request.post(`${server.url}${path}`, { timeout: 60_000 })
  expect(answer.ok()).toBe(true)
  return answer.json()
}
