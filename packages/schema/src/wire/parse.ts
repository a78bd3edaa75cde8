import { createParser } from 'eventsource-parser'
import { SseError } from '../errors.js'
import type { Message } from './message.js'

/** One message grew past the parser's bound. */
export class MessageTooLargeError extends SseError {
  readonly code = 'message_too_large'
  constructor(
    /** The bound, in characters. */
    readonly limit: number,
  ) {
    super(`a message exceeds ${limit} characters`)
  }
}

/**
 * Reads an event stream (WHATWG HTML §9.2.6): returns a function that takes the next chunk, however it was cut, and
 * returns the messages that it completes, in order. One such function reads one connection.
 *
 * A message is complete at its blank line, at once, even if that is a CR whose LF may still come. `retry` counts at its
 * own line (§9.2.6 "process the field"), so it is given as a message of its own; so is an id that no data follows.
 * What the stream's end leaves unfinished is never given, its id included.
 *
 * @param limit the most characters that one unfinished message may hold.
 * @throws MessageTooLargeError (the returned function) at the bound, and from then on; if whole messages came before the
 * large one in the same chunk they are returned, and the next call throws.
 */
export function createReader(limit: number): (chunk: Uint8Array) => readonly Message[] {
  const decoder = new TextDecoder()
  let messages: Message[] = []
  let tooLarge = false
  const give = (message: Message): void => {
    // Nothing after a message that was too large: the id of a later one would move the reader's position past it.
    if (!tooLarge) messages.push(message)
  }
  const parser = createParser({
    maxBufferSize: limit,
    onId: (id) => give({ id }),
    onEvent: (event) => {
      if (tooLarge) return
      // The parser tells an id just before the event that carries it; one that stays alone came without data.
      if (event.id !== undefined) messages.pop()
      // Its bound is for what it holds back; a message that came whole in one chunk never was.
      tooLarge = event.data.length > limit
      give(event)
    },
    onRetry: (retry) => give({ retry }),
    onError: ({ type }) => {
      // Unknown fields and bad retry values are ignored, as the specification asks.
      tooLarge ||= type === 'max-buffer-size-exceeded'
    },
  })
  // The decoder takes off the byte order mark (§9.2.6 "UTF-8 decode"). The parser would take off another one, or the text
  // "ï»¿", and both are data: a blank line ends its search before it begins.
  parser.feed('\n')
  return (chunk) => {
    messages = []
    if (!tooLarge) parser.feed(decoder.decode(chunk, { stream: true }))
    if (tooLarge && messages.length === 0) throw new MessageTooLargeError(limit)
    return messages
  }
}
