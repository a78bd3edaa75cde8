import { describe, expect, test } from 'vitest'
import { OptionError } from './errors.js'
import { type StreamOptions, settingsOf } from './options.js'

test('the defaults are those of the documentation', () => {
  expect(settingsOf({})).toMatchObject({
    events: undefined,
    heartbeat: 15_000,
    retry: undefined,
    maxEventBytes: 1_048_576,
    outbox: { maxBytes: 1_048_576, maxFrames: 10_000 },
    writeTimeout: 60_000,
    methods: ['GET', 'POST'],
    cors: undefined,
    headers: {},
  })
})

test('an option that is undefined is an option that is not there', () => {
  const { onError, onClose, ...defaults } = settingsOf({})
  const all: { [K in keyof Required<StreamOptions>]: undefined } = {
    events: undefined,
    heartbeat: undefined,
    retry: undefined,
    maxEventBytes: undefined,
    outbox: undefined,
    writeTimeout: undefined,
    methods: undefined,
    cors: undefined,
    headers: undefined,
    onError: undefined,
    onClose: undefined,
  }
  expect(settingsOf(all)).toMatchObject(defaults)
  expect(settingsOf({ outbox: { maxFrames: 5 } }).outbox).toEqual({ maxBytes: 1_048_576, maxFrames: 5 })
})

describe('a value that makes no sense is named', () => {
  const notMilliseconds = [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31]
  const notPositive = [0, -1, Number.NaN]
  test.each<[string, (value: number) => StreamOptions, readonly number[]]>([
    ['heartbeat', (heartbeat) => ({ heartbeat }), notMilliseconds],
    ['retry', (retry) => ({ retry }), notMilliseconds],
    ['writeTimeout', (writeTimeout) => ({ writeTimeout }), [...notMilliseconds, 0]],
    ['maxEventBytes', (maxEventBytes) => ({ maxEventBytes }), notPositive],
    ['outbox.maxBytes', (maxBytes) => ({ outbox: { maxBytes } }), notPositive],
    ['outbox.maxFrames', (maxFrames) => ({ outbox: { maxFrames } }), notPositive],
  ])('%s', (option, optionsWith, values) => {
    for (const value of values) {
      expect(() => settingsOf(optionsWith(value))).toThrow(OptionError)
      expect(() => settingsOf(optionsWith(value))).toThrow(`option ${option} is ${value}`)
    }
  })

  test('a bound of Infinity is one that the application chose', () => {
    expect(settingsOf({ maxEventBytes: Number.POSITIVE_INFINITY }).maxEventBytes).toBe(Number.POSITIVE_INFINITY)
  })
})

test.each(['Content-Length', 'connection', 'Transfer-Encoding'])(
  "the header %s is rejected: it frames the body, which is the connection's",
  (name) => {
    expect(() => settingsOf({ headers: { [name]: '1' } })).toThrow(name.toLowerCase())
  },
)
