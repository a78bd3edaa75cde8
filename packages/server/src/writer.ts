import type { Frame } from './frame.js'
import { Outbox, type OutboxLimits } from './outbox.js'
import type { Sink } from './sink.js'
import { Turn } from './turn.js'

/** In characters. A reader has `writeTimeout` for each write: the smaller they are, the slower it may be. */
const largestWrite = 65_536

/** What a writer needs of its stream. */
export interface WriterOwner {
  /** What comes before all else, asked for when the first write leaves. */
  greeting(): string
  /** Tells a reader that events of these topics were left out. */
  gap(topics: readonly string[]): string
  /** The reader took nothing for as long as the write deadline. */
  stalled(): void
}

/** Hands frames to a sink: all that waits when it is flushed in one write, and no more than it takes. */
export class Writer {
  readonly outbox: Outbox
  readonly #sink: Sink
  readonly #owner: WriterOwner
  /** In milliseconds. */
  readonly #deadline: number
  readonly #turn = new Turn()
  #timer: ReturnType<typeof setTimeout> | undefined
  /** Nothing has left yet. */
  #isSilent = true
  #isFull = false
  #isFlushing = false
  #isEnding = false
  #isClosed = false

  constructor(sink: Sink, limits: OutboxLimits, deadline: number, owner: WriterOwner) {
    this.#sink = sink
    this.#owner = owner
    this.#deadline = deadline
    this.outbox = new Outbox(limits, (topics) => owner.gap(topics))
  }

  get isSilent(): boolean {
    return this.#isSilent
  }

  /** Nothing waits, and the sink takes more. */
  get isIdle(): boolean {
    return this.outbox.isEmpty && !this.#isFull
  }

  /** False where the outbox is full. It leaves with the next flush. */
  push(frame: Frame): boolean {
    return this.outbox.push(frame)
  }

  /** After what runs now: all that is sent without awaiting it leaves in one write. */
  flushSoon(): void {
    if (this.#isFlushing || this.#isFull) return
    this.#isFlushing = true
    queueMicrotask(() => this.#flush())
  }

  /** Resolves true when the sink can take more, false when it is closed. */
  room(): Promise<boolean> {
    if (this.#isClosed) return Promise.resolve(false)
    // Also where nothing was written (half a character of raw text): what waits for room is told by the flush.
    this.flushSoon()
    return this.#turn.wait()
  }

  /** The sink can take more. */
  drained(): void {
    // A ReadableStream asks for more even while it takes something; answering that would end the stream twice.
    if (!this.#isFull) return
    this.#isFull = false
    clearTimeout(this.#timer)
    this.#flush()
  }

  /** Ends the sink after all that waits. */
  end(): void {
    this.#isEnding = true
    // The last write may have been flushed already; the end must follow it all the same.
    this.flushSoon()
  }

  /** Nothing more leaves; what waits is dropped. */
  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.outbox.clear()
    this.#turn.end(false)
  }

  #flush(): void {
    this.#isFlushing = false
    if (this.#isClosed || this.#isFull) return
    while (!this.outbox.isEmpty || this.#isSilent) {
      const more = this.#sink.write(this.#head() + this.outbox.take(largestWrite))
      // The reader may have left while this was written: no timer may outlive the stream.
      if (this.#isClosed) return
      if (!more) {
        this.#isFull = true
        this.#startDeadline()
        return
      }
    }
    this.#turn.end(true)
    if (!this.#isEnding) return
    // A reader that stalls now would hold the connection for ever: the heartbeat, which would find it, is over.
    this.#startDeadline()
    this.#sink.end()
  }

  #head(): string {
    if (!this.#isSilent) return ''
    this.#isSilent = false
    return this.#owner.greeting()
  }

  #startDeadline(): void {
    this.#timer = setTimeout(() => this.#owner.stalled(), this.#deadline)
  }
}
