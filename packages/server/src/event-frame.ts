import { encode, FieldError } from '@sse/schema'
import { format, reservedPrefix } from '@sse/schema/wire'
import { eventOf } from './arguments.js'
import { EventTooLargeError } from './errors.js'
import type { Settings } from './options.js'
import { utf8Length } from './utf8.js'

/**
 * An event's wire text, within the limit.
 *
 * @throws what `send` rejects with for an event.
 */
export function eventFrame(event: unknown, { events, maxEventBytes }: Settings): string {
  const { type, data, id } = eventOf(event)
  if (id?.startsWith(reservedPrefix)) throw new FieldError('id', `begins with "${reservedPrefix}", which the protocol keeps for itself`)
  const frame = format({ ...encode(events, { type, data }), id })
  // A character is 3 bytes at most, so most frames need no counting.
  if (frame.length * 3 > maxEventBytes) {
    const bytes = utf8Length(frame)
    if (bytes > maxEventBytes) throw new EventTooLargeError(type, bytes, maxEventBytes)
  }
  return frame
}
