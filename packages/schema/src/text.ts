import type { StandardSchemaV1 } from '@standard-schema/spec'

/** A schema of verbatim text; see {@link text}. */
export interface TextSchema extends StandardSchemaV1<string, string> {
  readonly '~sse': 'text'
}

/**
 * A schema for streams of text (tokens, log lines): its string goes out verbatim instead of as JSON, several lines as
 * several `data:` lines. The wire knows one line end, so CR and CRLF arrive as LF; use `z.string()` where that matters.
 */
export const text: TextSchema = {
  '~sse': 'text',
  '~standard': {
    version: 1,
    vendor: 'sse',
    validate: (value) => (typeof value === 'string' ? { value } : { issues: [{ message: 'expected a string' }] }),
  },
}

/** Whether a schema's values go out verbatim. */
export function isText(schema: object): schema is TextSchema {
  return '~sse' in schema && schema['~sse'] === 'text'
}
