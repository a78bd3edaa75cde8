import type { StandardSchemaV1 } from '@standard-schema/spec'
import { NameError } from './errors.js'
import { reservedPrefix } from './wire/control.js'

/**
 * A set of event types, each with its schema. `Decoded` maps each type to its data in code, `Wire` to its data as JSON
 * carries it; they differ where a codec stands in between.
 */
export interface Events<Decoded extends object, Wire extends object = Decoded> {
  readonly types: readonly string[]
  readonly schemas: { readonly [K in keyof Decoded]: StandardSchemaV1<Wire[K & keyof Wire], Decoded[K]> }
  /**
   * An event's data from its message: read as JSON (verbatim where the schema is `text`), checked, and decoded. It comes
   * with the events, so that a reader which brings none loads no code for it.
   *
   * @throws UnknownTypeError, InvalidJsonError, ValidationError, and SchemaError for an asynchronous schema.
   */
  decode(type: string, data: string): unknown
}

/** Any set of events, where its types do not matter. */
export type AnyEvents = Events<Record<string, unknown>>

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
