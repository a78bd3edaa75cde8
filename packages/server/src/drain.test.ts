import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Drainable, departures, drain } from './drain.js'
import { deferred, isPending, turns } from './testing/deferred.js'

describe('departures', () => {
  test('D58 are spread evenly over the window, and their coming back over a window of its own', () => {
    expect(departures(4, 10_000, () => 0.5)).toEqual([0, 2_500, 5_000, 7_500].map((at) => ({ at, retry: 3_000 })))
  })

  test('of nobody are none', () => {
    expect(departures(0, 10_000, Math.random)).toEqual([])
  })

  test('D58 property: each is within the window, in order, and nobody comes back before half a second', () => {
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
    fc.assert(
      fc.property(fc.nat(200), fc.nat(60_000), random, (count, within, chance) => {
        const plan = departures(count, within, () => chance)
        const times = plan.map(({ at }) => at)
        expect(times).toEqual([...times].sort((one, other) => one - other))
        for (const { at, retry } of plan) {
          expect(at >= 0 && at <= within).toBe(true)
          expect(retry >= 500 && retry < 500 + Math.max(500, within / 2)).toBe(true)
        }
      }),
    )
  })
})

describe('draining', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  /** A stream that closes when it is let go, or only when it is cut. */
  function stream(log: string[], name: string, closesOn: 'depart' | 'cut' = 'depart'): Drainable & { readonly close: () => void } {
    const closed = deferred<void>()
    return {
      closed: closed.promise,
      close: () => closed.resolve(),
      depart: (retry) => {
        log.push(`${name} departs`)
        expect(retry).toBeGreaterThanOrEqual(500)
        if (closesOn === 'depart') closed.resolve()
      },
      cut: () => {
        log.push(`${name} cut`)
        closed.resolve()
      },
    }
  }

  test('D58 lets endless streams go one after the other, and finite ones at the end of the window', async () => {
    const log: string[] = []
    const drained = drain([stream(log, 'a'), stream(log, 'b')], [stream(log, 'finite')], 3_000)
    await vi.advanceTimersByTimeAsync(0)
    expect(log).toEqual(['a departs'])
    await vi.advanceTimersByTimeAsync(1_000)
    expect(log).toEqual(['a departs', 'b departs'])
    expect(await isPending(drained, 3)).toBe(true)
    await vi.advanceTimersByTimeAsync(2_000)
    await drained
    expect([log, vi.getTimerCount()]).toEqual([['a departs', 'b departs', 'finite departs'], 0])
  })

  test('E68 is over as soon as the last stream is closed, with no timer left', async () => {
    const log: string[] = []
    const finite = stream(log, 'finite')
    const drained = drain([], [finite], 60_000)
    finite.close()
    await drained
    expect([log, vi.getTimerCount()]).toEqual([[], 0])
  })

  test('D58 breaks off who takes nothing any more, a second after the window', async () => {
    const log: string[] = []
    const drained = drain([stream(log, 'stalled', 'cut')], [], 1_000)
    await vi.advanceTimersByTimeAsync(1_999)
    expect([log, await isPending(drained, 3)]).toEqual([['stalled departs'], true])
    await vi.advanceTimersByTimeAsync(1)
    await drained
    expect(log).toEqual(['stalled departs', 'stalled cut'])
  })

  test('of nobody is over at once', async () => {
    await drain([], [], 10_000)
    await turns()
    expect(vi.getTimerCount()).toBe(0)
  })
})
