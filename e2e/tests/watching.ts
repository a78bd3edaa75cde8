// What the hub's tests have in common: pages that watch topics of numbers, and servers that are told what to do.
import { type APIRequestContext, expect, type Page } from '@playwright/test'
import type { HubStats } from '@sse/server'
import type { WatchOptions } from '../pages/watch.ts'
import type { Command } from '../servers/hub-command.ts'

/** Quick, for what is waited for takes milliseconds; where the machine is busy it may take much longer. */
export const poll = { intervals: [20, 50, 100], timeout: 40_000 }

export const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1)

/** What each reader has of these topics who has the numbers 1 to `count` of all of them. */
export const whole = (topics: readonly string[], count: number): Record<string, number[]> =>
  Object.fromEntries(topics.map((topic) => [topic, upTo(count)]))

/** Of a hub's handler. */
export const eventsOf = (...topics: readonly string[]): string => `/events?${topics.map((topic) => `topic=${topic}`).join('&')}`

/** Watches in the page, from now on: resolves when all of the page's subscriptions are live. */
export async function watch(page: Page, url: string, options: WatchOptions = {}): Promise<void> {
  await page.evaluate(({ url, options }) => window.sse.watch(url, options), { url, options })
  const areLive = (): Promise<boolean> =>
    page.evaluate(() => window.sse.watched.every(({ subscription }) => subscription.lastEventId !== ''))
  await expect.poll(areLive, poll).toBe(true)
}

/** The numbers of each topic, of each of the page's subscriptions. */
export function received(page: Page): Promise<Record<string, number[]>[]> {
  return page.evaluate(() => window.sse.watched.map(({ received }) => received))
}

/** All that the page's subscriptions were told: of each in order. */
export function log(page: Page): Promise<string[]> {
  return page.evaluate(() => window.sse.watched.flatMap(({ log }) => log))
}

/** What they were told beside numbers. */
export async function told(page: Page): Promise<string[]> {
  return (await log(page)).filter((line) => !/^(orders|prices|logs)\//.test(line))
}

/** Waits until each of the page's subscriptions has got this number of each of the topics, or a later one. */
export async function untilReceived(page: Page, topics: readonly string[], n: number): Promise<void> {
  const least = (): Promise<number> =>
    page.evaluate(
      (topics) => Math.min(...window.sse.watched.flatMap(({ received }) => topics.map((topic) => received[topic]?.at(-1) ?? 0))),
      topics,
    )
  await expect.poll(least, poll).toBeGreaterThanOrEqual(n)
}

export async function untilLogged(page: Page, line: string): Promise<void> {
  await expect.poll(() => log(page), poll).toContain(line)
}

interface Addressed {
  readonly url: string
}

/** Publishes numbers; resolves with the most bytes that waited for one reader, when all are retained. */
export async function publish(
  request: APIRequestContext,
  server: Addressed,
  topics: string[],
  numbers: Pick<Command, 'from' | 'to' | 'every' | 'size'>,
): Promise<number> {
  return (await tell(request, server, 'publish', { topics, ...numbers })).largest
}

/** Ends topics, one after the other. */
export async function end(request: APIRequestContext, server: Addressed, ...topics: string[]): Promise<void> {
  await tell(request, server, 'end', { topics })
}

/** Returns how many were disconnected. */
export async function disconnect(
  request: APIRequestContext,
  server: Addressed,
  whom: Pick<Command, 'identity' | 'topics'>,
): Promise<number> {
  return (await tell(request, server, 'disconnect', whom)).count
}

/** Puts a server's clock ahead, by seconds. */
export async function setAhead(request: APIRequestContext, server: Addressed, ahead: number): Promise<void> {
  await tell(request, server, 'clock', { ahead })
}

export async function stats(request: APIRequestContext, server: Addressed): Promise<HubStats & { readonly requests: readonly string[] }> {
  return (await request.get(`${server.url}/stats`)).json()
}

async function tell(
  request: APIRequestContext,
  server: Addressed,
  what: 'publish' | 'end' | 'disconnect' | 'clock',
  command: Command,
): Promise<{ readonly largest: number; readonly count: number }> {
  const answer = await request.post(`${server.url}/${what}`, { data: command, timeout: 60_000 })
  expect(answer.ok()).toBe(true)
  return answer.json()
}
