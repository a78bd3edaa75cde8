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
  /** A connection begins where the reader is; without a position at whatever comes first. */
  begin(start: Position | undefined): void
  /** Judges an event of a topic, and remembers it unless its chain is broken. */
  take(topic: string, position: Position): Link
  /** The server says that it has sent all events from the connection's beginning up to here. */
  verified(position: Position): void
  /**
   * Events are known to be missing: until the next `verified`, links into the unknown are no news. After a reset nothing that
   * was had counts any more, for the reader may have begun at what lies in the future of the same epoch.
   */
  gap(reason: GapReason): void
  /** Where to resume when the chain of a topic is broken: its last event, or what a server vouched for before what is missing. */
  good(topic: string): number
}

/** Everything above `from`, up to `to`, was sent: by the word of one server. */
interface Range {
  from: number
  to: number
}

/** Topics and connections that are remembered for the sake of what may have been lost before. Beyond it the server is trusted. */
const mostRemembered = 10_000

/** @param start where the reader begins; without it, its first events link to what it never had. */
export function createChain(start?: Position): Chain {
  let epoch = start?.epoch
  /**
   * In order, without overlap; what lies between two was sent by a server whose connection ended before it vouched for it,
   * and the next one knows only where the reader said it was.
   */
  let ranges: Range[] = []
  /** That of the connection of now. */
  let current: Range
  /** Whether it is known where the reader, or the server, began in this epoch. */
  let vouched = start !== undefined
  /** Whether events are known to be missing. A reader that begins at nothing enters its first epoch so. */
  let loose = false
  /** The event that broke a chain last, and what it links to. */
  let broken = 0
  let missing = Number.POSITIVE_INFINITY
  const last = new Map<string, number>()

  const beginAt = (to: number): Range => {
    broken = 0
    last.clear()
    current = { from: 0, to }
    ranges = [current]
    return current
  }
  current = beginAt(start?.at ?? 0)

  /** Another epoch's positions say nothing about this one's. */
  const enter = (position: Position): void => {
    if (position.epoch === epoch) return
    epoch = position.epoch
    beginAt(0)
    vouched = false
    loose = true
  }

  const isSent = (at: number): boolean => at === 0 || ranges.some(({ from, to }) => from < at && at <= to)

  return {
    begin: (position) => {
      if (position === undefined) return
      enter(position)
      const { at } = position
      // Of an epoch that the reader was taken into, what links say is no news before a server has vouched for something.
      if (!vouched) current.to = at
      const known = ranges.find(({ from, to }) => from <= at && at <= to)
      current = known ?? { from: at, to: at }
      if (known === undefined) ranges = [...ranges, current].sort((one, other) => one.from - other.from)
    },
    good: (topic) => Math.max(last.get(topic) ?? 0, ...ranges.map(({ to }) => (to < missing ? to : 0))),
    take: (topic, position) => {
      enter(position)
      const { at, previous = 0 } = position
      const had = last.get(topic) ?? 0
      if (at <= had || isSent(at)) return 'seen'
      const linked = loose || previous <= had || isSent(previous)
      if (!linked && broken !== at) {
        broken = at
        missing = previous
        return 'broken'
      }
      missing = Number.POSITIVE_INFINITY
      last.set(topic, at)
      return linked ? 'next' : 'gap'
    },
    verified: (position) => {
      enter(position)
      vouched = true
      loose = false
      // A server that takes a reader back tells an earlier position: what it had since then, it still had.
      current.to = Math.max(current.to, position.at)
      const apart = ranges.filter((range) => range !== current && (range.from > current.to || range.to < current.from))
      for (const { from, to } of ranges) {
        if (from > current.to || to < current.from) continue
        current.from = Math.min(current.from, from)
        current.to = Math.max(current.to, to)
      }
      ranges = [...apart, current].sort((one, other) => one.from - other.from)
      const { to: complete = 0 } = ranges[0] ?? {}
      // Above it, what a topic had is also what it need not be sent again when something else is.
      for (const [topic, at] of last) if (at <= complete) last.delete(topic)
      if (last.size + ranges.length > mostRemembered) beginAt(Math.max(...ranges.map(({ to }) => to)))
    },
    gap: (reason) => {
      if (reason === 'reset') {
        beginAt(0)
        vouched = false
      }
      loose = true
    },
  }
}
