import type { StandardSchemaV1 } from '@standard-schema/spec'
import { SchemaError, ValidationError, type ValidationIssue } from './errors.js'
import { text } from './text.js'

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
  if (result.issues !== undefined) throw new ValidationError(type, issuesOf(result.issues, schema['~standard'].vendor))
  return result.value
}

/** A library's issues without what else they may hold, above all the rejected value. */
export function issuesOf(issues: ReadonlyArray<StandardSchemaV1.Issue>, vendor: string): ValidationIssue[] {
  // ArkType's path is an array of a class of its own, which `map` would pass on with all that it holds.
  return issues.map((issue) => ({ message: wordsOf(issue, vendor), path: Array.from(issue.path ?? [], pathKey) }))
}

/** Zod's words never quote the value, nor do ours. Others' do: `… but received "…"`, `must be a number (was "…")`. */
function wordsOf(issue: StandardSchemaV1.Issue, vendor: string): string {
  if (vendor === 'zod' || vendor === text['~standard'].vendor) return issue.message
  return expectation(issue, vendor) ?? `is rejected by its ${vendor} schema`
}

/** What Valibot and ArkType tell of the schema alone. ArkType puts that of a union together from whole messages. */
function expectation(issue: object, vendor: string): string | undefined {
  if (vendor !== 'valibot' && vendor !== 'arktype') return undefined
  if ('code' in issue && (issue.code === 'union' || issue.code === 'intersection')) return undefined
  return 'expected' in issue && typeof issue.expected === 'string' ? `expected ${issue.expected}` : undefined
}

function pathKey(segment: PropertyKey | StandardSchemaV1.PathSegment): string | number {
  const key = typeof segment === 'object' ? segment.key : segment
  return typeof key === 'number' ? key : String(key)
}
