import { FieldError } from '@sse/schema'
import { ArgumentError } from './errors.js'

// The compiler checks what typed code hands over. These are for code without types and for values that only claim theirs:
// an engine's own TypeError would name a line of ours, not the culprit.

/** @throws ArgumentError for what is no event, FieldError for an id that is no string. */
export function eventOf(
  event: unknown,
  takes = '{ type, data, id? }',
): { readonly type: string; readonly data: unknown; readonly id: string | undefined } {
  if (typeof event !== 'object' || event === null) throw new ArgumentError('event', `is ${kindOf(event)}: it takes ${takes}`)
  const type: unknown = 'type' in event ? event.type : undefined
  const id: unknown = 'id' in event ? event.id : undefined
  if (typeof type !== 'string') throw new ArgumentError('event.type', `is ${kindOf(type)}: it takes a string`)
  if (id !== undefined && typeof id !== 'string') {
    throw new FieldError('id', `is ${kindOf(id)}: pass a string, as String(id) makes of a number, or leave it out`)
  }
  return { type, data: 'data' in event ? event.data : undefined, id }
}

/** @throws ArgumentError */
export function checkMap(map: unknown): void {
  if (map !== undefined && typeof map !== 'function')
    throw new ArgumentError('map', `is ${kindOf(map)}: it takes a function, or leave it out`)
}

/** @throws ArgumentError */
export function checkComment(text: unknown): string {
  if (typeof text !== 'string') throw new ArgumentError('text', `is ${kindOf(text)}: a comment takes a string, as String(text) makes one`)
  return text
}

/** @throws ArgumentError */
export function checkChunk(chunk: unknown): void {
  if (typeof chunk !== 'string' && !ArrayBuffer.isView(chunk)) {
    throw new ArgumentError('chunk', `is ${kindOf(chunk)}: writeRaw takes a string or a Uint8Array`)
  }
}

/** What an option or an argument of the application's own code is: short values as they are written. */
export function told(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : kindOf(value)
}

/** What a value is, in words, and never the value: it may be secret. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
