import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  ConnectionError,
  ContentTypeError,
  HeadersError,
  HttpStatusError,
  OptionError,
  RefusedError,
  ServerError,
  SilenceError,
  type SubscriptionError,
} from './errors.js'
import { clampWait, isTransient, reconnectDelay, retryAfter } from './reconnect.js'

describe('C37 reconnectDelay', () => {
  test.each([
    ['the first is up to baseDelay', {}, 1, 0, 1, 1_000],
    ['it doubles', {}, 2, 0, 1, 2_000],
    ['and again', {}, 5, 0, 1, 16_000],
    ['up to maxDelay', {}, 6, 0, 1, 30_000],
    ['for ever', {}, 10_000, 0, 1, 30_000],
    ['full jitter: it may be nothing', {}, 6, 0, 0, 0],
    ['and all between', {}, 1, 0, 0.25, 250],
    ['what the server asks for comes on top', {}, 1, 3_000, 0.5, 3_500],
    ['settings count', { baseDelay: 10, maxDelay: 25 }, 2, 0, 1, 20],
    ['also the bound', { baseDelay: 10, maxDelay: 25 }, 3, 0, 1, 25],
    ['undefined is the default', { baseDelay: undefined, maxDelay: undefined }, 6, 0, 1, 30_000],
  ])('%s', (_, options, failures, asked, random, delay) => {
    expect(reconnectDelay(options, failures, asked, random)).toBe(delay)
  })

  const chance = fc.double({ min: 0, max: 1, noNaN: true })
  const options = fc.record({ baseDelay: fc.integer({ min: 0, max: 60_000 }), maxDelay: fc.integer({ min: 0, max: 600_000 }) })

  test('property: never before the time that the server asked for, never more than maxDelay after it', () => {
    fc.assert(
      fc.property(options, fc.integer({ min: 1, max: 5_000 }), fc.nat({ max: 3_600_000 }), chance, (policy, failures, asked, random) => {
        const delay = reconnectDelay(policy, failures, asked, random)
        expect(delay).toBeGreaterThanOrEqual(asked)
        expect(delay).toBeLessThanOrEqual(asked + policy.maxDelay)
      }),
    )
  })

  test('property: another failure never makes it shorter', () => {
    fc.assert(
      fc.property(options, fc.integer({ min: 1, max: 5_000 }), chance, (policy, failures, random) => {
        expect(reconnectDelay(policy, failures + 1, 0, random)).toBeGreaterThanOrEqual(reconnectDelay(policy, failures, 0, random))
      }),
    )
  })

  test('property: it is spread evenly, so that a thousand clients come back apart', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), chance, (failures, random) => {
        expect(reconnectDelay({}, failures, 0, random)).toBeCloseTo(random * reconnectDelay({}, failures, 0, 1), 6)
      }),
    )
  })
})

test.each([
  [-5, 100],
  [0, 100],
  [99, 100],
  [100, 100],
  [3_600_000, 3_600_000],
  [3_600_001, 3_600_000],
  [Number.POSITIVE_INFINITY, 3_600_000],
])('B27 a wait of %i ms is %i ms', (milliseconds, clamped) => {
  expect(clampWait(milliseconds)).toBe(clamped)
})

test.each([
  ['120', 120_000],
  ['0', 100],
  ['Thu, 01 Jan 1970 00:01:00 GMT', 60_000],
  ['', undefined],
  ['soon', undefined],
  [null, undefined],
])('C31 Retry-After %j is %j', (header, wait) => {
  expect(retryAfter(header, 0)).toBe(wait)
})

test.each<readonly [SubscriptionError, boolean]>([
  ...[408, 429, 500, 502, 503, 504, 599].map((status) => [new HttpStatusError('GET http://sse.test/', status), true] as const),
  ...[201, 304, 400, 401, 403, 404, 405, 410, 413].map((status) => [new HttpStatusError('GET http://sse.test/', status), false] as const),
  [new ConnectionError('lost'), true],
  [new SilenceError('silent'), true],
  [new HeadersError('no token'), true],
  [new ContentTypeError('text/html'), false],
  [new RefusedError('refused'), false],
  [new OptionError('wrong'), false],
  [new ServerError('forbidden', 'no'), false],
])('C31 whether another attempt may mend it: %s: %s', (error, transient) => {
  expect(isTransient(error)).toBe(transient)
})
