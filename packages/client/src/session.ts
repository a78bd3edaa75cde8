import { type Control, type Message, type ReadyControl, readControl, reservedPrefix, splitType } from '@sse/schema/wire'
import type { UnknownEvent } from './options.js'

/** What a message turned out to be: control, an event, or neither (one that only moves the position, or is ignored). */
export interface Reading {
  /** Where the reader is once it is done with it. Undefined: where it was. Empty: at the beginning. */
  readonly position?: string | undefined
  readonly control?: Control | undefined
  /** Not decoded yet. */
  readonly event?: UnknownEvent | undefined
  /** Whether the server says that the event's data is verbatim text. */
  readonly isText?: boolean | undefined
}

/** What one connection has said about itself, and its messages are read by. */
export interface Session {
  /** True once it said anything. */
  begun?: boolean
  /** What its server promises; never there on another's. */
  ready?: ReadyControl
}

/** @param before where the reader is. */
export function readMessage(session: Session, message: Message, before: string): Reading {
  const { id, event: field = 'message', data } = message
  const reserved = field.startsWith(reservedPrefix)
  // Control counts only on a stream that begins with sse.ready; there, the protocol's types and ids are its own.
  const control = reserved && (session.ready || !session.begun) ? readControl(message, session.ready?.key) : undefined
  session.begun ||= data !== undefined
  if (control?.type === 'sse.ready') session.ready = control
  const { ready } = session
  // What carries no key is ignored. One of the protocol's own is no position: whoever kept `sse.end` to begin there again would be answered for ever that
  // all is over.
  const position = ready && ((reserved && !control) || id?.startsWith(reservedPrefix)) ? undefined : id
  if (control || data === undefined || (ready && reserved)) return { position, control }
  // Another's server may use `#` as it likes.
  const { type, topic } = ready ? splitType(field) : { type: field, topic: undefined }
  return { position, event: { type, data, id: position ?? before, topic }, isText: ready?.text.includes(type) }
}
