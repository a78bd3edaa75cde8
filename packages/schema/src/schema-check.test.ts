import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import * as mini from 'zod/mini'
import { base64Bytes, bigintString, isoDate, mapOf, setOf, urlString } from './codecs.js'
import { SchemaError } from './errors.js'
import { checkSchema } from './schema-check.js'
import { thrownBy } from './testing/thrown.js'

type Rejected = readonly [title: string, schema: unknown, path: string, words: string]

const asynchronous = 'is validated asynchronously'
const dateCodec = { decode: (text: string) => new Date(text), encode: (date: Date) => date.toISOString() }

function expectRejected(schema: unknown, path: string, words: string): void {
  const error = thrownBy(() => checkSchema('shipped', schema))
  expect(error).toBeInstanceOf(SchemaError)
  expect(error).toMatchObject({ code: 'unsupported_schema', type: 'shipped', path })
  expect(error).toHaveProperty('message', expect.stringContaining(`event "shipped": ${path} ${words}`))
}

describe('what cannot be undone is rejected', () => {
  test.each<Rejected>([
    ['a transform', z.string().transform(Number), 'data', 'is transformed one way, and encoding could not undo it: use z.codec'],
    ['a transform of zod/mini', mini.pipe(mini.string(), mini.transform(Number)), 'data', 'is transformed one way'],
    ['preprocess', z.preprocess(String, z.string()), 'data', 'is preprocessed, which encoding could not undo: use z.codec'],
    ['catch', z.string().catch(''), 'data', 'hides bad values with catch'],
    [
      'a transform behind a codec',
      z.codec(z.string(), z.string().transform(Number), { decode: String, encode: String }),
      'data',
      'is transformed one way',
    ],
  ])('%s', (_, schema, path, words) => expectRejected(schema, path, words))
})

describe('what is asynchronous is rejected', () => {
  const later = async (): Promise<boolean> => true
  test.each<Rejected>([
    ['a promise', z.promise(z.string()), 'data', asynchronous],
    ['refine', z.string().refine(later), 'data', asynchronous],
    ['refine of zod/mini', mini.string().check(mini.refine(later)), 'data', asynchronous],
    ['check', z.string().check(async () => {}), 'data', asynchronous],
    ['custom', z.custom(later), 'data', asynchronous],
    ['decoding', z.codec(z.string(), z.date(), { ...dateCodec, decode: async (text) => new Date(text) }), 'data', asynchronous],
    ['encoding', z.codec(z.string(), z.date(), { ...dateCodec, encode: async (date) => date.toISOString() }), 'data', asynchronous],
    ['refine behind a codec', z.codec(z.string(), z.date().refine(later), dateCodec), 'data', asynchronous],
    ['Valibot, at the top', v.objectAsync({ n: v.number() }), 'data', asynchronous],
    ['Valibot, in a pipe', v.pipeAsync(v.string(), v.checkAsync(later)), 'data', asynchronous],
  ])('%s', (_, schema, path, words) => expectRejected(schema, path, words))
})

const notJson: readonly (readonly [kind: string, schema: z.ZodType, words: string])[] = [
  ['a Date', z.date(), 'is a Date: use isoDate'],
  ['a bigint', z.bigint(), 'is a bigint: use bigintString'],
  ['a Map', z.map(z.string(), z.number()), 'is a Map: use mapOf(key, value)'],
  ['a Set', z.set(z.string()), 'is a Set: use setOf(value)'],
  ['a symbol', z.symbol(), 'is a symbol: JSON cannot carry it'],
  ['a file', z.file(), 'is a file: use base64Bytes'],
  ['NaN', z.nan(), 'is NaN: JSON cannot carry it'],
  ['any', z.any(), 'may be anything, even what JSON cannot carry: use z.json(), or describe it'],
  ['unknown', z.unknown(), 'may be anything, even what JSON cannot carry: use z.json(), or describe it'],
]

describe.each(notJson)('what JSON cannot carry is rejected: %s', (_, schema, words) => {
  const node = z.object({
    value: schema,
    get next() {
      return node.optional()
    },
  })

  test.each<readonly [place: string, schema: unknown, path: string]>([
    ['at the top', schema, 'data'],
    ['in an object', z.object({ at: schema }), 'data.at'],
    ['in an object in an object', z.object({ a: z.object({ b: schema }) }), 'data.a.b'],
    ['in an array', z.array(schema), 'data[]'],
    ['in an array in an object', z.object({ list: z.array(z.object({ at: schema })) }), 'data.list[].at'],
    ['in a tuple', z.tuple([z.string(), schema]), 'data[1]'],
    ['in the rest of a tuple', z.tuple([z.string()], schema), 'data[]'],
    ['in a record', z.record(z.string(), schema), 'data.*'],
    ['in the rest of an object', z.object({}).catchall(schema), 'data.*'],
    ['in a union', z.union([z.string(), schema]), 'data'],
    ['in a discriminated union', z.discriminatedUnion('k', [z.object({ k: z.literal('a'), at: schema })]), 'data.at'],
    ['in an intersection', z.intersection(z.object({ a: z.string() }), z.object({ b: schema })), 'data.b'],
    ['optional', z.object({ at: schema.optional() }), 'data.at'],
    ['nullable', schema.nullable(), 'data'],
    ['with a check', schema.refine(() => true), 'data'],
    ['readonly', schema.readonly(), 'data'],
    ['branded', schema.brand('b'), 'data'],
    ['lazy', z.lazy(() => schema), 'data'],
    ['recursive', node, 'data.value'],
    ['of zod/mini', mini.object({ at: mini.optional(schema) }), 'data.at'],
    ['as the wire side of a codec', z.codec(schema, z.string(), { decode: String, encode: () => undefined }), 'data'],
  ])('%s', (_place, outer, path) => expectRejected(outer, path, words))
})

test.each<Rejected>([
  ['undefined', z.undefined(), 'data', 'is undefined: use z.null() for an event without data'],
  ['void', z.void(), 'data', 'is undefined: use z.null() for an event without data'],
  // With z.literal(1n) alone, JSON.stringify would throw at the first send; undefined would make an event without data.
  ['the literal undefined', z.literal(['a', undefined]), 'data', 'is undefined: use z.null() for an event without data'],
  ['a literal bigint', z.literal(1n), 'data', 'is a bigint: use bigintString'],
  ['a literal bigint among others', z.object({ n: z.literal(['a', 1n]) }), 'data.n', 'is a bigint: use bigintString'],
  ['optional data', z.string().optional(), 'data', 'may be undefined, and an event without data is none: use z.nullable'],
  ['optional data, wrapped', z.lazy(() => mini.nullable(mini.optional(mini.string()))), 'data', 'may be undefined'],
  ['optional data in a union', z.union([z.string().optional(), z.number()]), 'data', 'may be undefined'],
  [
    'an optional wire side',
    z.codec(z.string().optional(), z.string(), { decode: String, encode: () => undefined }),
    'data',
    'may be undefined',
  ],
  ['a function', z.function(), 'data', 'is a function: JSON cannot carry it'],
  ['an object that may hold more', z.looseObject({ a: z.string() }), 'data.*', 'may be anything'],
  [
    'the keys of a record',
    z.record(
      z.string().refine(async () => true),
      z.string(),
    ),
    'data (key)',
    asynchronous,
  ],
])('%s is rejected', (_, schema, path, words) => expectRejected(schema, path, words))

describe('what makes the round trip is accepted', () => {
  const tree = z.object({
    name: z.string(),
    get children() {
      return z.array(tree)
    },
  })

  test.each<readonly [title: string, schema: unknown]>([
    ['null', z.null()],
    ['scalars', z.union([z.string(), z.number(), z.boolean(), z.literal(1), z.enum(['a', 'b'])])],
    ['z.json()', z.json()],
    ['a recursive type', tree],
    ['a lazy recursive type', z.lazy(() => tree)],
    ['default, inside an object', z.object({ a: z.string().default('') })],
    ['prefault, inside an object', z.object({ a: z.string().prefault('') })],
    ['trim and the like, which are done twice without harm', z.string().trim().toLowerCase()],
    [
      'synchronous checks',
      z
        .string()
        .min(1)
        .refine((text) => text !== 'x'),
    ],
    ['a codec', z.codec(z.string(), z.date(), dateCodec)],
    ['a codec of zod/mini', mini.codec(mini.string(), mini.date(), dateCodec)],
    ['stringbool', z.stringbool()],
    [
      'the ready-made codecs',
      z.object({ a: isoDate, b: bigintString, c: urlString, d: base64Bytes, e: mapOf(isoDate, bigintString), f: setOf(isoDate) }),
    ],
    ['optional data that is so no longer', z.nonoptional(z.string().optional())],
    ['optional data with a default', z.string().optional().default('')],
    ['optional data in code only', z.codec(z.string(), z.string().optional(), { decode: (wire) => wire, encode: (code) => code ?? '' })],
    ['literals', z.literal(['a', 1, true, null])],
    ['an optional literal undefined', z.object({ a: z.literal(undefined) })],
    ['an optional undefined', z.object({ a: z.undefined() })],
    ['a Valibot schema', v.object({ n: v.number() })],
  ])('%s', (_, schema) => {
    expect(thrownBy(() => checkSchema('shipped', schema))).toBeUndefined()
  })
})

test('a schema that is used on both sides of codecs is checked on each', () => {
  const date = z.date()
  const both = z.object({ coded: z.codec(z.string(), date, dateCodec), bare: date })
  expectRejected(both, 'data.bare', 'is a Date')
})
