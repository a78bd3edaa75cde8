import type { StandardSchemaV1 } from '@standard-schema/spec'
import { NameError } from './errors.js'
import type { JsonProblem } from './json.js'
import { checkSchema } from './schema-check.js'
import { reservedPrefix } from './wire/control.js'

/**
 * A set of event types, each with its schema. `Decoded` maps each type to its data in code, `Wire` to its data as JSON
 * carries it; they differ where a codec stands in between.
 */
export interface Events<Decoded extends object, Wire extends object = Decoded> {
  readonly types: readonly string[]
  readonly schemas: { readonly [K in keyof Decoded]: StandardSchemaV1<Wire[K & keyof Wire], Decoded[K]> }
}

/** Any set of events, where its types do not matter. */
export type AnyEvents = Events<Record<string, unknown>>

/** The data of each type in code, taken from a map of schemas. */
export type DecodedOf<S> = { [K in keyof S]: S[K] extends StandardSchemaV1<infer _, infer Output> ? Output : never }

/** The data of each type on the wire, taken from a map of schemas. */
export type WireOf<S> = { [K in keyof S]: S[K] extends StandardSchemaV1<infer Input, infer _> ? Input : never }

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
    ? [JsonProblem<Input>] extends [never]
      ? Schema extends { readonly _zod: unknown }
        ? never
        : [Input, Output] extends [Output, Input]
          ? never
          : 'this schema changes its value, and only a Zod codec can be undone: use z.codec, or let the schema only check'
      : JsonProblem<Input>
    : 'an event needs a schema: Zod, or any Standard Schema'

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
  return { types: Object.keys(schemas), schemas: schemas as Events<DecodedOf<S>, WireOf<S>>['schemas'] }
}

/** Whether this is what `defineEvents` returned, and not a map of schemas. */
export function isEvents(value: unknown): value is AnyEvents {
  return typeof value === 'object' && value !== null && 'types' in value && Array.isArray(value.types) && 'schemas' in value
}

/** The schema of a type, or undefined for one that is not defined. */
export function schemaOf(events: AnyEvents, type: string): StandardSchemaV1 | undefined {
  return Object.hasOwn(events.schemas, type) ? events.schemas[type] : undefined
}

/** @throws NameError for a type that the protocol cannot carry. */
export function checkType(type: string): void {
  const named = JSON.stringify(type)
  if (type === '') throw new NameError(type, 'an event type needs a name')
  if (type === 'error' || type === 'open')
    throw new NameError(type, `event type ${named} is an event of EventSource itself: choose another`)
  if (type.startsWith(reservedPrefix)) throw new NameError(type, `event type ${named}: "${reservedPrefix}" begins the protocol's own types`)
  const culprit = /[#@\r\n\0]/.exec(type)?.[0]
  if (culprit !== undefined)
    throw new NameError(type, `event type ${named} holds ${JSON.stringify(culprit)}, which the wire cannot carry in a type`)
}
