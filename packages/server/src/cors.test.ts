import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { corsHeaders, preflightHeaders } from './cors.js'
import { OptionError } from './errors.js'
import { settingsOf } from './options.js'

const app = 'https://app.example'

describe('D46 credentials never go with any origin', () => {
  test.each([
    ['as a text', '*'],
    ['in a list', ['*']],
    ['among others', [app, '*']],
  ])('%s', (_, origin) => {
    const error = thrownBy({ origin, credentials: true })
    expect(error).toBeInstanceOf(OptionError)
    expect(error).toMatchObject({ code: 'invalid_option', option: 'cors' })
  })

  test('any origin in a list is rejected without them, too, for there it would match none', () => {
    expect(thrownBy({ origin: [app, '*'] })).toMatchObject({ code: 'invalid_option', option: 'cors' })
  })

  test('any origin without them, and listed ones with them, are fine', () => {
    expect(thrownBy({ origin: '*' })).toBeUndefined()
    expect(thrownBy({ origin: '*', credentials: false })).toBeUndefined()
    expect(thrownBy({ origin: [app], credentials: true })).toBeUndefined()
  })
})

describe('D46 corsHeaders', () => {
  test('without the option there is none', () => {
    expect(corsHeaders(undefined, app)).toEqual({})
  })

  test.each(['https://app.example:443', 'http://app.example', 'https://APP.example', 'https://app.example/', 'null', '*', ''])(
    'an origin is the listed one to the letter: not %j',
    (origin) => {
      expect(corsHeaders({ origin: app, credentials: true }, origin)).toEqual({ vary: 'Origin' })
    },
  )

  test('property: an origin that is not listed gets nothing but Vary', () => {
    fc.assert(
      fc.property(fc.oneof(fc.webUrl(), fc.string()), fc.boolean(), (origin, credentials) => {
        fc.pre(origin !== app)
        expect(corsHeaders({ origin: [app], credentials }, origin)).toEqual({ vary: 'Origin' })
      }),
    )
  })
})

test('D46 a preflight allows the headers that readers send', () => {
  expect(preflightHeaders(['GET', 'HEAD'])).toEqual({
    'access-control-allow-methods': 'GET, HEAD',
    'access-control-allow-headers': 'Last-Event-ID, Cache-Control, Authorization, Content-Type',
    'access-control-max-age': '86400',
  })
})

test('a preflight allows the headers that the application names, too', () => {
  expect(preflightHeaders(['GET'], ['X-Tenant', 'X-Trace'])['access-control-allow-headers']).toBe(
    'Last-Event-ID, Cache-Control, Authorization, Content-Type, X-Tenant, X-Trace',
  )
})

describe('D46 an origin that no browser sends would match nothing, so it is rejected with the one to write', () => {
  test.each([
    ['https://a.example/', "write 'https://a.example'"],
    ['https://a.example/app?x#y', "write 'https://a.example'"],
    ['https://A.example', "write 'https://a.example'"],
    ['https://a.example:443', "write 'https://a.example'"],
    ['http://a.example:8080/', "write 'http://a.example:8080'"],
    ['https://user@a.example', "write 'https://a.example'"],
    ['capacitor://localhost/', "write 'capacitor://localhost'"],
    ['a.example', 'write scheme and host'],
    ['localhost:3000', 'write scheme and host'],
    ['', 'write scheme and host'],
  ])('%j', (origin, remedy) => {
    for (const given of [origin, [app, origin]]) {
      expect(thrownBy({ origin: given })).toMatchObject({ option: 'cors.origin', message: expect.stringContaining(remedy) })
      expect(thrownBy({ origin: given })).toMatchObject({ message: expect.stringContaining(JSON.stringify(origin)) })
    }
  })

  test.each(['https://a.example', 'http://localhost:3000', 'http://[::1]:8080', 'capacitor://localhost', 'null'])(
    'but not %j',
    (origin) => {
      expect(thrownBy({ origin })).toBeUndefined()
    },
  )
})

describe('what makes no sense is named', () => {
  test.each<[unknown, string, string]>([
    [{}, 'cors.origin', 'is undefined'],
    [{ origin: true }, 'cors.origin', 'is a boolean'],
    [{ origin: [5] }, 'cors.origin', 'holds 5'],
    [null, 'cors', 'is null'],
    [true, 'cors', 'is a boolean'],
    [{ origin: app, headers: 'X-A' }, 'cors.headers', 'is a string'],
    [{ origin: app, headers: ['X A'] }, 'cors.headers', 'holds "X A"'],
    [{ origin: app, headers: [undefined] }, 'cors.headers', 'holds undefined'],
  ])('%j', (cors, option, message) => {
    expect(thrownBy(cors)).toMatchObject({ option, message: expect.stringContaining(message) })
  })
})

/** What the option throws, also where code without types gives it. */
function thrownBy(cors: unknown): unknown {
  try {
    settingsOf({ ...Object({ cors }) })
  } catch (error) {
    expect(error).toBeInstanceOf(OptionError)
    return error
  }
  return undefined
}
