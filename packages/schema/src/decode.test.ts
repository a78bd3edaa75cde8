import { type } from 'arktype'
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import * as mini from 'zod/mini'
import { isoDate } from './codecs.js'
import { decode, fromJson } from './decode.js'
import { checkedEvents, defineEvents } from './define-events.js'
import { InvalidJsonError, SchemaError, UnknownTypeError, ValidationError } from './errors.js'
import { thrownBy } from './testing/thrown.js'
import { isText, text } from './text.js'

test.each([
  ['Zod', z.object({ n: z.number() }), '{"n":1,"more":2}', { n: 1 }],
  ['a Zod default', z.object({ n: z.number().default(1) }), '{}', { n: 1 }],
  ['a Zod codec', z.object({ at: isoDate }), '{"at":"1970-01-01T00:00:00Z"}', { at: new Date(0) }],
  ['zod/mini', mini.object({ at: mini.optional(isoDate) }), '{"at":"1970-01-01T00:00:00Z"}', { at: new Date(0) }],
  ['Valibot', v.object({ n: v.number() }), '{"n":1}', { n: 1 }],
  ['ArkType', type({ n: 'number' }), '{"n":1}', { n: 1 }],
  ['null', z.null(), 'null', null],
])('data is read as JSON and validated: %s', (_, schema, data, value) => {
  expect(decode(checkedEvents({ e: schema }), 'e', data)).toEqual(value)
})

test.each(['a', '"a"', '', '{', 'a\nb'])('text is read verbatim: %j', (data) => {
  expect(decode(defineEvents({ token: text }), 'token', data)).toBe(data)
})

test('only the text schema is text', () => {
  expect(isText(text)).toBe(true)
  expect(isText(z.string())).toBe(false)
  expect(isText({ '~sse': 'json' })).toBe(false)
})

test.each(['constructor', 'toString', '__proto__', ''])('an unknown type is rejected: %j', (name) => {
  const error = thrownBy(() => decode(defineEvents({ created: z.string() }), name, '"x"'))
  expect(error).toBeInstanceOf(UnknownTypeError)
  expect(error).toMatchObject({ code: 'unknown_type', type: name })
})

test.each(['', '{', 'undefined', "{'a':1}", '{"a":1}}', '\uFEFF1', 'NaN'])('data that is not JSON is rejected: %j', (data) => {
  for (const run of [() => decode(defineEvents({ e: z.json() }), 'e', data), () => fromJson('e', data)]) {
    const error = thrownBy(run)
    expect(error).toBeInstanceOf(InvalidJsonError)
    expect(error).toMatchObject({ code: 'invalid_json', type: 'e', message: 'event "e": its data is not JSON' })
  }
})

test('a key named __proto__ changes no prototype', () => {
  const events = defineEvents({ e: z.object({ a: z.number().optional() }), record: z.record(z.string(), z.number()) })
  for (const data of [decode(events, 'e', '{"__proto__":{"a":1}}'), decode(events, 'record', '{"__proto__":1}')]) {
    expect(Object.getPrototypeOf(data)).toBe(Object.prototype)
    expect(data).toEqual({})
  }
})

describe('a schema that proves to be asynchronous', () => {
  const resolves = { '~standard': { version: 1, vendor: 'own', validate: (value: unknown) => Promise.resolve({ value }) } }
  const rejects = { '~standard': { version: 1, vendor: 'own', validate: () => Promise.reject(new Error('unhandled')) } }

  // vitest fails the run on an unhandled rejection, so the one that rejects proves that nothing is left hanging.
  test.each([
    ['of Zod', z.string().refine(() => Promise.resolve(true))],
    ['of another library', resolves],
    ['of another library, whose promise rejects', rejects],
  ])('is a SchemaError: %s', (_, schema) => {
    const error = thrownBy(() => decode(checkedEvents({ e: schema }), 'e', '"x"'))
    expect(error).toBeInstanceOf(SchemaError)
    expect(error).toMatchObject({ code: 'unsupported_schema', type: 'e', message: expect.stringContaining('asynchronous') })
  })
})

test('a codec that throws is a typed error, and not the one it threw', () => {
  const schema = z.codec(z.string(), z.date(), {
    decode: (): Date => {
      throw new TypeError('from the codec')
    },
    encode: (date) => date.toISOString(),
  })
  const error = thrownBy(() => decode(defineEvents({ e: schema }), 'e', '"x"'))
  expect(error).toBeInstanceOf(SchemaError)
  expect(error).not.toHaveProperty('message', expect.stringContaining('from the codec'))
})

test('a failed validation carries type, path and issues', () => {
  const events = defineEvents({ e: z.object({ a: z.number(), b: z.object({ c: z.string() }) }) })
  const error = thrownBy(() => decode(events, 'e', '{"a":"x","b":{"c":1}}'))
  expect(error).toBeInstanceOf(ValidationError)
  expect(error).toMatchObject({
    code: 'invalid_event',
    type: 'e',
    path: ['a'],
    issues: [
      { path: ['a'], message: 'Invalid input: expected number, received string' },
      { path: ['b', 'c'], message: 'Invalid input: expected string, received number' },
    ],
  })
})

test('a path may hold keys as Standard Schema writes them', () => {
  const path = [{ key: 'a' }, 0, Symbol('s'), 'b']
  const schema = { '~standard': { version: 1, vendor: 'own', validate: () => ({ issues: [{ message: 'no', path }, { message: 'no' }] }) } }
  const error = thrownBy(() => decode(checkedEvents({ e: schema }), 'e', '1'))
  expect(error).toMatchObject({ issues: [{ path: ['a', 0, 'Symbol(s)', 'b'] }, { path: [] }] })
})
