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

/** WHATWG HTML §9.2.5: a line ends with CRLF, LF or CR. */
const lineEnd = /\r\n?|\n/

/** The beginning of a line that counts; comments and other fields are ignored (§9.2.6). */
const known = /^(?:data|event|id|retry):/

/** So many characters tell whether a line counts. */
const telling = 6

const space = 0x20

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
  // Takes off the byte order mark, too (§9.2.6 "UTF-8 decode").
  const decoder = new TextDecoder()
  let messages: Message[] = []
  /** The line under way, in pieces: joined once, or a long line in small chunks would cost its length squared. */
  let pieces: string[] = []
  let held = 0
  let afterCr = false
  let tooLarge = false
  let id: string | undefined
  let event: string | undefined
  let data: string | undefined

  const measure = (characters: number): void => {
    tooLarge ||= (data?.length ?? 0) + characters > limit
  }

  const take = (line: string): void => {
    if (line === '') return dispatch()
    const colon = line.indexOf(':')
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(line.charCodeAt(colon + 1) === space ? colon + 2 : colon + 1)
    switch (field) {
      case 'data':
        measure(line.length)
        data = data === undefined ? value : `${data}\n${value}`
        return
      case 'event':
        event = value || undefined
        return measure(line.length)
      case 'id':
        if (!value.includes('\0')) id = value
        return measure(line.length)
      case 'retry':
        if (/^\d+$/.test(value)) give({ retry: Number(value) })
        return measure(line.length)
    }
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

  const consume = (text: string): void => {
    // Of a line that ended with a CR in the chunk before, this LF is the other half.
    const rest = afterCr && text.startsWith('\n') ? text.slice(1) : text
    afterCr = rest.endsWith('\r')
    const lines = rest.split(rest.includes('\r') ? lineEnd : '\n')
    const last = lines.pop() ?? ''
    for (const line of lines) {
      take(held > 0 ? pieces.join('') + line : line)
      pieces = []
      held = 0
    }
    pieces.push(last)
    held += last.length
    // What will be ignored is not held, so that a comment may be of any length.
    if (held >= telling && held - last.length < telling && !known.test(pieces.join(''))) {
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
