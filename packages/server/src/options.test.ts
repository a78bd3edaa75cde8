import { describe, expect, test } from 'vitest'
import { OptionError } from './errors.js'
import { type StreamOptions, settingsOf } from './options.js'

test('the defaults are those of the documentation', () => {
  expect(settingsOf({})).toMatchObject({
    events: undefined,
    heartbeat: 15_000,
    retry: undefined,
    maxEventBytes: 1_048_576,
    outbox: { maxBytes: 1_048_576, maxFrames: 10_000, maxAge: 120_000 },
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
  expect(settingsOf({ outbox: { maxFrames: 5 } }).outbox).toEqual({ maxBytes: 1_048_576, maxFrames: 5, maxAge: 120_000 })
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
    ['outbox.maxAge', (maxAge) => ({ outbox: { maxAge } }), notPositive],
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

test('a plain map of schemas is rejected: nothing has checked it, and no event would fit it', () => {
  expect(thrownBy({ events: { tick: {} } })).toMatchObject({
    option: 'events',
    message: 'option events is not what defineEvents returns: wrap it in defineEvents',
  })
})

describe('an option that is unknown, or of another type, is named', () => {
  test.each<[string, Record<string, unknown>, string]>([
    ['writeTimout', { writeTimout: 5 }, 'is unknown: did you mean writeTimeout?'],
    ['outbox.maxByte', { outbox: { maxByte: 5 } }, 'is unknown: did you mean maxBytes?'],
    ['outbox.maxBytes', { outbox: { maxBytes: '5' } }, 'is "5": it takes a number'],
    ['outbox', { outbox: 5 }, 'is 5: it takes an object'],
    ['heartbeat', { heartbeat: '5' }, 'is "5": it takes a number'],
    ['maxEventBytes', { maxEventBytes: '1' }, 'is "1": it takes a number'],
    ['onError', { onError: 'x' }, 'is "x": it takes a function'],
    ['onClose', { onClose: {} }, 'is an object: it takes a function'],
    ['cors.origins', { cors: { origin: '*', origins: [] } }, 'is unknown: did you mean origin?'],
    ['cors.credentials', { cors: { origin: 'https://app.example', credentials: 'true' } }, 'is "true": it takes true or false'],
  ])('%s', (option, options, problem) => {
    expect(thrownBy(options)).toMatchObject({ option, message: `option ${option} ${problem}` })
  })
})

describe('methods', () => {
  test('are those of the protocol, in upper case', () => {
    expect(settingsOf({ methods: ['get', 'Post', 'QUERY'] }).methods).toEqual(['GET', 'POST', 'QUERY'])
  })

  test.each<[string, unknown, string]>([
    ['a text', 'GET', 'is a string'],
    ['a number among them', [5], 'holds 5'],
    ['what is no method', ['GET, POST'], 'holds "GET, POST"'],
  ])('%s is rejected', (_, methods, message) => {
    expect(thrownBy({ methods })).toMatchObject({ option: 'methods', message: expect.stringContaining(message) })
  })
})

describe('headers', () => {
  test.each([
    ['a Headers', new Headers({ 'x-mine': '1' })],
    ['a Map', new Map([['x-mine', '1']])],
  ])('in %s are rejected: they would be left out in silence', (_, headers) => {
    const given: object = headers
    expect(thrownBy({ headers: given })).toMatchObject({
      option: 'headers',
      message: expect.stringContaining('Object.fromEntries(headers) makes one'),
    })
  })

  test('a header that comes several times is a list', () => {
    expect(settingsOf({ headers: { 'Set-Cookie': ['a=1', 'b=2'] } }).headers).toEqual({ 'set-cookie': ['a=1', 'b=2'] })
  })

  test.each<[string, Record<string, unknown>, string]>([
    ['a line end in a value', { 'X-A': 'a\r\nb: c' }, '"x-a", whose value holds a line end'],
    ['a character beyond Latin-1', { 'x-a': '豆' }, '"x-a", whose value holds'],
    ['a number', { 'x-a': 5 }, '"x-a", whose value is a number'],
    ['nothing', { 'x-a': undefined }, '"x-a", whose value is undefined'],
    ['a number in a list', { 'set-cookie': ['a=1', 5] }, '"set-cookie", whose value is a number'],
    ['a name that is none', { 'x a': '1' }, '"x a", which is no header\'s name'],
  ])('%s is rejected, naming the header', (_, headers, message) => {
    expect(thrownBy({ headers })).toMatchObject({ option: 'headers', message: expect.stringContaining(message) })
  })

  test('the rejected value is not shown: it may be secret', () => {
    expect(thrownBy({ headers: { 'set-cookie': 'session=secret\n' } })).not.toMatchObject({ message: expect.stringContaining('secret') })
  })
})

/** What options throw that code without types gives. */
function thrownBy(options: Readonly<Record<string, unknown>>): unknown {
  try {
    settingsOf(options)
  } catch (error) {
    expect(error).toBeInstanceOf(OptionError)
    return error
  }
  return undefined
}
