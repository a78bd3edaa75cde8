/** What a statement returned. */
export type Row = Readonly<Record<string, unknown>>

// A column that is missing or of another type is a file that something else has written to: better to fail than to guess.

export function numberOf(row: Row, column: string): number {
  const value = row[column]
  if (typeof value === 'number') return value
  throw new TypeError(`column ${column} holds ${typeof value} where a number belongs`)
}

export function textOf(row: Row, column: string): string {
  const value = row[column]
  if (typeof value === 'string') return value
  throw new TypeError(`column ${column} holds ${typeof value} where text belongs`)
}

/** Texts that users write are stored as bytes: SQLite's own text may end at a NUL. */
export function bytesAsText(row: Row, column: string): string {
  const value = row[column]
  // Not a TextDecoder, which would take a leading U+FEFF away.
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8')
  throw new TypeError(`column ${column} holds ${typeof value} where bytes belong`)
}
