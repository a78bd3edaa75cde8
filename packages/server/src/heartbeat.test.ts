import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { heartbeatDelay, startHeartbeat } from './heartbeat.js'

describe('heartbeatDelay', () => {
  test.each([
    [15_000, 0, 15_000],
    [15_000, 0.5, 13_500],
    [15_000, 1, 12_000],
  ])('D47 %i ms, random %f: %i ms', (interval, random, delay) => {
    expect(heartbeatDelay(interval, random)).toBe(delay)
  })

  test('D47 property: never later than promised, never more than 20 % early', () => {
    const random = fc.double({ min: 0, max: 1, noNaN: true })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 - 1 }), random, (interval, chance) => {
        const delay = heartbeatDelay(interval, chance)
        expect(delay).toBeLessThanOrEqual(interval)
        expect(delay).toBeGreaterThanOrEqual(interval * 0.8)
      }),
    )
  })
})

describe('startHeartbeat', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  })
  afterEach(() => {
    vi.useRealTimers()
    vi.restoreAllMocks()
  })

  test('each beat has a jitter of its own', () => {
    vi.spyOn(Math, 'random').mockReturnValueOnce(1).mockReturnValueOnce(0)
    const beat = vi.fn()
    const stop = startHeartbeat(1000, beat)
    vi.advanceTimersByTime(800)
    expect(beat).toHaveBeenCalledTimes(1)
    vi.advanceTimersByTime(999)
    expect(beat).toHaveBeenCalledTimes(1)
    vi.advanceTimersByTime(1)
    expect(beat).toHaveBeenCalledTimes(2)
    stop()
  })

  test('stopped, it never beats again, also when a beat stops it', () => {
    const beat = vi.fn(() => stop())
    const stop = startHeartbeat(1000, beat)
    vi.advanceTimersByTime(10_000)
    expect(beat).toHaveBeenCalledTimes(1)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('0 starts nothing', () => {
    startHeartbeat(0, () => {})()
    expect(vi.getTimerCount()).toBe(0)
  })
})
