import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { ConnectOptions } from './options.js'
import type { Snapshot } from './state.js'
import { subscribe } from './subscribe.js'
import { Log } from './testing/log.js'
import { type Exchange, startServer } from './testing/raw-server.js'

// Time stands still, so that the wait is exact; without jitter it is what the server asked for, or 0.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
  vi.spyOn(Math, 'random').mockReturnValue(0)
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

/** How long the subscription waits after this answer. */
async function waitAfter(answer: (exchange: Exchange) => void, options: ConnectOptions = {}): Promise<number> {
  await using server = await startServer()
  const states = new Log<Snapshot>()
  await using live = subscribe(server.url, { ...options, onStateChange: states.add })
  live.on('message', () => {})
  answer(await server.next())
  const { retryAt = Number.NaN } = await states.find(({ state }) => state === 'waiting')
  return retryAt - Date.now()
}

const waitAfterStream = (stream: string): Promise<number> => waitAfter((exchange) => exchange.open().send(stream).end())

describe('the reconnection time', () => {
  test.each([
    ['B26 is digits, leading zeros too', 'retry:02000\n', 2000],
    ['B26 counts at its own line, without data or a blank line', 'data:1\nretry:500\n', 500],
    ['B26 the last one counts', 'retry:500\nretry:600\n', 600],
    ['B26 what is no number leaves an earlier one', 'retry:500\nretry:1000x\n', 500],
    ['B27 0 is no spinning', 'retry:0\n', 100],
    ['B27 no longer than an hour', 'retry:99999999999999\n', 3_600_000],
    ['B27 nor where the digits are beyond any number', `retry:${'9'.repeat(400)}\n`, 3_600_000],
  ])('%s', async (_, stream, wait) => {
    expect(await waitAfterStream(stream)).toBe(wait)
  })

  test.each(['1000x', '-1', '1.5', '1e3', '+5', '', ' 5', '0x10', '٣', '5\0'])('B26 %j is ignored', async (value) => {
    expect(await waitAfterStream(`retry: ${value}\n\ndata:1\n\n`)).toBe(0)
  })

  test('B26 outlives the connection', async () => {
    await using server = await startServer()
    const states = new Log<Snapshot>()
    await using live = subscribe(server.url, { onStateChange: states.add })
    live.on('message', () => {})
    ;(await server.stream('retry:500\n')).end()
    await states.find(({ attempt, state }) => state === 'waiting' && attempt === 1)
    vi.advanceTimersByTime(500)
    ;(await server.stream()).end()
    const { retryAt } = await states.find(({ attempt, state }) => state === 'waiting' && attempt === 2)
    expect(retryAt).toBe(Date.now() + 500)
  })
})

describe('C31 Retry-After', () => {
  test.each([
    ['in seconds', '120', 120_000],
    ['as a date', () => new Date(Date.now() + 90_000).toUTCString(), 90_000],
    ['0: no spinning', '0', 100],
    ['in the past', 'Thu, 01 Jan 1970 00:00:00 GMT', 100],
    ['no longer than an hour', '86400', 3_600_000],
    ['that is neither', 'soon', 0],
    ['that is not there', undefined, 0],
  ])('%s', async (_, value, wait) => {
    // A date has whole seconds.
    vi.setSystemTime(1_800_000_000_000)
    const header = typeof value === 'function' ? value() : value
    expect(await waitAfter((exchange) => exchange.answer(503, header === undefined ? {} : { 'retry-after': header }))).toBe(wait)
  })

  test('the jitter comes on top: nobody comes before that time, and not all at once', async () => {
    vi.mocked(Math.random).mockReturnValue(0.5)
    expect(await waitAfter((exchange) => exchange.answer(429, { 'retry-after': '10' }), { reconnect: { baseDelay: 2000 } })).toBe(11_000)
  })
})
