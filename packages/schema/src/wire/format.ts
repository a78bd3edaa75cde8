import { FieldError } from '../errors.js'
import type { Message } from './message.js'

const lineEnd = /\r\n|\r|\n/

/**
 * Writes one message in the event stream format (WHATWG HTML §9.2.5), its closing blank line included.
 *
 * Safe against injection by construction: ids and types with CR, LF or NUL are rejected, and data is split on every
 * line end that a reader knows (CRLF, CR, LF), so no value can begin a field of its own. A reader gets LF for each.
 * A `retry` of 0 is left out.
 *
 * @throws FieldError where a field cannot be written; nothing is repaired in silence.
 */
export function format(message: Message): string {
  let text = ''
  if (message.event !== undefined) text += `event: ${oneLine('event', message.event)}\n`
  if (message.data !== undefined) text += dataLines(message.data)
  if (message.id !== undefined) text += `id: ${oneLine('id', message.id)}\n`
  if (message.retry !== undefined) text += retryLine(message.retry)
  return text === '' ? '' : `${text}\n`
}

/** Writes a comment, one `:` line for each line of the text. Readers ignore it; proxies see life. */
export function formatComment(text: string): string {
  return `:${text.split(lineEnd).join('\n:')}\n\n`
}

function dataLines(data: string): string {
  // JSON holds no raw line end, so nearly every message takes the first way.
  if (!lineEnd.test(data)) return `data: ${data}\n`
  return data
    .split(lineEnd)
    .map((line) => `data: ${line}\n`)
    .join('')
}

function oneLine(field: 'id' | 'event', value: string): string {
  for (const [character, name] of forbidden) {
    if (value.includes(character)) throw new FieldError(field, `holds a ${name}, which no reader could take as part of it: remove it`)
  }
  return value
}

const forbidden = [
  ['\n', 'LF'],
  ['\r', 'CR'],
  ['\0', 'NUL'],
] as const

function retryLine(retry: number): string {
  if (!Number.isSafeInteger(retry) || retry < 0) throw new FieldError('retry', 'must be a whole number of milliseconds, 0 or more')
  return retry === 0 ? '' : `retry: ${retry}\n`
}
