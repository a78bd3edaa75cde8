import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { ConnectOptions } from './options.js'
import type { Snapshot } from './state.js'
import { subscribe } from './subscribe.js'
import { failureOf, turns } from './testing/async.js'

// Math.random at its top makes each delay its upper bound, which tells the attempt.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
  vi.spyOn(Math, 'random').mockReturnValue(1)
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

/** A connection that takes so long to be accepted, and then lasts so long; undefined: it cannot be made at all. */
type Lifetime = { readonly accepted: number; readonly lasts: number } | undefined

const after = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds))

/** The waits that follow these connections: their delays, and the attempts that are told. */
async function waitsAfter(lifetimes: readonly Lifetime[], options: ConnectOptions = {}): Promise<{ delays: number[]; attempts: number[] }> {
  const waits: Snapshot[] = []
  const startOf: number[] = []
  const left = [...lifetimes]
  const live = subscribe('http://sse.test/', {
    ...options,
    onStateChange: (snapshot) => {
      if (snapshot.state !== 'waiting') return
      waits.push(snapshot)
      startOf.push(Date.now())
      if (waits.length === lifetimes.length) live.close()
    },
    fetch: async () => {
      const lifetime = left.shift()
      if (lifetime === undefined) throw new TypeError('fetch failed')
      if (lifetime.accepted > 0) await after(lifetime.accepted)
      const body = new ReadableStream({
        start: async (controller) => {
          if (lifetime.lasts > 0) await after(lifetime.lasts)
          controller.close()
        },
      })
      return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
    },
  })
  live.on('a', () => {})
  for (let step = 0; step < 100 && live.state !== 'closed'; step++) {
    await turns(10)
    await vi.advanceTimersByTimeAsync(1000)
  }
  expect(live.state).toBe('closed')
  return {
    delays: waits.map(({ retryAt = Number.NaN }, index) => retryAt - (startOf[index] ?? 0)),
    attempts: waits.map(({ attempt }) => attempt),
  }
}

const refused: Lifetime = undefined

describe('C37 failed attempts in a row', () => {
  test.each<[string, readonly Lifetime[], number[]]>([
    ['make the delay longer', [refused, refused, refused, refused], [1, 2, 3, 4]],
    ['are also connections that end right away', [{ accepted: 0, lasts: 0 }, { accepted: 0, lasts: 4_000 }, refused], [1, 2, 3]],
    ['begin anew with one that lasted for stableAfter', [refused, refused, { accepted: 0, lasts: 5_000 }, refused], [1, 2, 1, 2]],
    ['are also those that were slow to be accepted, and then ended right away', [refused, { accepted: 6_000, lasts: 0 }], [1, 2]],
  ])('%s', async (_, lifetimes, expected) => {
    const { delays, attempts } = await waitsAfter(lifetimes)
    expect(attempts).toEqual(expected)
    expect(delays).toEqual(expected.map((attempt) => 1000 * 2 ** (attempt - 1)))
  })

  test('stableAfter is an option', async () => {
    const lifetimes = [refused, { accepted: 0, lasts: 2_000 }, { accepted: 0, lasts: 0 }]
    expect((await waitsAfter(lifetimes, { reconnect: { stableAfter: 2_000 } })).attempts).toEqual([1, 1, 2])
    expect((await waitsAfter(lifetimes, { reconnect: { stableAfter: 3_000 } })).attempts).toEqual([1, 2, 3])
  })

  test('baseDelay and maxDelay are options', async () => {
    const { delays } = await waitsAfter([refused, refused, refused], { reconnect: { baseDelay: 100, maxDelay: 300 } })
    expect(delays).toEqual([100, 200, 300])
  })
})

describe('maxAttempts', () => {
  test('closes it after so many in a row, with the last one’s error', async () => {
    const fetch = vi.fn(async (): Promise<Response> => new Response(null, { status: 503 }))
    const live = subscribe('http://sse.test/', { fetch, reconnect: { maxAttempts: 3, baseDelay: 0 } })
    const failed = failureOf(live[Symbol.asyncIterator]().next())
    for (let attempt = 0; attempt < 3; attempt++) {
      await turns()
      await vi.advanceTimersByTimeAsync(1)
    }
    expect(await failed).toMatchObject({ code: 'http_status', status: 503 })
    expect(fetch).toHaveBeenCalledTimes(3)
    expect(live.getSnapshot()).toMatchObject({ state: 'closed', reason: 'failed', attempt: 3, retryAt: undefined })
  })

  test('0 allows the first attempt alone', async () => {
    const fetch = vi.fn(async (): Promise<Response> => new Response(null, { status: 503 }))
    const live = subscribe('http://sse.test/', { fetch, reconnect: { maxAttempts: 0 } })
    expect(await failureOf(live[Symbol.asyncIterator]().next())).toMatchObject({ code: 'http_status' })
    expect(fetch).toHaveBeenCalledTimes(1)
  })

  test('counts those in a row only', async () => {
    const stable = { accepted: 0, lasts: 5_000 }
    const lifetimes = [refused, stable, refused, stable, refused]
    expect((await waitsAfter(lifetimes, { reconnect: { maxAttempts: 3 } })).attempts).toEqual([1, 1, 2, 1, 2])
  })
})

test('`reconnect: false` closes it on the first failure', async () => {
  const fetch = vi.fn(async (): Promise<Response> => new Response(null, { status: 503 }))
  const live = subscribe('http://sse.test/', { fetch, reconnect: false })
  expect(await failureOf(live[Symbol.asyncIterator]().next())).toMatchObject({ status: 503 })
  expect(fetch).toHaveBeenCalledTimes(1)
})

test('a delay of 0 is a delay, and not for ever', async () => {
  vi.mocked(Math.random).mockReturnValue(0)
  const fetch = vi.fn(async (): Promise<Response> => new Response(null, { status: fetch.mock.calls.length < 3 ? 503 : 204 }))
  const live = subscribe('http://sse.test/', { fetch })
  for (let attempt = 0; attempt < 3; attempt++) {
    await turns()
    await vi.advanceTimersByTimeAsync(1)
  }
  expect(fetch).toHaveBeenCalledTimes(3)
  expect(live.state).toBe('closed')
})
