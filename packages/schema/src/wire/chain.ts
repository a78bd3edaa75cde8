import type { GapReason } from './control.js'
import type { Position } from './position.js'

/**
 * What an event's position says to a reader: it is the topic's next event; it is one that the reader had; one before it is
 * missing; or that one is still missing where the reader came to it again, so that it is not to be had.
 */
export type Link = 'next' | 'seen' | 'broken' | 'gap'

/**
 * A reader's memory of what it had, topic by topic. Each event names the event of its topic that came before, so a reader
 * notices what was lost on the way, even where the server did not.
 */
export interface Chain {
  /** Judges an event of a topic, and remembers it unless its chain is broken. */
  take(topic: string, position: Position): Link
  /** The server says that it has sent all events up to here: what is kept of earlier ones is not needed any more. */
  verified(position: Position): void
  /**
   * Events are known to be missing: until the next `verified`, links into the unknown are no news. After a reset nothing that
   * was had counts any more, for the reader may have begun at what lies in the future of the same epoch.
   */
  gap(reason: GapReason): void
  /** The last position up to which nothing of the topic is missing: where to resume when its chain is broken. */
  good(topic: string): number
}

/** @param start where the reader begins; without it, its first events link to what it never had. */
export function createChain(start?: Position): Chain {
  let epoch = start?.epoch
  /** Up to here the reader has everything. */
  let complete = start?.at ?? 0
  /** Whether events are known to be missing. A reader that begins at nothing enters its first epoch so. */
  let loose = false
  /** Where a chain was broken last. */
  let broken = 0
  const last = new Map<string, number>()

  const forget = (): void => {
    complete = broken = 0
    last.clear()
  }

  /** Another epoch's positions say nothing about this one's. */
  const enter = (position: Position): void => {
    if (position.epoch === epoch) return
    epoch = position.epoch
    forget()
    loose = true
  }

  const good = (topic: string): number => Math.max(last.get(topic) ?? 0, complete)

  return {
    good,
    take: (topic, position) => {
      enter(position)
      const { at, previous = 0 } = position
      const had = good(topic)
      if (at <= had) return 'seen'
      const linked = loose || previous <= had
      if (!linked && broken !== at) {
        broken = at
        return 'broken'
      }
      last.set(topic, at)
      return linked ? 'next' : 'gap'
    },
    verified: (position) => {
      enter(position)
      loose = false
      // A server that takes a reader back tells an earlier position: what it had since then, it still had.
      complete = Math.max(complete, position.at)
      for (const [topic, at] of last) if (at <= complete) last.delete(topic)
    },
    gap: (reason) => {
      if (reason === 'reset') forget()
      loose = true
    },
  }
}
