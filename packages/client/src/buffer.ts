import { OptionError } from './errors.js'
import type { Feed } from './feed.js'
import type { Reading } from './session.js'

/** What may wait for those who listen, and what happens when it is full. */
export interface BufferOptions {
  /** How many messages, the one that is being handled included. */
  readonly events: number
  /**
   * - `wait`, the default: nothing more is read; the socket fills, and the server has to deal with it. Nothing is lost here.
   * - `disconnect`: the connection is closed until all that waits is done; then it resumes. What the server no longer has by
   *   then is told as a gap.
   * - `drop-oldest`: the oldest events that wait are left out, and a gap, `overflow`, in their place says so.
   */
  readonly overflow?: 'wait' | 'disconnect' | 'drop-oldest' | undefined
}

/** Messages on their way to those who listen, in order. */
export interface Queue {
  /** A promise for as long as it can take no more. */
  take(reading: Reading): Promise<unknown> | undefined
  /** Somebody began to listen. */
  resume(): void
  /** Drops what waits. */
  clear(): void
}

/** Whom a queue serves. */
export interface Queued extends Pick<Feed, 'hold'> {
  /** Whether somebody listens: what nobody would hear waits. */
  isListened(): boolean
  /** Hands one over; a promise for as long as somebody is busy with it, which never rejects. */
  handle(reading: Reading): Promise<unknown> | undefined
}

/** Makes the queue of a subscription. */
export type Buffer = (queued: Queued) => Queue

/** What waits; or a gap in the place of what no longer does, of these topics. */
type Waiting = Reading & { readonly omitted?: ReadonlySet<string> }

/**
 * The `buffer` option of a subscription that may read ahead of those who listen: `buffered({ events: 100 })`.
 *
 * @throws OptionError for a bound that is no whole number above 0.
 */
export function buffered({ events: limit, overflow }: BufferOptions): Buffer {
  if (!Number.isSafeInteger(limit) || limit < 1) throw new OptionError(`buffered: events is ${limit}: give a whole number above 0`)
  return ({ hold, isListened, handle }) => {
    let waiting: Waiting[] = []
    let isBusy = false
    /** Whoever waits for room; or, where it is away, until all is done. */
    let room: Promise<void> | undefined
    let makeRoom = (): void => {}
    let isAway = false

    const isFull = (): boolean => waiting.length + Number(isBusy) > limit

    const resume = (): void => {
      while (!isBusy && isListened()) {
        const next = waiting.shift()
        if (!next) break
        const busy = handle(next)
        isBusy = !!busy
        void busy?.then(() => {
          isBusy = false
          resume()
        })
      }
      if (isAway ? waiting.length || isBusy : isFull()) return
      makeRoom()
      room = undefined
      isAway = false
    }

    /** Leaves out the oldest event, and says so in its place, directly before what comes next. False if no event waits. */
    const drop = (): boolean => {
      const at = waiting.findIndex(({ event }) => event)
      if (at < 0) return false
      const { omitted } = waiting[at - 1] ?? {}
      const topics = new Set(omitted)
      const topic = waiting[at]?.event?.topic
      if (topic !== undefined) topics.add(topic)
      const control = { type: 'sse.gap', topics: [...topics], reason: 'overflow' } as const
      // One for all: told for each, they would fill the queue themselves.
      waiting.splice(omitted ? at - 1 : at, omitted ? 2 : 1, { control, omitted: topics })
      return true
    }

    return {
      take: (reading) => {
        waiting.push(reading)
        resume()
        if (!isFull()) return undefined
        if (overflow === 'drop-oldest' && drop()) return undefined
        room ??= new Promise((resolve) => {
          makeRoom = resolve
        })
        if (overflow === 'disconnect' && !isAway) isAway = hold('behind', room)
        return isAway ? undefined : room
      },
      resume,
      clear: () => {
        waiting = []
        makeRoom()
      },
    }
  }
}
