import { type } from 'arktype'
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import * as mini from 'zod/mini'
import { base64Bytes, bigintString, isoDate, mapOf, setOf, urlString } from './codecs.js'
import { decode } from './decode.js'
import { checkedEvents } from './define-events.js'
import { encode } from './encode.js'
import { SseError } from './errors.js'
import { everythingIn, thrownBy } from './testing/thrown.js'
import { text } from './text.js'

// Errors end in logs and in other people's browsers; the value that was rejected may be a password. Each library words its
// issues in its own way, and some quote the value.

const secret = 'hunter2-SECRET'

function expectNoSecret(error: unknown): void {
  expect(error).toBeInstanceOf(SseError)
  expect(everythingIn(error)).not.toContain(secret)
}

const even = (value: string): boolean => value.length < 3

const schemas: readonly (readonly [title: string, schema: unknown])[] = [
  ['Zod: another type', z.number()],
  ['Zod: a format', z.email()],
  ['Zod: a length', z.string().max(3)],
  ['Zod: a pattern', z.string().regex(/^a$/)],
  ['Zod: a choice', z.enum(['a', 'b'])],
  ['Zod: a literal', z.literal('a')],
  ['Zod: a union', z.union([z.number(), z.object({ a: z.number() })])],
  ['Zod: a check', z.string().refine(even)],
  ['Zod: a template', z.templateLiteral(['a', z.number()])],
  ['Zod: a codec', z.codec(z.string(), z.string().max(3), { decode: (value) => value, encode: (value) => value })],
  ['zod/mini', mini.string().check(mini.maxLength(3))],
  ['isoDate', isoDate],
  ['bigintString', bigintString],
  ['urlString', urlString],
  ['base64Bytes', base64Bytes],
  ['mapOf', mapOf(z.string(), z.number())],
  ['setOf', setOf(z.number())],
  ['Valibot: another type', v.number()],
  ['Valibot: a format', v.pipe(v.string(), v.email())],
  ['Valibot: a choice', v.picklist(['a', 'b'])],
  ['Valibot: a literal', v.literal('a')],
  ['Valibot: a union', v.union([v.number(), v.literal('a')])],
  ['Valibot: a check', v.pipe(v.string(), v.check(even))],
  ['ArkType: another type', type('number')],
  ['ArkType: a format', type('string.email')],
  ['ArkType: a choice', type("'a' | 'b'")],
  ['ArkType: a union', type('string.email | number[]')],
  ['ArkType: an intersection', type('string.email <= 3')],
  ['ArkType: a pattern', type('/^a$/')],
  ['ArkType: a check', type('string').narrow((value, context) => even(value) || context.mustBe('short'))],
  [
    'another library',
    {
      '~standard': {
        version: 1,
        vendor: 'own',
        validate: (value: unknown) => ({ issues: [{ message: `not ${String(value)}`, expected: `no ${String(value)}`, value }] }),
      },
    },
  ],
  ['text', text],
]

describe.each(schemas)('the rejected value is not in the error: %s', (_, schema) => {
  const events = checkedEvents({ e: schema, inside: z.object({}) })

  test('when it is sent', () => {
    for (const data of [secret, [secret], { [secret.length]: secret }, new Map([['a', secret]]), new Set([secret])]) {
      const error = thrownBy(() => encode(events, { type: 'e', data }))
      // Text takes any string.
      if (!(data === secret && schema === text)) expectNoSecret(error)
    }
  })

  test('when it arrives', () => {
    for (const data of [secret, [secret], [['a', secret]], { a: secret }]) {
      const error = thrownBy(() => decode(events, 'e', JSON.stringify(data)))
      // Text takes any data.
      if (schema !== text) expectNoSecret(error)
    }
  })
})

describe.each([
  ['Zod', z.object({ a: z.number(), list: z.array(z.enum(['a'])), u: z.discriminatedUnion('k', [z.object({ k: z.literal('a') })]) })],
  ['zod/mini', mini.object({ a: mini.number(), list: mini.array(mini.enum(['a'])), u: mini.object({ k: mini.literal('a') }) })],
  ['Valibot', v.object({ a: v.number(), list: v.array(v.picklist(['a'])), u: v.variant('k', [v.object({ k: v.literal('a') })]) })],
  ['ArkType', type({ a: 'number', list: "'a'[]", u: type({ k: "'a'" }).or({ k: "'b'", n: 'number' }) })],
])('nor is a value from deep inside: %s', (_, schema) => {
  const data = { a: secret, list: ['a', secret], u: { k: secret } }
  const events = checkedEvents({ e: schema })

  test('sent and received', () => {
    expectNoSecret(thrownBy(() => encode(events, { type: 'e', data })))
    expectNoSecret(thrownBy(() => decode(events, 'e', JSON.stringify(data))))
  })

  test('and the path is still told', () => {
    expect(thrownBy(() => encode(events, { type: 'e', data }))).toMatchObject({ path: ['a'] })
  })
})

test('data that is not JSON is not in the error', () => {
  for (const data of [secret, `{"password":"${secret}"`, `"${secret}`]) {
    expectNoSecret(thrownBy(() => decode(checkedEvents({ e: z.json() }), 'e', data)))
  }
})

test('what a codec throws is not in the error', () => {
  const quote = (value: string): string => {
    throw new Error(value, { cause: value })
  }
  const events = checkedEvents({ e: z.codec(z.string(), z.string(), { decode: quote, encode: quote }) })
  expectNoSecret(thrownBy(() => encode(events, { type: 'e', data: secret })))
  expectNoSecret(thrownBy(() => decode(events, 'e', JSON.stringify(secret))))
})

test('what cannot be written as JSON is not in the error', () => {
  const circle: Record<string, unknown> = { [secret]: secret }
  circle['self'] = circle
  for (const data of [circle, { big: 1n, [secret]: secret }, Symbol(secret)]) {
    expectNoSecret(thrownBy(() => encode(checkedEvents({ e: z.custom(() => true) }), { type: 'e', data })))
  }
})

test('the search finds what is hidden, or it would prove nothing', () => {
  class Hiding extends Error {
    readonly #value = secret
    get value(): string {
      return this.#value
    }
  }
  expect(everythingIn(new Hiding())).toContain(secret)
  expect(everythingIn(new Error('x', { cause: { deep: [secret] } }))).toContain(secret)
  expect(everythingIn(new Error(secret))).toContain(secret)
  expect(everythingIn(Object.defineProperty(new Error('x'), 'hidden', { value: secret, enumerable: false }))).toContain(secret)
})
