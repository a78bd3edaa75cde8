import { createChain, formatPosition, parsePosition } from '@sse/schema/wire'
import { ConnectionError } from './errors.js'
import type { Reading } from './session.js'

/** Where a reader is, over all connections, and what it had on its way there. */
export interface Cursor {
  /** The last event ID: from where the server is asked to go on. */
  lastEventId: string
  /**
   * What is to be handed over of a message of a server of ours, in order. Of an event that the reader had, nothing but its
   * position is left; an event before which another is missing for good comes after a gap.
   *
   * @throws ConnectionError where an event is missing. The cursor is then before that one, for the server may still have it.
   */
  check(reading: Reading): readonly Reading[]
}

/** @param name of the stream, for the words of an error. */
export function createCursor(name: string, lastEventId = ''): Cursor {
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
