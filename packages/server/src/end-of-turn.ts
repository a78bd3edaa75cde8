import { breath } from './breath.js'
import type { EventStream } from './event-stream.js'

/**
 * Streams that were relayed something in this turn of the event loop: at its end each gets all of it in one write, however
 * often its publishers awaited in between.
 */
export class EndOfTurn {
  #due = new Set<EventStream<object>>()

  add(stream: EventStream<object>): void {
    this.#due.add(stream)
    if (this.#due.size === 1) void breath().then(() => this.#flush())
  }

  #flush(): void {
    const due = this.#due
    this.#due = new Set()
    for (const stream of due) stream.flush()
  }
}
