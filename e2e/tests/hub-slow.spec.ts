import { type APIRequestContext, expect, type Page, test } from '@playwright/test'
import type { HubStats } from '@sse/server'
import { hubServer, type ServerProcess } from '../servers/process.ts'
import { Storage } from '../servers/storage.ts'
import { eventsOf, log, publish, received, stats, told, untilReceived, upTo, watch } from './watching.ts'

/** In characters of padding: no event is larger by more than a few hundred bytes. */
const size = 65_536
/** Under the outbox's bound with all of it, so that whoever reads is never in danger. */
const batch = 10

interface Published {
  /** Numbers from 1 on. */
  readonly count: number
  /** The most bytes that waited for one reader. */
  readonly largest: number
}

/**
 * Publishes batch by batch, each when the reader has the last one, until it is seen that the other one does not read: the
 * kernel and the browser hold some megabytes before.
 */
async function publishUntil(
  isSeen: (stats: HubStats) => boolean,
  { request, server, topics, reader }: { request: APIRequestContext; server: ServerProcess; topics: string[]; reader: Page },
): Promise<Published> {
  let count = 0
  let largest = 0
  while (!isSeen(await stats(request, server)) && count < 1_000) {
    largest = Math.max(largest, await publish(request, server, topics, { from: count + 1, to: count + batch, size }))
    count += batch
    await untilReceived(reader, topics, count)
  }
  return { count, largest }
}

/** Two pages of the server, live on the topics; the second takes nothing from its first event on. */
async function watchWithStalled(server: ServerProcess, topics: readonly string[], page: Page): Promise<Page> {
  const stalled = await page.context().newPage()
  for (const reader of [page, stalled]) {
    await reader.goto(server.url)
    await watch(reader, eventsOf(...topics))
  }
  await stalled.evaluate(() => {
    for (const one of window.sse.watched) one.stall()
  })
  return stalled
}

async function goOn(stalled: Page): Promise<void> {
  expect(await received(stalled)).toEqual([{}])
  await stalled.evaluate(() => {
    for (const one of window.sse.watched) one.goOn()
  })
}

test('a page that stops reading costs no more than its outbox, is let go, and loses nothing; those beside it do not notice', async ({
  page,
  request,
}) => {
  await using storage = await Storage.make()
  await using server = await hubServer(storage.path)
  const topics = ['orders/1']
  const stalled = await watchWithStalled(server, topics, page)
  const { count, largest } = await publishUntil(({ overflows }) => overflows.disconnected > 0, { request, server, topics, reader: page })
  expect(largest).toBeGreaterThan(batch * size)
  expect(largest).toBeLessThanOrEqual(1_048_576)
  expect(await stats(request, server)).toMatchObject({ streams: 1, overflows: { disconnected: 1, conflated: 0, dropped: 0 } })
  await goOn(stalled)
  await untilReceived(stalled, topics, count)
  for (const reader of [page, stalled]) {
    expect(await received(reader)).toEqual([{ 'orders/1': upTo(count) }])
    expect(await told(reader)).toEqual([])
  }
  // Of the three one is its return.
  expect((await stats(request, server)).requests).toHaveLength(3)
})

test('where the oldest may be left out, a page that stops reading keeps its stream, and is told the gap in its place', async ({
  page,
  request,
}) => {
  await using storage = await Storage.make()
  await using server = await hubServer(storage.path)
  const topics = ['logs/1']
  const stalled = await watchWithStalled(server, topics, page)
  const { count, largest } = await publishUntil(({ overflows }) => overflows.dropped > 0, { request, server, topics, reader: page })
  expect(largest).toBeLessThanOrEqual(1_048_576)
  const { overflows, requests } = await stats(request, server)
  await goOn(stalled)
  await untilReceived(stalled, topics, count)
  const lines = await log(stalled)
  const before = lines.indexOf('gap overflow logs/1')
  expect(lines).toEqual([
    ...upTo(before).map((n) => `logs/1 ${n}`),
    'gap overflow logs/1',
    'fetched anew',
    ...upTo(count)
      .slice(before + overflows.dropped)
      .map((n) => `logs/1 ${n}`),
  ])
  expect(overflows).toEqual({ disconnected: 0, conflated: 0, dropped: overflows.dropped })
  expect(await log(page)).toEqual(upTo(count).map((n) => `logs/1 ${n}`))
  expect(requests).toHaveLength(2)
})

test('where only the latest counts, a page that stops reading gets the latest of each, and never has more than these waiting', async ({
  page,
  request,
}) => {
  await using storage = await Storage.make()
  await using server = await hubServer(storage.path)
  const topics = ['prices/1', 'prices/2']
  const stalled = await watchWithStalled(server, topics, page)
  const { count, largest } = await publishUntil(({ overflows }) => overflows.conflated > 100, { request, server, topics, reader: page })
  // One of each, and what is left of one that the connection has half taken.
  expect(largest).toBeLessThan(4 * size)
  await goOn(stalled)
  await untilReceived(stalled, topics, count)
  const [prices = {}] = await received(stalled)
  for (const topic of topics) {
    const numbers = prices[topic] ?? []
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b))
    expect(numbers.length).toBeLessThan(count - 40)
    expect(numbers.at(-1)).toBe(count)
  }
  for (const reader of [page, stalled]) expect(await told(reader)).toEqual([])
  const { overflows, requests } = await stats(request, server)
  expect(overflows).toMatchObject({ disconnected: 0, dropped: 0 })
  expect(requests).toHaveLength(2)
})
