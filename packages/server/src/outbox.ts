import type { Frame } from './frame.js'
import { isHighSurrogate, utf8Length } from './utf8.js'

/** How much may wait for one reader. */
export interface OutboxLimits {
  /** UTF-8 bytes. Default 1,048,576. */
  readonly maxBytes: number
  /** Frames: events, comments, raw chunks. Default 10,000. */
  readonly maxFrames: number
  /** How long a frame may wait, in milliseconds. Default 120,000. Looked at when another one comes, and at each heartbeat. */
  readonly maxAge: number
}

export const defaultOutboxLimits: OutboxLimits = { maxBytes: 1_048_576, maxFrames: 10_000, maxAge: 120_000 }

/** In place of frames that were left out, of these topics. It leaves with the next frame, in one write. */
class Omission {
  readonly topics = new Set<string>()
}

/**
 * What a stream has accepted and its socket has not: bounded, so that a stalled reader costs at most this much. A frame
 * larger than the bound passes when nothing else waits, or it could never be sent at all.
 */
export class Outbox {
  readonly #limits: OutboxLimits
  readonly #gap: (topics: readonly string[]) => string
  /** What was left of a frame that went in parts. */
  #rest = ''
  /** From `head` on; conflation leaves holes. */
  #queue: (Frame | Omission | undefined)[] = []
  #head = 0
  /** Where the frame with a key waits, in the queue. */
  readonly #keys = new Map<string, number>()
  #frames = 0
  #bytes = 0
  /** Of them, what may be left out. */
  #slackFrames = 0
  #slackBytes = 0
  /** No such frame waits before it in the queue. */
  #slackFrom = 0
  #conflated = 0
  #dropped = 0

  /** @param gap what tells a reader that events of these topics were left out. */
  constructor(limits: OutboxLimits, gap: (topics: readonly string[]) => string) {
    this.#limits = limits
    this.#gap = gap
  }

  get bytes(): number {
    return this.#bytes
  }

  get frames(): number {
    return this.#frames
  }

  /** How many frames a newer one has replaced. */
  get conflated(): number {
    return this.#conflated
  }

  /** How many frames were left out, and told as a gap. */
  get dropped(): number {
    return this.#dropped
  }

  get isEmpty(): boolean {
    return this.#frames === 0
  }

  /** Takes a frame, or refuses it at a bound; then nothing was taken. */
  push(frame: Frame): boolean {
    if (frame.overflow?.policy === 'conflate') this.#replace(frame.overflow.key)
    if (!this.isEmpty && this.#isOver(frame.bytes, frame.at) && !this.#makeRoom(frame)) return false
    if (frame.overflow?.policy === 'conflate') this.#keys.set(frame.overflow.key, this.#queue.length)
    if (frame.overflow?.policy === 'drop-oldest') {
      this.#slackFrames++
      this.#slackBytes += frame.bytes
    }
    this.#queue.push(frame)
    this.#frames++
    this.#bytes += frame.bytes
    // Holes would add up behind a reader that takes nothing.
    if (this.#queue.length > 2 * this.#frames + 64) this.#compact()
    return true
  }

  /** Whether something waits for longer than it may. */
  isStale(now: number): boolean {
    const oldest = this.#oldest()
    return oldest !== undefined && oldest.at < now - this.#limits.maxAge
  }

  /**
   * What waits, in order, as one text of at most so many characters, 2 or more. Whole frames leave in one write; only a
   * frame that is larger goes in parts, or a slow reader would look like a stalled one until it had taken all of it.
   */
  take(most: number): string {
    let text = ''
    if (this.#rest !== '') {
      if (this.#rest.length > most) return this.#part(this.#rest, most)
      text = this.#rest
      this.#leave(utf8Length(text))
      this.#rest = ''
    }
    /** What was left out before the next frame. Holes may stand in between: it is one gap all the same. */
    const omitted = new Set<string>()
    /** Where its omissions begin. */
    let before = this.#head
    for (; this.#head < this.#queue.length; this.#head++) {
      const next = this.#queue[this.#head]
      if (next instanceof Omission) {
        for (const topic of next.topics) omitted.add(topic)
      } else if (next !== undefined) {
        const gap = this.#gapOf(omitted)
        const length = gap.length + next.text.length
        if (text !== '' && text.length + length > most) {
          // The gap goes directly before what it precedes.
          this.#head = before
          return text
        }
        this.#queue[this.#head] = undefined
        if (next.overflow !== undefined) this.#yielded(next)
        if (length > most) {
          this.#head++
          return this.#part(gap + next.text, most, gap.length)
        }
        text += gap + next.text
        omitted.clear()
        before = this.#head + 1
        this.#leave(next.bytes)
      }
    }
    this.#queue = []
    this.#head = 0
    this.#slackFrom = 0
    return text + this.#gapOf(omitted)
  }

  clear(): void {
    this.#rest = ''
    this.#queue = []
    this.#head = 0
    this.#slackFrom = 0
    this.#keys.clear()
    this.#frames = 0
    this.#bytes = 0
    this.#slackFrames = 0
    this.#slackBytes = 0
  }

  #gapOf(omitted: ReadonlySet<string>): string {
    return omitted.size === 0 ? '' : this.#gap([...omitted])
  }

  #leave(bytes: number): void {
    this.#frames--
    this.#bytes -= bytes
  }

  #isOver(bytes: number, now: number): boolean {
    const { maxBytes, maxFrames } = this.#limits
    return this.#bytes + bytes > maxBytes || this.#frames >= maxFrames || this.isStale(now)
  }

  /** Out from between, and in at the end, for in its old place it would come before what led to it. */
  #replace(key: string): void {
    const at = this.#keys.get(key)
    const older = at === undefined ? undefined : this.#queue[at]
    if (at === undefined || older === undefined || older instanceof Omission) return
    this.#queue[at] = undefined
    // The newer one may be refused: then its key must not lead to whatever comes to this place.
    this.#keys.delete(key)
    this.#leave(older.bytes)
    this.#conflated++
  }

  /** Leaves out the oldest that may be, until the frame fits. False: it does not fit, all the same. */
  #makeRoom(frame: Frame): boolean {
    const { maxBytes, maxFrames } = this.#limits
    const frames = this.#frames - this.#slackFrames
    if (frames > 0 && (frames >= maxFrames || this.#bytes - this.#slackBytes + frame.bytes > maxBytes)) return false
    let at = Math.max(this.#head, this.#slackFrom)
    for (; this.#slackFrames > 0 && this.#isOver(frame.bytes, frame.at); at++) {
      const next = this.#queue[at]
      if (next === undefined || next instanceof Omission || next.overflow?.policy !== 'drop-oldest') continue
      const previous = at > this.#head ? this.#queue[at - 1] : undefined
      const omission = previous instanceof Omission ? previous : new Omission()
      omission.topics.add(next.overflow.topic)
      // One gap for all that is left out between two frames that stay.
      if (previous === omission) this.#queue[at - 1] = undefined
      this.#queue[at] = omission
      this.#leave(next.bytes)
      this.#yielded(next)
      this.#dropped++
    }
    this.#slackFrom = at
    return this.#frames === 0 || !this.#isOver(frame.bytes, frame.at)
  }

  /** A frame that might have been left out, or replaced, is here no more. */
  #yielded({ overflow, bytes }: Frame): void {
    if (overflow?.policy === 'conflate') this.#keys.delete(overflow.key)
    if (overflow?.policy !== 'drop-oldest') return
    this.#slackFrames--
    this.#slackBytes -= bytes
  }

  #compact(): void {
    const queue: (Frame | Omission)[] = []
    for (const next of this.#queue.slice(this.#head)) {
      const last = queue.at(-1)
      // Omissions that only holes kept apart would add up, too.
      if (next instanceof Omission && last instanceof Omission) for (const topic of next.topics) last.topics.add(topic)
      else if (next !== undefined) queue.push(next)
    }
    this.#queue = queue
    this.#head = 0
    this.#slackFrom = 0
    this.#keys.clear()
    this.#queue.forEach((next, at) => {
      if (!(next instanceof Omission) && next?.overflow?.policy === 'conflate') this.#keys.set(next.overflow.key, at)
    })
  }

  #oldest(): Frame | undefined {
    // Holes that were passed once are not passed again at each push.
    while (this.#head < this.#queue.length && this.#queue[this.#head] === undefined) this.#head++
    for (let at = this.#head; at < this.#queue.length; at++) {
      const next = this.#queue[at]
      if (next !== undefined && !(next instanceof Omission)) return next
    }
    return undefined
  }

  /** The beginning of a text; what is left of it stays. @param extra characters of it that were not counted as waiting. */
  #part(text: string, most: number, extra = 0): string {
    // Not within a pair of surrogates: each half alone would be written as U+FFFD.
    const part = text.slice(0, isHighSurrogate(text.charCodeAt(most - 1)) ? most - 1 : most)
    this.#rest = text.slice(part.length)
    this.#bytes -= utf8Length(part) - utf8Length(text.slice(0, extra))
    return part
  }
}
