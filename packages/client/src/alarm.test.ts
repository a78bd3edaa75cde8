import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { startAlarm } from './alarm.js'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** The clock goes on, and no timer does: the machine slept. Negative: somebody set the clock back. */
const jump = (milliseconds: number): unknown => vi.setSystemTime(Date.now() + milliseconds)

describe('an alarm', () => {
  test.each([1, 4_999, 5_000, 5_001, 12_345])('of %i ms rings once, and then', (milliseconds) => {
    const ring = vi.fn()
    startAlarm(milliseconds, ring)
    vi.advanceTimersByTime(milliseconds - 1)
    expect(ring).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(ring).toHaveBeenCalledTimes(1)
    vi.advanceTimersByTime(60_000)
    expect(ring).toHaveBeenCalledTimes(1)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('of more than a timer can hold rings then, and not at once', () => {
    const ring = vi.fn()
    const days = 2 ** 31
    startAlarm(days, ring)
    vi.advanceTimersByTime(days - 1)
    expect(ring).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(ring).toHaveBeenCalledTimes(1)
  })

  test('without an end never rings', () => {
    const ring = vi.fn()
    const alarm = startAlarm(Number.POSITIVE_INFINITY, ring)
    jump(365 * 24 * 3_600_000)
    vi.advanceTimersByTime(3_600_000)
    expect(ring).not.toHaveBeenCalled()
    alarm.stop()
  })

  test('that is stopped never rings, and leaves no timer', () => {
    const ring = vi.fn()
    const alarm = startAlarm(12_000, ring)
    vi.advanceTimersByTime(6_000)
    alarm.stop()
    expect(vi.getTimerCount()).toBe(0)
    vi.advanceTimersByTime(60_000)
    expect(ring).not.toHaveBeenCalled()
  })
})

describe('a machine that slept', () => {
  test('past the time: it rings within 5 seconds of waking', () => {
    const ring = vi.fn()
    startAlarm(3_600_000, ring)
    vi.advanceTimersByTime(7_000)
    jump(3_600_000)
    vi.advanceTimersByTime(5_000)
    expect(ring).toHaveBeenCalledTimes(1)
  })

  test('for a part of the time: it rings when the clock says so, not by the time that it was awake', () => {
    const ring = vi.fn()
    startAlarm(60_000, ring)
    vi.advanceTimersByTime(10_000)
    jump(20_000)
    vi.advanceTimersByTime(29_999)
    expect(ring).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(ring).toHaveBeenCalledTimes(1)
  })
})

describe('look', () => {
  test('rings at once if the time has passed while timers stood still', () => {
    const ring = vi.fn()
    const alarm = startAlarm(60_000, ring)
    jump(60_000)
    expect(ring).not.toHaveBeenCalled()
    alarm.look()
    expect(ring).toHaveBeenCalledTimes(1)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('before the time does nothing, however often', () => {
    const ring = vi.fn()
    const alarm = startAlarm(60_000, ring)
    for (let second = 0; second < 59; second++) {
      vi.advanceTimersByTime(1_000)
      alarm.look()
      expect(vi.getTimerCount()).toBe(1)
    }
    vi.advanceTimersByTime(999)
    expect(ring).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(ring).toHaveBeenCalledTimes(1)
  })
})

test('a clock that is set back does not make it wait longer', () => {
  const ring = vi.fn()
  startAlarm(60_000, ring)
  vi.advanceTimersByTime(20_000)
  jump(-3_600_000)
  vi.advanceTimersByTime(39_999)
  expect(ring).not.toHaveBeenCalled()
  vi.advanceTimersByTime(1)
  expect(ring).toHaveBeenCalledTimes(1)
})

test('whatever sleeps and looks there are, it rings once, not before the clock says so, and at most 5 seconds of waking time later', () => {
  const step = fc.oneof(
    fc.record({ awake: fc.integer({ min: 1, max: 9_000 }) }),
    fc.record({ asleep: fc.integer({ min: 1, max: 40_000 }) }),
    fc.constant({ look: true }),
  )
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 100_000 }), fc.array(step, { maxLength: 40 }), (milliseconds, steps) => {
      const due = Date.now() + milliseconds
      let rang = 0
      let overdue = 0
      const alarm = startAlarm(milliseconds, () => {
        rang += 1
        expect(Date.now()).toBeGreaterThanOrEqual(due)
      })
      for (const taken of steps) {
        if ('asleep' in taken) jump(taken.asleep)
        else if ('awake' in taken) {
          overdue += Math.min(taken.awake, Math.max(0, Date.now() + taken.awake - due))
          vi.advanceTimersByTime(taken.awake)
        } else if (rang === 0) {
          alarm.look()
          expect(rang).toBe(Date.now() >= due ? 1 : 0)
        }
        if (overdue >= 5_000) expect(rang).toBe(1)
      }
      expect(rang).toBeLessThanOrEqual(1)
      alarm.stop()
      expect(vi.getTimerCount()).toBe(0)
    }),
  )
})
