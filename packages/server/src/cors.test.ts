import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type CorsOptions, checkCors, corsHeaders, preflightHeaders } from './cors.js'
import { OptionError } from './errors.js'

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

function thrownBy(cors: CorsOptions): unknown {
  try {
    checkCors(cors)
  } catch (error) {
    return error
  }
  return undefined
}
