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
  #frames: string[] = []
  #bytes = 0

  constructor(limits: OutboxLimits) {
    this.#limits = limits
  }

  get bytes(): number {
    return this.#bytes
  }

  get isEmpty(): boolean {
    return this.#frames.length === 0
  }

  /** Takes a frame, or refuses it at the bound; then nothing was taken. */
  push(frame: string, bytes: number): boolean {
    const full = this.#bytes + bytes > this.#limits.maxBytes || this.#frames.length >= this.#limits.maxFrames
    if (full && !this.isEmpty) return false
    this.#frames.push(frame)
    this.#bytes += bytes
    return true
  }

  /**
   * What waits, in order, as one text of at most so many characters, 2 or more. Whole frames leave in one write; only what
   * is larger goes in parts, or a slow reader would look like a stalled one until it had taken all of it.
   */
  take(most: number): string {
    const text = this.#frames.length === 1 ? (this.#frames[0] ?? '') : this.#frames.join('')
    if (text.length <= most) {
      this.clear()
      return text
    }
    // Not within a pair of surrogates: each half alone would be written as U+FFFD.
    const part = text.slice(0, isHighSurrogate(text.charCodeAt(most - 1)) ? most - 1 : most)
    this.#frames = [text.slice(part.length)]
    this.#bytes -= utf8Length(part)
    return part
  }

  clear(): void {
    this.#frames = []
    this.#bytes = 0
  }
}
