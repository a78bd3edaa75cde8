/** Whether a value can be a method or a header's name (RFC 9110 §5.6.2). */
export function isToken(value: unknown): value is string {
  return typeof value === 'string' && /^[\w!#$%&'*+.^`|~-]+$/.test(value)
}
