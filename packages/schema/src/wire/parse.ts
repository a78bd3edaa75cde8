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
    super(`a message is larger than ${limit} characters: raise the reader's limit, or send less at once`)
  }
}

/**
 * Reads an event stream (WHATWG HTML §9.2.6): returns a function that takes the next chunk, however it was cut, and gives
 * each message it completes to `onMessage`, in order. One such function reads one connection.
 *
 * A message is complete at its blank line, at once, even if that is a CR whose LF may still come. `retry` counts at its
 * own line (§9.2.6 "process the field"), so it is given as a message of its own; so is an id that no data follows.
 * What the stream's end leaves unfinished is never given, its id included.
 *
 * @param limit the most characters that one unfinished message may hold; at the bound the reader throws.
 * @throws MessageTooLargeError (the returned function) after the messages before the large one were given, and from then on.
 */
export function createReader(onMessage: (message: Message) => void, limit: number): (chunk: Uint8Array) => void {
  const decoder = new TextDecoder()
  let tooLarge = false
  let idOnly: string | undefined
  const parser = createParser({
    maxBufferSize: limit,
    onId: (id) => {
      flushId()
      idOnly = id
    },
    onEvent: (event) => {
      if (event.id === undefined) flushId()
      idOnly = undefined
      // The parser's own bound is for what it holds back; a message that came whole in one chunk never was.
      if (event.data.length > limit) tooLarge = true
      give(event)
    },
    onRetry: (retry) => {
      flushId()
      give({ retry })
    },
    onError: (error) => {
      // Unknown fields and bad retry values are ignored, as the specification asks.
      if (error.type !== 'max-buffer-size-exceeded') return
      flushId()
      tooLarge = true
    },
  })
  // The parser tells an id just before the event that carries it; one that stays alone came without data.
  function flushId(): void {
    if (idOnly === undefined) return
    give({ id: idOnly })
    idOnly = undefined
  }
  // Nothing after a message that was too large: the id of a later one would move the reader's position past it.
  function give(message: Message): void {
    if (!tooLarge) onMessage(message)
  }
  // The decoder takes off the byte order mark (§9.2.6 "UTF-8 decode"). The parser would take off another one, or the text
  // "ï»¿", and both are data: a blank line ends its search before it begins.
  parser.feed('\n')
  return (chunk) => {
    if (!tooLarge) parser.feed(decoder.decode(chunk, { stream: true }))
    flushId()
    if (tooLarge) throw new MessageTooLargeError(limit)
  }
}
