import { readFile, writeFile } from 'node:fs/promises'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { subscribe } from './subscribe.js'
import { Log } from './testing/log.js'
import { startServer } from './testing/raw-server.js'
import { histogram, returnsOf, seeded, spread } from './testing/storm.js'

afterEach(() => {
  vi.restoreAllMocks()
})

/** Each is a storm of its own, and always the same. */
const seeds = Array.from({ length: 20 }, (_, seed) => seed)

const sum = (counts: readonly number[]): number => counts.reduce((all, count) => all + count, 0)

describe('C37 1,000 clients that lose their server at once, by the policy alone', () => {
  test('come back over the whole first second, where it is there again: each tenth of it has 5 to 15 % of them', () => {
    for (const seed of seeds) {
      const counts = spread(returnsOf(1_000, 0, seeded(seed)), 0, 100, 10)
      // Five standard deviations of what falls evenly.
      expect(Math.min(...counts)).toBeGreaterThanOrEqual(50)
      expect(Math.max(...counts)).toBeLessThanOrEqual(150)
      expect(sum(counts)).toBe(1_000)
    }
  })

  test('come back over half a minute, where it was away for ten seconds: no second has a quarter of them', () => {
    for (const seed of seeds) {
      const counts = spread(returnsOf(1_000, 10_000, seeded(seed)), 10_000, 1_000, 60)
      expect(Math.max(...counts)).toBeLessThan(250)
      expect(sum(counts.slice(0, 30))).toBeGreaterThan(990)
      expect(sum(counts)).toBe(1_000)
    }
  })

  test('are drawn in docs/conformance.md, where UPDATE_DOCS=1 writes the drawing', async () => {
    const docs = new URL('../../../docs/conformance.md', import.meta.url)
    const drawing = [
      'The server is there again at once: 100 ms a line',
      histogram(spread(returnsOf(1_000, 0, seeded(1)), 0, 100, 10), 0, 100, 'ms'),
      'The server is away for ten seconds: 2 s a line',
      histogram(spread(returnsOf(1_000, 10_000, seeded(1)), 10_000, 2_000, 15), 10, 2, 's'),
    ].join('\n')
    if (process.env['UPDATE_DOCS'] === '1') {
      await writeFile(docs, (await readFile(docs, 'utf8')).replace(/(?<=```text storm\n).*?(?=```)/s, drawing))
    }
    expect(await readFile(docs, 'utf8')).toContain(drawing)
  })
})

test('C37 300 subscriptions that lose a real server come back to the next one at its port, spread out, and none is missing', async () => {
  const clients = 300
  const baseDelay = 500
  vi.spyOn(Math, 'random').mockImplementation(seeded(1))
  const first = await startServer()
  const heard = new Log<string>()
  const firstWaits: number[] = []
  const subscriptions = Array.from({ length: clients }, (_, client) => {
    const live = subscribe<Record<string, string>>(`${first.url}?${client}`, {
      format: 'text',
      reconnect: { baseDelay },
      onStateChange: ({ attempt, retryAt }) => {
        if (retryAt !== undefined && attempt === 1) firstWaits.push(retryAt - Date.now())
      },
    })
    live.on('message', ({ data }) => heard.add(`${data} ${client}`))
    return live
  })
  for (let count = 0; count < clients; count++) await first.stream('data:first\n\n')
  await heard.count(clients)
  await first[Symbol.asyncDispose]()

  // Whoever comes before it is there is refused, and waits again.
  await using next = await startServer(first.port)
  for (let count = 0; count < clients; count++) await next.stream('data:next\n\n')
  await heard.count(2 * clients)
  await Promise.all(subscriptions.map((live) => live[Symbol.asyncDispose]()))

  const each = (server: string): string[] => Array.from({ length: clients }, (_, client) => `${server} ${client}`)
  expect(new Set(heard.entries)).toEqual(new Set([...each('first'), ...each('next')]))
  expect(heard.entries).toHaveLength(2 * clients)
  // Spread out is when they mean to come. When a busy machine lets them is its own affair, and no test's.
  const counts = spread(firstWaits, 0, baseDelay / 5, 5)
  expect(firstWaits).toHaveLength(clients)
  // Four standard deviations of what falls evenly.
  expect(Math.min(...counts)).toBeGreaterThanOrEqual(30)
  expect(Math.max(...counts)).toBeLessThanOrEqual(90)
})
