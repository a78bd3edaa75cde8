/** A backplane does not do what the interface promises. */
export class ConformanceError extends Error {
  override readonly name = 'ConformanceError'
}

/** Compares by value, as JSON. */
export function expectEqual(actual: unknown, expected: unknown, what: string): void {
  const [came, wanted] = [shown(actual), shown(expected)]
  if (came !== wanted) throw new ConformanceError(`${what}: expected ${wanted}, and ${came} came`)
}

export function expectTrue(holds: boolean, what: string): void {
  if (!holds) throw new ConformanceError(`expected that ${what}`)
}

/** @param code of the error that is expected. */
export async function expectRejection(promise: Promise<unknown>, code: string | undefined, what: string): Promise<void> {
  let reason: unknown
  try {
    const value = await promise
    reason = `nothing, but the result ${shown(value)}`
  } catch (error) {
    if (code === undefined || (error instanceof Error && 'code' in error && error.code === code)) return
    reason = error
  }
  throw new ConformanceError(`${what}: expected a rejection${code === undefined ? '' : ` with code ${code}`}, and ${String(reason)} came`)
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'undefined'
  return text.length > 1_000 ? `${text.slice(0, 1_000)}… (${text.length} characters)` : text
}
