import type { StandardSchemaV1 } from '@standard-schema/spec'
import { SchemaError, ValidationError, type ValidationIssue } from './errors.js'

/**
 * Runs a schema's own validation, which for a Zod codec also decodes.
 *
 * @throws ValidationError, and SchemaError for an asynchronous schema.
 */
export function validate(type: string, schema: StandardSchemaV1, value: unknown): unknown {
  const result = schema['~standard'].validate(value)
  if ('then' in result) {
    // Its outcome no longer matters, and must not end the process as an unhandled rejection.
    result.then(undefined, () => {})
    throw new SchemaError(type, 'data', 'gave a promise: its schema is asynchronous, or a codec of it throws instead of reporting an issue')
  }
  if (result.issues !== undefined) throw new ValidationError(type, issuesOf(result.issues))
  return result.value
}

/** A library's issues without what else they may hold, above all the rejected value. */
export function issuesOf(issues: ReadonlyArray<StandardSchemaV1.Issue>): ValidationIssue[] {
  return issues.map(({ message, path = [] }) => ({ message, path: path.map(pathKey) }))
}

function pathKey(segment: PropertyKey | StandardSchemaV1.PathSegment): string | number {
  const key = typeof segment === 'object' ? segment.key : segment
  return typeof key === 'number' ? key : String(key)
}
