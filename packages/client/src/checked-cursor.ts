import { createChain, formatPosition, parsePosition } from '@sse/schema/wire'
import type { Cursor } from './cursor.js'
import { ConnectionError } from './errors.js'

/**
 * The cursor that checks the links of a hub's stream, topic by topic: `subscribe(url, { cursor: checkedCursor })`. Of an event
 * that the reader had, nothing but its position is handed over; where an event is missing it connects anew, from before that
 * one, for the server may still have it; and an event before which another is missing for good comes after a gap.
 */
export function checkedCursor(name: string, lastEventId: string): Cursor {
  const chain = createChain(parsePosition(lastEventId))
  const cursor: Cursor = {
    lastEventId,
    check: (reading) => {
      const { position, id = '', control, event } = reading
      if (control?.type === 'sse.gap') chain.loosen()
      const told = parsePosition(control?.type === 'sse.live' ? control.position : id)
      if (told && event) {
        const { topic = '' } = event
        const topics = topic ? [topic] : []
        const link = chain.take(topic, told)
        if (link === 'seen') return [{ position }]
        if (link === 'gap') return [{ position: cursor.lastEventId, control: { type: 'sse.gap', topics, reason: 'trimmed' } }, reading]
        if (link === 'broken') {
          cursor.lastEventId = formatPosition(told.epoch, chain.good(topic))
          throw new ConnectionError(`${name} left out an event before ${id}`)
        }
      } else if (told) chain.verified(told)
      return [reading]
    },
  }
  return cursor
}
