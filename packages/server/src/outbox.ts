import { isHighSurrogate, utf8Length } from './utf8.js'

/** How much may wait for one reader. */
export interface OutboxLimits {
  /** UTF-8 bytes. Default 1,048,576. */
  readonly maxBytes: number
  /** Frames: events, comments, raw chunks. Default 10,000. */
  readonly maxFrames: number
}

export const defaultOutboxLimits: OutboxLimits = { maxBytes: 1_048_576, maxFrames: 10_000 }

/**
 * What a stream has accepted and its socket has not: bounded, so that a stalled reader costs at most this much. A frame
 * larger than the bound passes when nothing else waits, or it could never be sent at all.
 */
export class Outbox {
  readonly #limits: OutboxLimits
  /** Last in first out, so that a long queue is taken without being moved at each write. */
  #leaving: string[] = []
  #arrived: string[] = []
  /** In characters, of what arrived. */
  #length = 0
  #bytes = 0

  constructor(limits: OutboxLimits) {
    this.#limits = limits
  }

  get bytes(): number {
    return this.#bytes
  }

  get isEmpty(): boolean {
    return this.#frames === 0
  }

  /** Takes a frame, or refuses it at the bound; then nothing was taken. */
  push(frame: string, bytes: number): boolean {
    const full = this.#bytes + bytes > this.#limits.maxBytes || this.#frames >= this.#limits.maxFrames
    if (full && !this.isEmpty) return false
    this.#arrived.push(frame)
    this.#length += frame.length
    this.#bytes += bytes
    return true
  }

  /**
   * What waits, in order, as one text of at most so many characters, 2 or more. Whole frames leave in one write; only a
   * frame that is larger goes in parts, or a slow reader would look like a stalled one until it had taken all of it.
   */
  take(most: number): string {
    // Nearly always all of it fits, and nothing need be measured again.
    if (this.#leaving.length === 0 && this.#length <= most) {
      const all = this.#arrived.length === 1 ? (this.#arrived[0] ?? '') : this.#arrived.join('')
      this.clear()
      return all
    }
    let text = ''
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) {
      if (text.length + frame.length > most) return text === '' ? this.#part(frame, most) : text
      this.#leaving.pop()
      this.#bytes -= utf8Length(frame)
      text += frame
    }
    this.clear()
    return text
  }

  clear(): void {
    this.#leaving = []
    this.#arrived = []
    this.#length = 0
    this.#bytes = 0
  }

  get #frames(): number {
    return this.#leaving.length + this.#arrived.length
  }

  /** The frame that leaves next, which is the last of `leaving`. */
  #next(): string | undefined {
    if (this.#leaving.length === 0) {
      this.#leaving = this.#arrived.reverse()
      this.#arrived = []
      this.#length = 0
    }
    return this.#leaving.at(-1)
  }

  /** The beginning of the next frame; the rest of it stays. */
  #part(frame: string, most: number): string {
    // Not within a pair of surrogates: each half alone would be written as U+FFFD.
    const part = frame.slice(0, isHighSurrogate(frame.charCodeAt(most - 1)) ? most - 1 : most)
    this.#leaving[this.#leaving.length - 1] = frame.slice(part.length)
    this.#bytes -= utf8Length(part)
    return part
  }
}
