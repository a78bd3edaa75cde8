/** The wire's `event:` field is `type`, or `topic#type` where a stream carries more than one topic. */
export function splitType(field: string): { readonly topic: string | undefined; readonly type: string } {
  const at = field.indexOf('#')
  return at < 0 ? { topic: undefined, type: field } : { topic: field.slice(0, at), type: field.slice(at + 1) }
}
