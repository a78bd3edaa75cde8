import { type } from 'arktype'
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import * as mini from 'zod/mini'
import { checkedEvents, defineEvents } from './define-events.js'
import { encode, toJson } from './encode.js'
import { NameError, SchemaError, UnknownTypeError, ValidationError } from './errors.js'
import { thrownBy } from './testing/thrown.js'
import { text } from './text.js'

describe('59: the data of a message', () => {
  const events = defineEvents({ json: z.json(), token: text, string: z.string() })

  test.each([
    ['json', { n: 1, list: ['a', 'b'] }, '{"n":1,"list":["a","b"]}'],
    ['json', null, 'null'],
    ['json', 'a\nb', '"a\\nb"'],
    ['string', 'a', '"a"'],
    ['token', 'a', 'a'],
    ['token', '"a"', '"a"'],
    ['token', 'a\nb', 'a\nb'],
    ['token', '', ''],
  ])('%s %j is sent as %s', (name, data, sent) => {
    expect(encode(events, { type: name, data })).toEqual({ event: name, data: sent })
  })

  test('U+2028 and lone surrogates are one line of JSON that reads the same', () => {
    const data = '\u2028\uD800\r\n'
    const sent = encode(events, { type: 'string', data }).data ?? ''
    expect(sent).not.toMatch(/[\r\n]/)
    expect(JSON.parse(sent)).toBe(data)
  })
})

describe("what a library's validation returns is what is sent", () => {
  test.each([
    ['Zod strips unknown keys', z.object({ n: z.number() }), { n: 1, more: 2 }, '{"n":1}'],
    ['Zod fills in no default, for it is for what comes in', z.object({ n: z.number().default(1) }), { n: 2 }, '{"n":2}'],
    ['Zod encodes', z.stringbool(), true, '"true"'],
    ['zod/mini strips unknown keys', mini.object({ n: mini.number() }), { n: 1, more: 2 }, '{"n":1}'],
    ['Valibot strips unknown keys', v.object({ n: v.number() }), { n: 1, more: 2 }, '{"n":1}'],
    ['Valibot fills in a default', v.object({ n: v.optional(v.number(), 1) }), {}, '{"n":1}'],
    ['Valibot trims', v.pipe(v.string(), v.trim()), ' a ', '"a"'],
    ['ArkType keeps unknown keys unless told', type({ n: 'number' }), { n: 1, more: 2 }, '{"n":1,"more":2}'],
    ['ArkType deletes them when told', type({ n: 'number', '+': 'delete' }), { n: 1, more: 2 }, '{"n":1}'],
    ['ArkType fills in a default', type({ n: 'number = 1' }), {}, '{"n":1}'],
  ])('%s', (_, schema, data, sent) => {
    expect(encode(checkedEvents({ e: schema }), { type: 'e', data }).data).toBe(sent)
  })
})

describe('what does not fit is rejected, with type, path and issues', () => {
  const data = { list: [{ n: 1 }, { n: 'x' }] }

  test.each([
    ['Zod', z.object({ list: z.array(z.object({ n: z.number() })) }), 'Invalid input: expected number, received string'],
    ['zod/mini', mini.object({ list: mini.array(mini.object({ n: mini.number() })) }), 'Invalid input: expected number, received string'],
    ['Valibot', v.object({ list: v.array(v.object({ n: v.number() })) }), 'expected number'],
    ['ArkType', type({ list: type({ n: 'number' }).array() }), 'expected a number'],
  ])('by %s', (_, schema, words) => {
    const error = thrownBy(() => encode(checkedEvents({ e: schema }), { type: 'e', data }))
    expect(error).toBeInstanceOf(ValidationError)
    expect(error).toMatchObject({
      code: 'invalid_event',
      type: 'e',
      path: ['list', 1, 'n'],
      issues: [{ path: ['list', 1, 'n'], message: words }],
      message: `event "e" does not fit its schema: data.list.1.n: ${words}`,
    })
  })

  test('text that is no text', () => {
    const error = thrownBy(() => encode(defineEvents({ token: text }), { type: 'token', data: 1 }))
    expect(error).toMatchObject({ code: 'invalid_event', issues: [{ path: [], message: 'expected a string' }] })
  })

  test.each(['constructor', 'toString', '__proto__', 'Created', ''])('an unknown type, %j', (name) => {
    const error = thrownBy(() => encode(defineEvents({ created: z.string(), shipped: z.string() }), { type: name, data: 'x' }))
    expect(error).toBeInstanceOf(UnknownTypeError)
    expect(error).toMatchObject({
      code: 'unknown_type',
      type: name,
      message: `event type ${JSON.stringify(name)} is not defined; defined are: created, shipped`,
    })
  })
})

describe('what only shows when it runs', () => {
  const later = (): Promise<boolean> => Promise.resolve(true)

  test.each([
    ['Zod', z.string().refine(later)],
    ['Zod, in superRefine', z.string().superRefine(() => Promise.resolve())],
    ['Zod, in a codec', z.codec(z.string(), z.string(), { decode: (text) => text, encode: (text) => Promise.resolve(text) })],
    ['ours, as any Standard Schema', { '~standard': { version: 1, vendor: 'own', validate: async (value: unknown) => ({ value }) } }],
  ])('a schema that proves to be asynchronous is a SchemaError: %s', (_, schema) => {
    const error = thrownBy(() => encode(checkedEvents({ e: schema }), { type: 'e', data: 'x' }))
    expect(error).toBeInstanceOf(SchemaError)
    expect(error).toMatchObject({ code: 'unsupported_schema', type: 'e', message: expect.stringContaining('asynchronous') })
  })

  const throwing = (thrown: unknown) => ({
    decode: (text: string) => text,
    encode: (): string => {
      throw thrown
    },
  })

  test.each([
    ['an error', new RangeError('x'), 'its codec threw RangeError while encoding'],
    ['what is no error', 'x', 'its codec threw something while encoding'],
  ])('a codec that throws %s is a ValidationError', (_, thrown, message) => {
    const schema = z.object({ a: z.codec(z.string(), z.string(), throwing(thrown)) })
    const error = thrownBy(() => encode(checkedEvents({ e: schema }), { type: 'e', data: { a: 'x' } }))
    expect(error).toBeInstanceOf(ValidationError)
    expect(error).toMatchObject({ issues: [{ path: [], message }] })
  })

  const circle: Record<string, unknown> = {}
  circle['self'] = circle

  test.each([
    ['undefined', undefined],
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
    ['a bigint', 1n],
    ['a circle', circle],
  ])('a result that JSON cannot carry is a SchemaError: %s', (_, data) => {
    const schema = z.custom(() => true)
    const error = thrownBy(() => encode(checkedEvents({ e: schema }), { type: 'e', data }))
    expect(error).toBeInstanceOf(SchemaError)
    expect(error).toMatchObject({
      code: 'unsupported_schema',
      message: 'event "e": data cannot be written as JSON: give its schema a codec',
    })
    expect(() => toJson('e', data)).toThrow(SchemaError)
  })
})

describe('without events', () => {
  test('any type and any JSON goes', () => {
    expect(encode(undefined, { type: 'anything', data: { a: [1] } })).toEqual({ event: 'anything', data: '{"a":[1]}' })
  })

  test.each(['', 'error', 'open', 'sse.end', 'a#b', 'a\nb'])('a type that the protocol cannot carry is still rejected: %j', (name) => {
    expect(() => encode(undefined, { type: name, data: 1 })).toThrow(NameError)
  })

  test('and so is what JSON cannot carry', () => {
    expect(() => encode(undefined, { type: 'e', data: undefined })).toThrow(SchemaError)
  })
})
