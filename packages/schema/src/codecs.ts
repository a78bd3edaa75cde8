import {
  _base64,
  _bigint,
  _custom,
  _date,
  _isoDateTime,
  _regex,
  _url,
  $ZodArray,
  $ZodBase64,
  $ZodBigInt,
  $ZodCodec,
  $ZodCustom,
  $ZodDate,
  $ZodISODateTime,
  $ZodString,
  $ZodTuple,
  type $ZodType,
  $ZodURL,
  type input,
  type output,
} from 'zod/v4/core'

// Built on Zod's core, so that a browser that decodes dates does not load all of Zod. Core schemas have no methods.

/**
 * `Date` in code, an ISO 8601 string on the wire: written in UTC, read with any offset.
 *
 * It has no methods: write `z.optional(isoDate)` and `z.nullable(isoDate)`, not `isoDate.optional()`.
 */
export const isoDate: $ZodType<Date, string> = /* @__PURE__ */ codec(
  () => [_isoDateTime($ZodISODateTime, { offset: true }), _date($ZodDate)],
  (text: string) => new Date(text),
  (date: Date) => date.toISOString(),
)

/**
 * `bigint` in code, its decimal digits in a string on the wire, for a JSON number would lose those above 2^53.
 *
 * It has no methods: write `z.optional(bigintString)` and `z.nullable(bigintString)`, not `bigintString.optional()`.
 */
export const bigintString: $ZodType<bigint, string> = /* @__PURE__ */ codec(
  () => [new $ZodString({ type: 'string', checks: [_regex(/^-?\d+$/)] }), _bigint($ZodBigInt)],
  (digits: string) => BigInt(digits),
  (value: bigint) => String(value),
)

/**
 * `URL` in code, its `href` on the wire.
 *
 * It has no methods: write `z.optional(urlString)` and `z.nullable(urlString)`, not `urlString.optional()`.
 */
export const urlString: $ZodType<URL, string> = /* @__PURE__ */ codec(
  () => [_url($ZodURL), instance(URL, 'a URL')],
  (href: string) => new URL(href),
  (url: URL) => url.href,
)

/**
 * `Uint8Array` in code, base64 on the wire.
 *
 * It has no methods: write `z.optional(base64Bytes)` and `z.nullable(base64Bytes)`, not `base64Bytes.optional()`.
 */
export const base64Bytes: $ZodType<Uint8Array, string> = /* @__PURE__ */ codec(
  () => [_base64($ZodBase64), instance(Uint8Array, 'a Uint8Array')],
  (base64: string) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)),
  (bytes: Uint8Array) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')),
)

/**
 * `Map` in code, an array of `[key, value]` pairs on the wire; keys and values may be codecs themselves.
 *
 * It has no methods: write `z.optional(mapOf(…))` and `z.nullable(mapOf(…))`, not `mapOf(…).optional()`.
 */
export function mapOf<K extends $ZodType, V extends $ZodType>(
  key: K,
  value: V,
): $ZodType<Map<output<K>, output<V>>, [input<K>, input<V>][]> {
  return codec(
    () => [arrayOf(new $ZodTuple({ type: 'tuple', items: [key, value], rest: null })), instance(Map, 'a Map')],
    (pairs: [output<K>, output<V>][]) => new Map(pairs),
    (map: Map<output<K>, output<V>>) => [...map],
  )
}

/**
 * `Set` in code, an array on the wire; the values may be codecs themselves.
 *
 * It has no methods: write `z.optional(setOf(…))` and `z.nullable(setOf(…))`, not `setOf(…).optional()`.
 */
export function setOf<V extends $ZodType>(value: V): $ZodType<Set<output<V>>, input<V>[]> {
  return codec(
    () => [arrayOf(value), instance(Set, 'a Set')],
    (values: output<V>[]) => new Set(values),
    (set: Set<output<V>>) => [...set],
  )
}

/** Both sides are validated before a function sees a value: by the first schema what comes in, by the second what goes out. */
function codec<Code, Parsed, Wire>(
  sides: () => readonly [wire: $ZodType, code: $ZodType],
  decode: (value: Parsed) => Code,
  encode: (value: Code) => Parsed,
): $ZodType<Code, Wire>
function codec(
  sides: () => readonly [$ZodType, $ZodType],
  decode: (value: unknown) => unknown,
  encode: (value: unknown) => unknown,
): $ZodType {
  const [wire, code] = sides()
  return new $ZodCodec({ type: 'pipe', in: wire, out: code, transform: decode, reverseTransform: encode })
}

function arrayOf(element: $ZodType): $ZodType {
  return new $ZodArray({ type: 'array', element })
}

function instance(Class: abstract new (...args: never) => unknown, words: string): $ZodType {
  return _custom($ZodCustom, (value) => value instanceof Class, { error: `expected ${words}` })
}
