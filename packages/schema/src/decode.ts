import { InvalidJsonError, UnknownTypeError } from './errors.js'
import { type AnyEvents, schemaOf } from './events.js'
import { isText } from './text.js'
import { validate } from './validate.js'

/**
 * Message → typed: reads the data as JSON (verbatim where the schema is `text`), checks it, and decodes codecs. Runs the
 * schema's own validation, so a reader needs no schema library beyond what its schemas bring.
 *
 * @throws UnknownTypeError, InvalidJsonError, ValidationError, and SchemaError for an asynchronous schema.
 */
export function decode(events: AnyEvents, type: string, data: string): unknown {
  const schema = schemaOf(events, type)
  if (schema === undefined) throw new UnknownTypeError(type, events.types)
  return validate(type, schema, isText(schema) ? data : fromJson(type, data))
}

/** @throws InvalidJsonError */
export function fromJson(type: string, data: string): unknown {
  try {
    return JSON.parse(data)
  } catch {
    // The engine's own message quotes the data, which may be secret.
    throw new InvalidJsonError(type)
  }
}
