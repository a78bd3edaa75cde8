import { decode } from '../decode.js'
import { encode } from '../encode.js'
import type { AnyEvents } from '../events.js'
import { format } from '../wire/format.js'
import { read } from './read.js'

/** What arrives of an event that went the whole way: encoded, written, read as bytes, decoded. */
export function roundTrip(events: AnyEvents, event: { readonly type: string; readonly data: unknown }): unknown {
  const messages = read(format(encode(events, event)))
  const [message] = messages
  if (message?.event === undefined || message.data === undefined || messages.length !== 1) {
    throw new Error(`an event became ${JSON.stringify(messages)}`)
  }
  return { type: message.event, data: decode(events, message.event, message.data) }
}
