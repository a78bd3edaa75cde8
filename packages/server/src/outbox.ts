import type { Frame } from './frame.js'
import { isHighSurrogate, utf8Length } from './utf8.js'

/** How much may wait for one reader. */
export interface OutboxLimits {
  /** UTF-8 bytes. Default 1,048,576. One frame that is larger alone may wait beside them. */
  readonly maxBytes: number
  /** Frames: events, comments, raw chunks. Default 10,000. */
  readonly maxFrames: number
  /**
   * How long a frame may wait, in milliseconds. Default 120,000. Looked at when another one comes, and at each heartbeat, but
   * not in the midst of a frame that goes in parts: its reader would have to take all of it again.
   */
  readonly maxAge: number
}

export const defaultOutboxLimits: OutboxLimits = { maxBytes: 1_048_576, maxFrames: 10_000, maxAge: 120_000 }

/** In place of frames that were left out, of these topics. It leaves with the next frame, in one write. */
class Omission {
  readonly topics = new Set<string>()
}

/** How much of something waits. */
interface Load {
  frames: number
  /** Without those of a frame that is larger than the bound. */
  bytes: number
  /** Frames larger than the bound. */
  oversized: number
}

/**
 * What a stream has accepted and its socket has not: bounded, so that a stalled reader costs at most this much. A frame
 * larger than the bound would find room only where nothing waits, and leave none, so that it would cost even a fast reader
 * its connection: one such frame at a time waits beside the others, and does not count towards the bound in bytes.
 */
export class Outbox {
  readonly #limits: OutboxLimits
  readonly #gap: (topics: readonly string[]) => string
  /** What was left of a frame that went in parts, and the frame. */
  #rest = ''
  #restOf: Frame | undefined
  /** From `head` on; conflation leaves holes. */
  #queue: (Frame | Omission | undefined)[] = []
  #head = 0
  /** Where the frame with a key waits, in the queue. */
  readonly #keys = new Map<string, number>()
  readonly #load: Load = { frames: 0, bytes: 0, oversized: 0 }
  /** Of it, what may be left out. */
  readonly #slack: Load = { frames: 0, bytes: 0, oversized: 0 }
  /** All bytes that wait. */
  #bytes = 0
  /** No such frame waits before it in the queue. */
  #slackFrom = 0
  #conflated = 0
  #dropped = 0
  #gaps = 0

  /** @param gap what tells a reader that events of these topics were left out. */
  constructor(limits: OutboxLimits, gap: (topics: readonly string[]) => string) {
    this.#limits = limits
    this.#gap = gap
  }

  get bytes(): number {
    return this.#bytes
  }

  get frames(): number {
    return this.#load.frames
  }

  /** How many frames a newer one has replaced. */
  get conflated(): number {
    return this.#conflated
  }

  /** How many frames were left out, and told as a gap. */
  get dropped(): number {
    return this.#dropped
  }

  /** How many gaps stood for them. */
  get gaps(): number {
    return this.#gaps
  }

  get isEmpty(): boolean {
    return this.#load.frames === 0
  }

  /** Takes a frame, or refuses it at a bound; then nothing was taken. */
  push(frame: Frame): boolean {
    if (frame.overflow?.policy === 'conflate') this.#replace(frame.overflow.key)
    if (this.#isOver(frame) && !this.#makeRoom(frame)) return false
    if (frame.overflow?.policy === 'conflate') this.#keys.set(frame.overflow.key, this.#queue.length)
    if (frame.overflow?.policy === 'drop-oldest') this.#count(this.#slack, frame, 1)
    this.#queue.push(frame)
    this.#count(this.#load, frame, 1)
    this.#bytes += frame.bytes
    // Holes would add up behind a reader that takes nothing.
    if (this.#queue.length > 2 * this.frames + 64) this.#compact()
    return true
  }

  /** Whether something waits for longer than it may. */
  isStale(now: number): boolean {
    if (this.#rest !== '') return false
    const oldest = this.#oldest()
    return oldest !== undefined && oldest.at < now - this.#limits.maxAge
  }

  /**
   * What waits, in order, as one text of at most so many characters, 2 or more. Whole frames leave in one write; only a
   * frame that is larger goes in parts, or a slow reader would look like a stalled one until it had taken all of it.
   */
  take(most: number): string {
    let text = ''
    if (this.#restOf !== undefined) {
      if (this.#rest.length > most) return this.#part(this.#restOf, this.#rest, most)
      text = this.#rest
      this.#leave(this.#restOf, utf8Length(text))
      this.#rest = ''
      this.#restOf = undefined
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
        if (gap !== '') this.#gaps++
        if (length > most) {
          this.#head++
          return this.#part(next, gap + next.text, most, gap.length)
        }
        text += gap + next.text
        omitted.clear()
        before = this.#head + 1
        this.#leave(next)
      }
    }
    this.#queue = []
    this.#head = 0
    this.#slackFrom = 0
    if (omitted.size > 0) this.#gaps++
    return text + this.#gapOf(omitted)
  }

  clear(): void {
    this.#rest = ''
    this.#restOf = undefined
    this.#queue = []
    this.#head = 0
    this.#slackFrom = 0
    this.#keys.clear()
    for (const load of [this.#load, this.#slack]) Object.assign(load, { frames: 0, bytes: 0, oversized: 0 })
    this.#bytes = 0
  }

  #gapOf(omitted: ReadonlySet<string>): string {
    return omitted.size === 0 ? '' : this.#gap([...omitted])
  }

  /** @param bytes of it that still waited. */
  #leave(frame: Frame, bytes: number = frame.bytes): void {
    this.#count(this.#load, frame, -1, bytes)
    this.#bytes -= bytes
  }

  #count(load: Load, frame: Frame, one: 1 | -1, bytes: number = frame.bytes): void {
    load.frames += one
    if (this.#isOversized(frame)) load.oversized += one
    else load.bytes += one * bytes
  }

  #isOversized({ bytes }: Frame): boolean {
    return bytes > this.#limits.maxBytes
  }

  #isOver(frame: Frame): boolean {
    return !this.#fits(frame, this.#load) || this.isStale(frame.at)
  }

  /** Whether a frame finds room beside such a load. */
  #fits(frame: Frame, { frames, bytes, oversized }: Load): boolean {
    const { maxBytes, maxFrames } = this.#limits
    if (frames === 0) return true
    return frames < maxFrames && (this.#isOversized(frame) ? oversized === 0 : bytes + frame.bytes <= maxBytes)
  }

  /** Out from between, and in at the end, for in its old place it would come before what led to it. */
  #replace(key: string): void {
    const at = this.#keys.get(key)
    const older = at === undefined ? undefined : this.#queue[at]
    if (at === undefined || older === undefined || older instanceof Omission) return
    this.#queue[at] = undefined
    // The newer one may be refused: then its key must not lead to whatever comes to this place.
    this.#keys.delete(key)
    this.#leave(older)
    this.#conflated++
  }

  /** Leaves out the oldest that may be, until the frame fits. False: it does not fit, all the same. */
  #makeRoom(frame: Frame): boolean {
    const [load, slack] = [this.#load, this.#slack]
    const kept: Load = {
      frames: load.frames - slack.frames,
      bytes: load.bytes - slack.bytes,
      oversized: load.oversized - slack.oversized,
    }
    if (!this.#fits(frame, kept)) return false
    let at = Math.max(this.#head, this.#slackFrom)
    for (; slack.frames > 0 && this.#isOver(frame); at++) {
      const next = this.#queue[at]
      if (next === undefined || next instanceof Omission || next.overflow?.policy !== 'drop-oldest') continue
      const previous = at > this.#head ? this.#queue[at - 1] : undefined
      const omission = previous instanceof Omission ? previous : new Omission()
      omission.topics.add(next.overflow.topic)
      // One gap for all that is left out between two frames that stay.
      if (previous === omission) this.#queue[at - 1] = undefined
      this.#queue[at] = omission
      this.#leave(next)
      this.#yielded(next)
      this.#dropped++
    }
    this.#slackFrom = at
    return !this.#isOver(frame)
  }

  /** A frame that might have been left out, or replaced, is here no more. */
  #yielded(frame: Frame): void {
    const { overflow } = frame
    if (overflow?.policy === 'conflate') this.#keys.delete(overflow.key)
    if (overflow?.policy === 'drop-oldest') this.#count(this.#slack, frame, -1)
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

  /** The beginning of a frame's text; what is left of it stays. @param extra characters of it that were not counted as waiting. */
  #part(frame: Frame, text: string, most: number, extra = 0): string {
    // Not within a pair of surrogates: each half alone would be written as U+FFFD.
    const part = text.slice(0, isHighSurrogate(text.charCodeAt(most - 1)) ? most - 1 : most)
    this.#rest = text.slice(part.length)
    this.#restOf = frame
    const bytes = utf8Length(part) - utf8Length(text.slice(0, extra))
    this.#bytes -= bytes
    if (!this.#isOversized(frame)) this.#load.bytes -= bytes
    return part
  }
}
