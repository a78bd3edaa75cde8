import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { base64Bytes, bigintString, isoDate, mapOf, setOf, urlString } from './codecs.js'
import { decode } from './decode.js'
import { defineEvents } from './define-events.js'
import { encode } from './encode.js'
import { ValidationError } from './errors.js'
import { roundTrip } from './testing/round-trip.js'
import { thrownBy } from './testing/thrown.js'

// The years that ISO 8601 writes with four digits; beyond them the codec refuses, see below.
const date = fc.date({ min: new Date('0000-01-01T00:00:00.000Z'), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true })
const bigint = fc.bigInt()
const url = fc.webUrl({ withQueryParameters: true, withFragments: true }).map((href) => new URL(href))
const bytes = fc.uint8Array()
// Zod drops a record's key of this name, against prototype pollution.
const key = fc.string().filter((name) => name !== '__proto__')

const all = { at: isoDate, n: bigintString, url: urlString, bytes: base64Bytes }
const anyOfAll = fc.record({ at: date, n: bigint, url, bytes })

const events = defineEvents({
  date: isoDate,
  bigint: bigintString,
  url: urlString,
  bytes: base64Bytes,
  map: mapOf(z.string(), z.number()),
  codedMap: mapOf(isoDate, bigintString),
  set: setOf(z.string()),
  codedSet: setOf(bigintString),
  object: z.object({ deep: z.object(all) }),
  optional: z.object({ at: z.optional(isoDate), n: z.nullable(bigintString) }),
  array: z.array(z.object(all)),
  union: z.union([isoDate, bigintString, z.object({ url: urlString })]),
  record: z.record(z.string(), isoDate),
  tuple: z.tuple([isoDate, bigintString]),
  nested: mapOf(z.string(), setOf(mapOf(bigintString, z.array(isoDate)))),
})

type Type = (typeof events)['types'][number]

describe('what is sent arrives, over the whole wire', () => {
  test.each<readonly [type: Type, data: fc.Arbitrary<unknown>]>([
    ['date', date],
    ['bigint', bigint],
    ['url', url],
    ['bytes', bytes],
    ['map', fc.array(fc.tuple(fc.string(), fc.integer())).map((pairs) => new Map(pairs))],
    ['codedMap', fc.array(fc.tuple(date, bigint)).map((pairs) => new Map(pairs))],
    ['set', fc.array(fc.string()).map((values) => new Set(values))],
    ['codedSet', fc.array(bigint).map((values) => new Set(values))],
    ['object', fc.record({ deep: anyOfAll })],
    ['optional', fc.record({ at: date, n: fc.option(bigint) }, { requiredKeys: ['n'] })],
    ['array', fc.array(anyOfAll)],
    ['union', fc.oneof(date, bigint, fc.record({ url }))],
    ['record', fc.dictionary(key, date)],
    ['tuple', fc.tuple(date, bigint)],
    [
      'nested',
      fc.array(fc.tuple(fc.string(), fc.array(fc.array(fc.tuple(bigint, fc.array(date)))))).map((outer) => {
        return new Map(outer.map(([name, maps]) => [name, new Set(maps.map((pairs) => new Map(pairs)))]))
      }),
    ],
  ])('%s', (type, data) => {
    fc.assert(
      fc.property(data, (value) => {
        expect(roundTrip(events, { type, data: value })).toEqual({ type, data: value })
      }),
    )
  })
})

describe('what goes over the wire', () => {
  test.each<readonly [type: Type, data: unknown, json: string]>([
    ['date', new Date(0), '"1970-01-01T00:00:00.000Z"'],
    ['bigint', -(2n ** 64n), '"-18446744073709551616"'],
    ['url', new URL('https://example.com/ä?q=1'), '"https://example.com/%C3%A4?q=1"'],
    ['bytes', Uint8Array.of(0, 127, 255), '"AH//"'],
    ['bytes', new Uint8Array(), '""'],
    ['map', new Map([['a', 1]]), '[["a",1]]'],
    ['codedMap', new Map([[new Date(0), 1n]]), '[["1970-01-01T00:00:00.000Z","1"]]'],
    ['set', new Set(['b', 'a']), '["b","a"]'],
    ['optional', { n: null }, '{"n":null}'],
  ])('%s: %o', (type, data, json) => {
    expect(encode(events, { type, data }).data).toBe(json)
  })

  test('a date may come with any offset', () => {
    expect(decode(events, 'date', '"2026-01-01T01:30:00+01:30"')).toEqual(new Date('2026-01-01T00:00:00Z'))
  })

  test('a large Uint8Array makes the round trip', () => {
    const data = Uint8Array.from({ length: 1_000_000 }, (_, index) => index % 256)
    expect(roundTrip(events, { type: 'bytes', data })).toEqual({ type: 'bytes', data })
  })
})

describe('what does not fit is rejected, with its path', () => {
  test.each<readonly [type: Type, json: string, path: readonly (string | number)[]]>([
    ['date', '0', []],
    ['date', '"yesterday"', []],
    ['date', '"2026-02-30T00:00:00Z"', []],
    ['date', '"2026-01-01T00:00:00"', []],
    ['bigint', '1', []],
    ['bigint', '""', []],
    ['bigint', '"1.5"', []],
    ['bigint', '"0x10"', []],
    ['bigint', '"1\\n"', []],
    ['url', '"/relative"', []],
    ['bytes', '"*"', []],
    ['bytes', '"AA"', []],
    ['map', '{}', []],
    ['map', '[["a"]]', [0]],
    ['map', '[["a",1],["b","c"]]', [1, 1]],
    ['set', '["a",1]', [1]],
    ['object', '{"deep":{"at":1,"n":"1","url":"https://example.com","bytes":""}}', ['deep', 'at']],
    ['array', '[{"at":"2026-01-01T00:00:00Z","n":"1","url":"https://example.com","bytes":1}]', [0, 'bytes']],
    ['codedMap', '[["2026-01-01T00:00:00Z",1]]', [0, 1]],
  ])('read: %s of %s', (type, json, path) => {
    const error = thrownBy(() => decode(events, type, json))
    expect(error).toBeInstanceOf(ValidationError)
    expect(error).toMatchObject({ code: 'invalid_event', type, path })
  })

  test.each<readonly [type: Type, data: unknown]>([
    ['date', '1970-01-01T00:00:00.000Z'],
    ['date', new Date(Number.NaN)],
    // A year of more than four digits, which the readers' ISO 8601 does not know.
    ['date', new Date(8.64e15)],
    ['date', new Date(-8.64e15)],
    ['bigint', 1],
    ['url', 'https://example.com'],
    ['bytes', [1, 2]],
    ['bytes', new ArrayBuffer(1)],
    ['map', { a: 1 }],
    ['map', new Map([['a', 'b']])],
    ['set', ['a']],
  ])('written: %s of %o', (type, data) => {
    const error = thrownBy(() => encode(events, { type, data }))
    expect(error).toBeInstanceOf(ValidationError)
    expect(error).toMatchObject({ code: 'invalid_event', type })
  })

  test('any JSON at all is read, or rejected with a ValidationError', () => {
    fc.assert(
      fc.property(fc.constantFrom(...events.types), fc.json(), (type, json) => {
        const error = thrownBy(() => decode(events, type, json))
        if (error !== undefined) expect(error).toBeInstanceOf(ValidationError)
      }),
      { numRuns: 2000 },
    )
  })
})
