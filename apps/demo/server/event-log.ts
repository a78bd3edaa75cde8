/** One entry: its number counts from 1 and is never given twice. */
export interface Entry<T> {
  readonly n: number
  readonly value: T
}

/**
 * An ordered log of events that any number of readers follow from any point: the memory behind resuming. With a limit it
 * is a ring, which forgets its oldest entries.
 */
export class EventLog<T> {
  readonly #limit: number
  readonly #entries: Entry<T>[] = []
  readonly #waiting = new Set<() => void>()
  #last = 0
  #ended = false

  constructor(limit: number = Number.POSITIVE_INFINITY) {
    this.#limit = limit
  }

  /** The number of the newest entry; 0 before the first. */
  get last(): number {
    return this.#last
  }

  /** The number of the oldest entry that is still there; `last + 1` if there is none. */
  get first(): number {
    return this.#last - this.#entries.length + 1
  }

  get ended(): boolean {
    return this.#ended
  }

  append(value: T): void {
    this.#last += 1
    this.#entries.push({ n: this.#last, value })
    if (this.#entries.length > this.#limit) this.#entries.shift()
    this.#wake()
  }

  /** Nothing more comes: followers finish once they have read everything. */
  end(): void {
    this.#ended = true
    this.#wake()
  }

  /** What is kept of the entries after that number. */
  since(after: number): readonly Entry<T>[] {
    return this.#entries.slice(Math.max(0, after - this.first + 1))
  }

  /** The entries after that number, then those to come. Returns at the log's end, or when the signal aborts. */
  async *follow(after: number, signal: AbortSignal): AsyncGenerator<Entry<T>, undefined> {
    let at = after
    while (!signal.aborted) {
      for (const entry of this.since(at)) {
        yield entry
        at = entry.n
      }
      if (at < this.#last) continue
      if (this.#ended) return
      await this.#change(signal)
    }
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        signal.removeEventListener('abort', wake)
        this.#waiting.delete(wake)
        resolve()
      }
      this.#waiting.add(wake)
      signal.addEventListener('abort', wake)
    })
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake()
  }
}
