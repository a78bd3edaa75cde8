import { SseError } from '../errors.js'
import type { Message } from './message.js'

/** One message grew past the reader's bound. */
export class MessageTooLargeError extends SseError {
  readonly code = 'message_too_large'
  constructor(
    /** The bound, in characters. */
    readonly limit: number,
  ) {
    super(`a message exceeds ${limit} characters`)
  }
}

/** The fields that count, in the order of how often they are met; comments and other fields are ignored (§9.2.6). */
const fields = ['data', 'id', 'event', 'retry'] as const

/** So many characters tell whether a line counts. */
const telling = 6

/** The field of a line, if it counts: its name goes up to a colon, or is all of the line. */
function fieldOf(line: string): (typeof fields)[number] | undefined {
  for (const field of fields) {
    if (line.startsWith(field) && (line[field.length] ?? ':') === ':') return field
  }
  return undefined
}

/**
 * Reads an event stream (WHATWG HTML §9.2.6): returns a function that takes the next chunk, however it was cut, and
 * returns the messages that it completes, in order. One such function reads one connection.
 *
 * A message is complete at its blank line, at once, even if that is a CR whose LF may still come. `retry` counts at its
 * own line (§9.2.6 "process the field"), so it is given as a message of its own; so is an id that no data follows.
 * What the stream's end leaves unfinished is never given, its id included.
 *
 * @param limit the most characters that one message's data and its line under way may hold.
 * @throws MessageTooLargeError (the returned function) at the bound, and from then on; if whole messages came before the
 * large one in the same chunk they are returned, and the next call throws.
 */
export function createReader(limit: number): (chunk: Uint8Array) => readonly Message[] {
  // Decoders find a byte order mark that is cut in two in different ways, so the mark is left for us to take off.
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  let messages: Message[] = []
  /** The line under way, in pieces: joined once, or a long line in small chunks would cost its length squared. */
  let pieces: string[] = []
  let held = 0
  /** What the next character may be without counting: the stream's byte order mark, or the LF of a CRLF that was cut in two. */
  let skipped = '\uFEFF'
  let tooLarge = false
  let id: string | undefined
  let event: string | undefined
  let data: string | undefined

  const measure = (characters: number): void => {
    tooLarge ||= (data?.length ?? 0) + characters > limit
  }

  const take = (line: string): void => {
    const field = fieldOf(line)
    if (field === undefined) return
    measure(line.length)
    const after = field.length + 1
    const value = line.slice(line[after] === ' ' ? after + 1 : after)
    if (field === 'data') data = data === undefined ? value : `${data}\n${value}`
    else if (field === 'event') event = value || undefined
    else if (field === 'id') id = value.includes('\0') ? id : value
    else if (/^\d+$/.test(value)) give({ retry: Number(value) })
  }

  const dispatch = (): void => {
    if (data !== undefined) give({ id, event, data })
    else if (id !== undefined) give({ id })
    id = event = data = undefined
  }

  // Nothing after a message that was too large: the id of a later one would move the reader's position past it.
  const give = (message: Message): void => {
    if (!tooLarge) messages.push(message)
  }

  const consume = (chunk: string): void => {
    let start = chunk[0] === skipped ? 1 : 0
    skipped = chunk.endsWith('\r') ? '\n' : ''
    // WHATWG HTML §9.2.5: a line ends with CRLF, LF or CR. Most streams hold no CR, so that their text stays as it is.
    const text = chunk.includes('\r') ? chunk.replace(/\r\n?/g, '\n') : chunk
    for (let end = text.indexOf('\n', start); end >= 0; end = text.indexOf('\n', start)) {
      const line = text.slice(start, end)
      start = end + 1
      if (held > 0) {
        take(pieces.join('') + line)
        pieces = []
        held = 0
      } else if (line === '') dispatch()
      else take(line)
    }
    const last = text.slice(start)
    pieces.push(last)
    held += last.length
    // What will be ignored is not held, so that a comment may be of any length.
    if (held >= telling && held - last.length < telling && !fieldOf(pieces.join(''))) {
      pieces = [':']
      held = 1
    }
    measure(held)
  }

  return (chunk) => {
    messages = []
    const text = decoder.decode(chunk, { stream: true })
    if (text !== '' && !tooLarge) consume(text)
    if (tooLarge && messages.length === 0) throw new MessageTooLargeError(limit)
    return messages
  }
}
