import type { StandardSchemaV1 } from '@standard-schema/spec'
import { type } from 'arktype'
import * as v from 'valibot'
import { describe, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import * as mini from 'zod/mini'
import { base64Bytes, bigintString, isoDate, mapOf, setOf, urlString } from './codecs.js'
import { type CheckedSchemas, defineEvents } from './define-events.js'
import type { AnyEvents, Events } from './events.js'
import { text } from './text.js'

/** What `defineEvents` wants in the place of a schema: the schema itself, or what is wrong with it in words. */
type Verdict<Schema, Type extends string = 'e'> = CheckedSchemas<{ [K in Type]: Schema }>[Type]

describe('what makes the round trip compiles', () => {
  test('the example of the design', () => {
    const orderEvents = defineEvents({
      created: z.object({ id: z.string(), total: z.number() }),
      shipped: z.object({ id: z.string(), at: isoDate }),
    })
    expectTypeOf(orderEvents).toEqualTypeOf<
      Events<
        { created: { id: string; total: number }; shipped: { id: string; at: Date } },
        { created: { id: string; total: number }; shipped: { id: string; at: string } }
      >
    >()
    expectTypeOf(orderEvents).toExtend<AnyEvents>()
  })

  test('scalars, text and no data', () => {
    const events = defineEvents({ n: z.number(), none: z.null(), token: text, choice: z.enum(['a', 'b']) })
    expectTypeOf(events).toEqualTypeOf<Events<{ n: number; none: null; token: string; choice: 'a' | 'b' }>>()
  })

  test('recursive types', () => {
    const tree = z.object({
      name: z.string(),
      get children() {
        return z.array(tree)
      },
    })
    interface Node {
      name: string
      parent?: Node | undefined
    }
    const node: z.ZodType<Node> = z.lazy(() => z.object({ name: z.string(), parent: node.optional() }))
    defineEvents({ json: z.json(), tree })
    // Annotated as output alone, as Zod 3 asked for: what comes in is unknown, so the compiler cannot vouch for it.
    expectTypeOf<Verdict<typeof node>>().toEqualTypeOf<'data may be anything, even what JSON cannot carry: use z.json(), or describe it'>()
    const both: z.ZodType<Node, Node> = z.lazy(() => z.object({ name: z.string(), parent: both.optional() }))
    expectTypeOf<Verdict<typeof both>>().toEqualTypeOf<typeof both>()
  })

  test('schemas that are typed by an interface', () => {
    interface Order {
      readonly id: string
      readonly lines: readonly { readonly sku: string }[]
    }
    const schema: StandardSchemaV1<Order> = z.object({ id: z.string(), lines: z.array(z.object({ sku: z.string() })) })
    expectTypeOf(defineEvents({ order: schema })).toEqualTypeOf<Events<{ order: Order }>>()
  })

  test('other libraries', () => {
    const events = defineEvents({
      mini: mini.object({ n: mini.number() }),
      valibot: v.object({ n: v.number() }),
      ark: type({ n: 'number' }),
    })
    expectTypeOf(events).toEqualTypeOf<Events<{ mini: { n: number }; valibot: { n: number }; ark: { n: number } }>>()
  })

  test('codecs, where JSON meets code', () => {
    const events = defineEvents({
      date: z.object({ at: z.optional(isoDate) }),
      bigint: z.array(bigintString),
      url: z.nullable(urlString),
      bytes: base64Bytes,
      map: mapOf(isoDate, bigintString),
      set: setOf(z.number()),
    })
    expectTypeOf(events).toEqualTypeOf<
      Events<
        {
          date: { at?: Date | undefined }
          bigint: bigint[]
          url: URL | null
          bytes: Uint8Array
          map: Map<Date, bigint>
          set: Set<number>
        },
        {
          date: { at?: string | undefined }
          bigint: string[]
          url: string | null
          bytes: string
          map: [string, string][]
          set: number[]
        }
      >
    >()
  })
})

describe('what does not compiles to words, at its place', () => {
  test('schemas whose wire type is not JSON', () => {
    // @ts-expect-error a Date becomes a string on the wire
    defineEvents({ e: z.date() })
    // @ts-expect-error a Date in an object
    defineEvents({ e: z.object({ at: z.date() }) })
    // @ts-expect-error a Date in an array
    defineEvents({ e: z.array(z.date()) })
    // @ts-expect-error a Date that is optional
    defineEvents({ e: z.object({ at: z.date().optional() }) })
    // @ts-expect-error a Date in a union
    defineEvents({ e: z.union([z.string(), z.date()]) })
    // @ts-expect-error a bigint
    defineEvents({ e: z.object({ n: z.bigint() }) })
    // @ts-expect-error a Map
    defineEvents({ e: z.map(z.string(), z.string()) })
    // @ts-expect-error a Set in an array
    defineEvents({ e: z.array(z.set(z.string())) })
    // @ts-expect-error anything
    defineEvents({ e: z.any() })
    // @ts-expect-error anything, inside
    defineEvents({ e: z.object({ a: z.unknown() }) })
    // @ts-expect-error undefined at the top
    defineEvents({ e: z.undefined() })
    // @ts-expect-error perhaps undefined at the top
    defineEvents({ e: z.string().optional() })
    // @ts-expect-error a default at the top may be left out on the wire
    defineEvents({ e: z.string().default('') })
    // @ts-expect-error of Valibot
    defineEvents({ e: v.object({ at: v.date() }) })
    // @ts-expect-error of ArkType
    defineEvents({ e: type({ at: 'Date' }) })
    // @ts-expect-error what a map is made of must be JSON too
    defineEvents({ e: mapOf(z.string(), z.date()) })
  })

  test('one bad schema does not spoil the good ones', () => {
    const good = z.string()
    const bad = z.date()
    type Checked = CheckedSchemas<{ good: typeof good; bad: typeof bad }>
    expectTypeOf<Checked>().toEqualTypeOf<{ good: typeof good; bad: 'data is a Date: use isoDate' }>()
  })

  test('the words name path and remedy', () => {
    const nested = z.object({ list: z.array(z.object({ at: z.date() })) })
    expectTypeOf<Verdict<typeof nested>>().toEqualTypeOf<'data.list[].at is a Date: use isoDate'>()
  })

  test('what is no schema', () => {
    type Words = 'an event needs a schema: Zod, or any Standard Schema'
    expectTypeOf<Verdict<string>>().toEqualTypeOf<Words>()
    expectTypeOf<Verdict<{ n: 'number' }>>().toEqualTypeOf<Words>()
    expectTypeOf<Verdict<undefined>>().toEqualTypeOf<Words>()
    // @ts-expect-error a plain object is no schema
    defineEvents({ e: { n: 'number' } })
  })

  test("a change of type that only Zod's codecs could undo", () => {
    const changing = v.pipe(v.string(), v.transform(Number))
    type Words = 'this schema changes its value, and only a Zod codec can be undone: use z.codec, or let the schema only check'
    expectTypeOf<Verdict<typeof changing>>().toEqualTypeOf<Words>()
    // @ts-expect-error a transform of Valibot
    defineEvents({ e: changing })
    // @ts-expect-error a morph of ArkType
    defineEvents({ e: type('string.numeric.parse') })
  })

  test('what Zod could not undo', () => {
    const transformed = z.string().transform(Number)
    const preprocessed = z.preprocess(String, z.string())
    const caught = z.string().catch('')
    const small = mini.pipe(mini.string(), mini.transform(Number))
    type OneWay = 'data is transformed one way, and encoding could not undo it: use z.codec'
    expectTypeOf<Verdict<typeof transformed>>().toEqualTypeOf<OneWay>()
    expectTypeOf<Verdict<typeof small>>().toEqualTypeOf<OneWay>()
    expectTypeOf<Verdict<typeof preprocessed>>().toEqualTypeOf<'data is preprocessed, which encoding could not undo: use z.codec'>()
    type Caught = 'data hides bad values with catch, which encoding cannot undo: use z.codec, or default'
    expectTypeOf<Verdict<typeof caught>>().toEqualTypeOf<Caught>()
    const codec = z.codec(z.string(), z.date(), { decode: (wire) => new Date(wire), encode: (date) => date.toISOString() })
    expectTypeOf<Verdict<typeof codec>>().toEqualTypeOf<typeof codec>()
    // @ts-expect-error a transform, which encoding could not undo
    defineEvents({ e: z.string().transform(Number) })
  })

  test('types that the protocol cannot carry', () => {
    type Schema = StandardSchemaV1<string>
    expectTypeOf<Verdict<Schema, ''>>().toEqualTypeOf<'an event type needs a name'>()
    expectTypeOf<Verdict<Schema, 'error'>>().toEqualTypeOf<'"error" is an event of EventSource itself: choose another type'>()
    expectTypeOf<Verdict<Schema, 'open'>>().toEqualTypeOf<'"open" is an event of EventSource itself: choose another type'>()
    type Reserved = 'types that begin with "sse." are the protocol\'s own: choose another type'
    expectTypeOf<Verdict<Schema, 'sse.end'>>().toEqualTypeOf<Reserved>()
    expectTypeOf<Verdict<Schema, 'sse.'>>().toEqualTypeOf<Reserved>()
    type Character = 'an event type cannot hold "#", "@", CR, LF or NUL: choose another type'
    expectTypeOf<Verdict<Schema, 'a#b'>>().toEqualTypeOf<Character>()
    expectTypeOf<Verdict<Schema, 'a@b'>>().toEqualTypeOf<Character>()
    expectTypeOf<Verdict<Schema, 'a\nb'>>().toEqualTypeOf<Character>()
    expectTypeOf<Verdict<Schema, 'a\rb'>>().toEqualTypeOf<Character>()
    expectTypeOf<Verdict<Schema, 'a\0b'>>().toEqualTypeOf<Character>()
    expectTypeOf<CheckedSchemas<{ 1: Schema }>[1]>().toEqualTypeOf<'an event type is a string'>()
    expectTypeOf<Verdict<Schema, 'sse' | 'opened' | 'Error' | 'order.created'>>().toEqualTypeOf<Schema>()
    // @ts-expect-error a type of EventSource itself
    defineEvents({ error: z.string() })
    // @ts-expect-error a type of the protocol
    defineEvents({ 'sse.end': z.string() })
  })
})
