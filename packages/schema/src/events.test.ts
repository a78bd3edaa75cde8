import { type } from 'arktype'
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import * as mini from 'zod/mini'
import { checkedEvents, defineEvents, isEvents } from './define-events.js'
import { NameError, SchemaError } from './errors.js'
import { schemaOf } from './events.js'
import { thrownBy } from './testing/thrown.js'
import { text } from './text.js'

// What the compiler rejects is tried through checkedEvents, which takes any map: JavaScript and `any` come this way.

describe('types that the protocol cannot carry', () => {
  test.each([
    ['', 'an event type needs a name'],
    ['error', 'is an event of EventSource itself: choose another'],
    ['open', 'is an event of EventSource itself: choose another'],
    ['sse.', `"sse." begins the protocol's own types`],
    ['sse.end', `"sse." begins the protocol's own types`],
    ['sse.mine', `"sse." begins the protocol's own types`],
    ['a#b', 'holds "#", which the wire cannot carry in a type'],
    ['a@b', 'holds "@", which the wire cannot carry in a type'],
    ['a\rb', 'holds "\\r", which the wire cannot carry in a type'],
    ['a\nb', 'holds "\\n", which the wire cannot carry in a type'],
    ['a\0b', 'holds "\\u0000", which the wire cannot carry in a type'],
    ['trailing\n', 'holds "\\n", which the wire cannot carry in a type'],
  ])('%j is rejected in words', (name, words) => {
    const error = thrownBy(() => checkedEvents({ [name]: z.string() }))
    expect(error).toBeInstanceOf(NameError)
    expect(error).toMatchObject({ code: 'invalid_name', rejected: name, message: expect.stringContaining(words) })
  })

  test('one bad type among good ones is found', () => {
    expect(() => checkedEvents({ good: z.string(), error: z.string() })).toThrow(NameError)
  })
})

describe('types that it can', () => {
  test.each([
    'message',
    'created',
    'order.created',
    'Error',
    'opened',
    'sse',
    'sse-end',
    'a b',
    'été',
    '豆腐',
    '1',
    'then',
    'constructor',
    'toString',
    'hasOwnProperty',
    '__proto__',
    'types',
    'schemas',
  ])('%j is accepted, and found again', (name) => {
    const schema = z.string()
    const events = checkedEvents({ [name]: schema })
    expect(events.types).toEqual([name])
    expect(schemaOf(events, name)).toBe(schema)
  })

  test.each(['constructor', 'toString', '__proto__', 'hasOwnProperty', ''])('%j is not there by inheritance', (name) => {
    expect(schemaOf(defineEvents({ created: z.string() }), name)).toBeUndefined()
  })

  test('no types at all are events too', () => {
    expect(defineEvents({}).types).toEqual([])
  })
})

test.each([
  ['Zod', z.object({ n: z.number() })],
  ['zod/mini', mini.object({ n: mini.number() })],
  ['Valibot', v.object({ n: v.number() })],
  ['ArkType', type({ n: 'number' })],
  ['text', text],
])('a schema of %s is accepted', (_, schema) => {
  expect(schemaOf(checkedEvents({ e: schema }), 'e')).toBe(schema)
})

test.each([
  ['nothing', undefined],
  ['null', null],
  ['a string', 'string'],
  ['a plain object', { n: 'number' }],
  ['a function', () => true],
])('what is no schema is rejected: %s', (_, schema) => {
  const error = thrownBy(() => checkedEvents({ e: schema }))
  expect(error).toBeInstanceOf(SchemaError)
  expect(error).toMatchObject({
    code: 'unsupported_schema',
    type: 'e',
    message: 'event "e": its schema is none: use Zod, or any Standard Schema',
  })
})

test('events are told apart from a map of schemas, whatever its types are named', () => {
  expect(isEvents(defineEvents({ created: z.string() }))).toBe(true)
  expect(isEvents(defineEvents({}))).toBe(true)
  expect(isEvents({ created: z.string() })).toBe(false)
  expect(isEvents({ types: z.string(), schemas: z.string() })).toBe(false)
  for (const other of [{}, undefined, null, 'types']) expect(isEvents(other)).toBe(false)
})
