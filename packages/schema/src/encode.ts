import type { StandardSchemaV1 } from '@standard-schema/spec'
import { $ZodAsyncError, type $ZodType, safeEncode } from 'zod/v4/core'
import { SchemaError, UnknownTypeError, ValidationError } from './errors.js'
import { type AnyEvents, checkType, schemaOf } from './events.js'
import { isText } from './text.js'
import { issuesOf, validate } from './validate.js'
import type { Message } from './wire/message.js'

/**
 * Typed → message: checks the event's data, encodes it where its schema is a Zod codec, and writes it as JSON, or
 * verbatim where the schema is `text`. Of other libraries' schemas, what validation returns is what is sent. Without
 * `events` any type and any JSON goes, unchecked.
 *
 * @throws UnknownTypeError, ValidationError
 * @throws NameError for an undefined type that the protocol cannot carry.
 * @throws SchemaError where the schema proves to be asynchronous, or its result not to be JSON.
 */
export function encode(events: AnyEvents | undefined, event: { readonly type: string; readonly data: unknown }): Message {
  const { type, data } = event
  if (events === undefined) {
    checkType(type)
    return { event: type, data: toJson(type, data) }
  }
  const schema = schemaOf(events, type)
  if (schema === undefined) throw new UnknownTypeError(type, events.types)
  const wire = isZod(schema) ? encodeZod(type, schema, data) : validate(type, schema, data)
  return { event: type, data: isText(schema) ? String(wire) : toJson(type, wire) }
}

function encodeZod(type: string, schema: $ZodType, data: unknown): unknown {
  const result = attempt(type, () => safeEncode(schema, data))
  if (!result.success) throw new ValidationError(type, issuesOf(result.error.issues, 'zod'))
  return result.data
}

/** Zod throws what a codec's function throws, and for what turns out to be asynchronous. Neither may carry the value on. */
function attempt<T>(type: string, run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (error instanceof $ZodAsyncError) throw new SchemaError(type, 'data', 'is validated asynchronously: make the schema synchronous')
    throw new ValidationError(type, [
      { path: [], message: `its codec threw ${error instanceof Error ? error.name : 'something'} while encoding` },
    ])
  }
}

function isZod(schema: StandardSchemaV1 | $ZodType): schema is $ZodType {
  return '_zod' in schema
}

/** JSON of a wire value. `JSON.stringify` throws on a bigint and on a circle, and gives undefined for a function. */
export function toJson(type: string, wire: unknown): string {
  let json: string | undefined
  try {
    json = JSON.stringify(wire)
  } catch {
    // The engine's message would quote the value's keys.
  }
  if (json === undefined) throw new SchemaError(type, 'data', 'cannot be written as JSON: give its schema a codec')
  return json
}
