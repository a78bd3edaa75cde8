import { describe, expectTypeOf, test } from 'vitest'
import type { JsonProblem } from './json.js'

interface Shipment {
  readonly id: string
  readonly weight?: number
  readonly parts: readonly Shipment[]
}

type Json = string | number | boolean | null | Json[] | { [key: string]: Json }

declare const brand: unique symbol

enum Colour {
  Red = 'red',
  Blue = 'blue',
}

describe('what JSON carries has no problem', () => {
  test('scalars', () => {
    expectTypeOf<JsonProblem<string>>().toBeNever()
    expectTypeOf<JsonProblem<number | boolean | null>>().toBeNever()
    expectTypeOf<JsonProblem<'a' | 1>>().toBeNever()
    expectTypeOf<JsonProblem<Colour>>().toBeNever()
    expectTypeOf<JsonProblem<string & { [brand]: true }>>().toBeNever()
    expectTypeOf<JsonProblem<`order-${number}`>>().toBeNever()
    expectTypeOf<JsonProblem<never>>().toBeNever()
  })

  test('objects and arrays, also of interfaces', () => {
    expectTypeOf<JsonProblem<{ a: string; b: { c: number[] } }>>().toBeNever()
    expectTypeOf<JsonProblem<Shipment>>().toBeNever()
    expectTypeOf<JsonProblem<readonly Shipment[]>>().toBeNever()
    expectTypeOf<JsonProblem<readonly [string, number, ...boolean[]]>>().toBeNever()
    expectTypeOf<JsonProblem<Record<string, Shipment>>>().toBeNever()
    expectTypeOf<JsonProblem<Record<string, never>>>().toBeNever()
  })

  test('unions', () => {
    expectTypeOf<JsonProblem<{ kind: 'a'; n: number } | { kind: 'b'; list: string[] } | null>>().toBeNever()
  })

  test('an optional property, for JSON leaves it out', () => {
    expectTypeOf<JsonProblem<{ a?: string }>>().toBeNever()
    expectTypeOf<JsonProblem<{ a: string | undefined }>>().toBeNever()
  })

  test('types without an end', () => {
    expectTypeOf<JsonProblem<Json>>().toBeNever()
  })
})

describe('what it does not carry is named, with the remedy', () => {
  test('at the top', () => {
    expectTypeOf<JsonProblem<Date>>().toEqualTypeOf<'data is a Date: use isoDate'>()
    expectTypeOf<JsonProblem<bigint>>().toEqualTypeOf<'data is a bigint: use bigintString'>()
    expectTypeOf<JsonProblem<10n>>().toEqualTypeOf<'data is a bigint: use bigintString'>()
    expectTypeOf<JsonProblem<URL>>().toEqualTypeOf<'data is a URL: use urlString'>()
    expectTypeOf<JsonProblem<Map<string, number>>>().toEqualTypeOf<'data is a Map: use mapOf(key, value)'>()
    expectTypeOf<JsonProblem<ReadonlyMap<string, number>>>().toEqualTypeOf<'data is a Map: use mapOf(key, value)'>()
    expectTypeOf<JsonProblem<Set<string>>>().toEqualTypeOf<'data is a Set: use setOf(value)'>()
    expectTypeOf<JsonProblem<ReadonlySet<string>>>().toEqualTypeOf<'data is a Set: use setOf(value)'>()
    expectTypeOf<JsonProblem<Uint8Array>>().toEqualTypeOf<'data is a Uint8Array: use base64Bytes'>()
    expectTypeOf<JsonProblem<ArrayBuffer>>().toEqualTypeOf<'data is binary or asynchronous: use base64Bytes, or a codec to JSON'>()
    expectTypeOf<JsonProblem<Promise<string>>>().toEqualTypeOf<'data is binary or asynchronous: use base64Bytes, or a codec to JSON'>()
    expectTypeOf<JsonProblem<Blob>>().toEqualTypeOf<'data is binary or asynchronous: use base64Bytes, or a codec to JSON'>()
    expectTypeOf<JsonProblem<symbol>>().toEqualTypeOf<'data is a symbol: JSON cannot carry it'>()
    expectTypeOf<JsonProblem<() => string>>().toEqualTypeOf<'data is a function: JSON cannot carry it'>()
    expectTypeOf<JsonProblem<(a: string, b: number) => void>>().toEqualTypeOf<'data is a function: JSON cannot carry it'>()
  })

  test('undefined, where nothing can be left out', () => {
    type Words = 'data is undefined: use z.null(), or make the property optional'
    expectTypeOf<JsonProblem<undefined>>().toEqualTypeOf<Words>()
    expectTypeOf<JsonProblem<string | undefined>>().toEqualTypeOf<Words>()
    expectTypeOf<JsonProblem<(string | undefined)[]>>().toEqualTypeOf<'data[] is undefined: use z.null(), or make the property optional'>()
  })

  test('any and unknown, at any depth', () => {
    type At<Path extends string> = `${Path} may be anything, even what JSON cannot carry: use z.json(), or describe it`
    expectTypeOf<JsonProblem<unknown>>().toEqualTypeOf<At<'data'>>()
    // What JSON.parse gives is `any`, and how it mostly comes in.
    expectTypeOf<JsonProblem<ReturnType<typeof JSON.parse>>>().toEqualTypeOf<At<'data'>>()
    expectTypeOf<JsonProblem<{ a: unknown }>>().toEqualTypeOf<At<'data.a'>>()
    expectTypeOf<JsonProblem<{ a?: unknown }>>().toEqualTypeOf<At<'data.a'>>()
    expectTypeOf<JsonProblem<{ a: ReturnType<typeof JSON.parse> }>>().toEqualTypeOf<At<'data.a'>>()
    expectTypeOf<JsonProblem<unknown[]>>().toEqualTypeOf<At<'data[]'>>()
  })

  test('nested, with its path', () => {
    expectTypeOf<JsonProblem<{ at: Date }>>().toEqualTypeOf<'data.at is a Date: use isoDate'>()
    expectTypeOf<JsonProblem<{ at?: Date }>>().toEqualTypeOf<'data.at is a Date: use isoDate'>()
    expectTypeOf<JsonProblem<{ at: Date | null }>>().toEqualTypeOf<'data.at is a Date: use isoDate'>()
    expectTypeOf<JsonProblem<{ a: { b: { at: Date } } }>>().toEqualTypeOf<'data.a.b.at is a Date: use isoDate'>()
    expectTypeOf<JsonProblem<Date[]>>().toEqualTypeOf<'data[] is a Date: use isoDate'>()
    expectTypeOf<JsonProblem<{ list: readonly { at: Date }[] }>>().toEqualTypeOf<'data.list[].at is a Date: use isoDate'>()
    expectTypeOf<JsonProblem<[string, Date]>>().toEqualTypeOf<'data[] is a Date: use isoDate'>()
    expectTypeOf<JsonProblem<Record<string, Date>>>().toEqualTypeOf<`data.${string} is a Date: use isoDate`>()
    expectTypeOf<JsonProblem<string | Date>>().toEqualTypeOf<'data is a Date: use isoDate'>()
    expectTypeOf<JsonProblem<{ kind: 'a' } | { kind: 'b'; at: Date }>>().toEqualTypeOf<'data.at is a Date: use isoDate'>()
    expectTypeOf<JsonProblem<{ 7: Date }>>().toEqualTypeOf<'data.7 is a Date: use isoDate'>()
  })

  test('each of several', () => {
    expectTypeOf<JsonProblem<{ at: Date; n: bigint }>>().toEqualTypeOf<
      'data.at is a Date: use isoDate' | 'data.n is a bigint: use bigintString'
    >()
  })
})

describe('the search is bounded', () => {
  test('six levels down a Date is found', () => {
    expectTypeOf<JsonProblem<{ a: { b: { c: { d: { e: Date } } } } }>>().toEqualTypeOf<'data.a.b.c.d.e is a Date: use isoDate'>()
  })

  test('deeper ones pass the compiler: the check at run time remains', () => {
    expectTypeOf<JsonProblem<{ a: { b: { c: { d: { e: { f: Date } } } } } }>>().toBeNever()
  })
})
