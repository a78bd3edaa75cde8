import type { StandardSchemaV1 } from '@standard-schema/spec'
import { decode } from './decode.js'
import { type AnyEvents, checkType, type Events } from './events.js'
import type { JsonProblem } from './json.js'
import { checkSchema } from './schema-check.js'

/*
 * Both walk an inferred copy of the map. TypeScript keeps an alias that maps over its own parameter by name, and hovers
 * and published declarations would read `DecodedOf<{ created: ZodObject<…> }>`, and need Zod to be understood.
 */

/** The data of each type in code, taken from a map of schemas. */
export type DecodedOf<S> = S extends infer T extends object
  ? { -readonly [K in keyof T]: T[K] extends StandardSchemaV1<infer _, infer Output> ? Output : never }
  : never

/** The data of each type on the wire, taken from a map of schemas. */
export type WireOf<S> = S extends infer T extends object
  ? { -readonly [K in keyof T]: T[K] extends StandardSchemaV1<infer Input, infer _> ? Input : never }
  : never

/** A map of schemas as it must be: what is wrong with an entry becomes the type that this entry does not fit. */
export type CheckedSchemas<S> = { [K in keyof S]: [Problem<K, S[K]>] extends [never] ? S[K] : Problem<K, S[K]> }

type Problem<K, Schema> = [TypeProblem<K>] extends [never] ? SchemaProblem<Schema> : TypeProblem<K>

type TypeProblem<K> = K extends string
  ? K extends ''
    ? 'an event type needs a name'
    : K extends 'error' | 'open'
      ? `"${K}" is an event of EventSource itself: choose another type`
      : K extends `sse.${string}`
        ? 'types that begin with "sse." are the protocol\'s own: choose another type'
        : K extends `${string}${'#' | '@' | '\n' | '\r' | '\0'}${string}`
          ? 'an event type cannot hold "#", "@", CR, LF or NUL: choose another type'
          : never
  : 'an event type is a string'

type SchemaProblem<Schema> =
  Schema extends StandardSchemaV1<infer Input, infer Output>
    ? Schema extends { readonly _zod: { readonly def: infer Def } }
      ? // First, for what comes into most of these is unknown, and "may be anything" would be the wrong words.
        [OneWayProblem<Def>] extends [never]
        ? JsonProblem<Input>
        : OneWayProblem<Def>
      : [JsonProblem<Input>] extends [never]
        ? [Input, Output] extends [Output, Input]
          ? never
          : 'this schema changes its value, and only a Zod codec can be undone: use z.codec, or let the schema only check'
        : JsonProblem<Input>
    : 'an event needs a schema: Zod, or any Standard Schema'

/** What the type of a Zod schema tells of itself; what it holds deeper down is found when the events are defined. */
type OneWayProblem<Def> = Def extends { readonly type: 'transform' } | { readonly type: 'pipe'; readonly out: Transform }
  ? 'data is transformed one way, and encoding could not undo it: use z.codec'
  : Def extends { readonly type: 'pipe'; readonly in: Transform }
    ? 'data is preprocessed, which encoding could not undo: use z.codec'
    : Def extends { readonly type: 'catch' }
      ? 'data hides bad values with catch, which encoding cannot undo: use z.codec, or default'
      : never

interface Transform {
  readonly _zod: { readonly def: { readonly type: 'transform' } }
}

/**
 * Defines a set of event types with their schemas: Zod 4 (with codecs, which encode on the server and decode on the
 * client) or any Standard Schema whose input and output are of one type. Schemas whose wire type is not JSON are rejected
 * at compile time, at the place, with path and remedy.
 *
 * @throws NameError for a type the protocol cannot carry: empty, `error`, `open`, `sse.…`, or with `#`, `@`, CR, LF, NUL.
 * @throws SchemaError for a schema that cannot make the round trip: one-way transforms, `preprocess`, `catch`, async ones,
 * and those whose wire type is not JSON.
 */
export function defineEvents<const S extends CheckedSchemas<S>>(schemas: S): Events<DecodedOf<S>, WireOf<S>> {
  return checkedEvents(schemas)
}

/** What `defineEvents` does, for schemas that the compiler has checked elsewhere. */
export function checkedEvents<S extends object>(schemas: S): Events<DecodedOf<S>, WireOf<S>> {
  for (const [type, schema] of Object.entries(schemas)) {
    checkType(type)
    checkSchema(type, schema)
  }
  const events: Events<DecodedOf<S>, WireOf<S>> = {
    types: Object.keys(schemas),
    schemas: schemas as Events<DecodedOf<S>, WireOf<S>>['schemas'],
    decode: (type, data) => decode(events, type, data),
  }
  return events
}

/** Whether this is what `defineEvents` returned, and not a map of schemas. */
export function isEvents(value: unknown): value is AnyEvents {
  return typeof value === 'object' && value !== null && 'types' in value && Array.isArray(value.types) && 'schemas' in value
}
