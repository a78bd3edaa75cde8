// What the tests of clients have in common: pages that follow topics of numbers over one connection.
import { expect, type Page } from '@playwright/test'
import type { FollowOptions } from '../pages/follow.ts'
import { poll } from './watching.ts'

/** Opens a page whose client subscribes to these orders. Resolves when all are live. */
export async function follow(page: Page, url: string, orders: readonly string[], options: FollowOptions = {}): Promise<void> {
  await page.goto(url)
  await page.evaluate((options) => window.sse.follow(options), options)
  await order(page, orders)
}

/** Subscribes to more orders. Resolves when all are live. */
export async function order(page: Page, orders: readonly string[]): Promise<void> {
  await page.evaluate((orders) => window.sse.order(orders), orders)
  await untilLive(page)
}

export async function untilLive(page: Page): Promise<void> {
  const areLive = (): Promise<boolean> =>
    page.evaluate(() =>
      [...window.sse.follower().subscriptions.values()].every(({ state, lastEventId }) => state === 'open' && lastEventId !== ''),
    )
  await expect.poll(areLive, poll).toBe(true)
}

/** The numbers of each topic. */
export function receivedBy(page: Page): Promise<Record<string, number[]>> {
  return page.evaluate(() => window.sse.follower().received)
}

/** Waits until all of its topics are at this number, or past it. */
export async function untilAt(page: Page, n: number): Promise<void> {
  const least = (): Promise<number> =>
    page.evaluate(() => Math.min(...Object.values(window.sse.follower().received).map((numbers) => numbers.at(-1) ?? 0)))
  await expect.poll(least, poll).toBeGreaterThanOrEqual(n)
}

/** Gaps, ends and errors. */
export function toldTo(page: Page): Promise<string[]> {
  return page.evaluate(() => window.sse.follower().told)
}

export function roleOf(page: Page): Promise<string> {
  return page.evaluate(() => window.sse.follower().client.getSnapshot().role)
}

/** The one of the pages that leads, once there is exactly one. */
export async function leaderOf(pages: readonly Page[]): Promise<Page> {
  let leader: Page | undefined
  await expect
    .poll(async () => {
      const roles = await Promise.all(pages.map(roleOf))
      leader = pages[roles.indexOf('leader')]
      return roles.filter((role) => role === 'leader').length
    }, poll)
    .toBe(1)
  if (!leader) throw new Error('no page leads')
  return leader
}
