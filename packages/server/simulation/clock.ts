import type { Random } from './random.js'

/** Something that is to happen at a time. */
export class Timer {
  readonly time: number
  /** What is due at one time happens in an order of its own. */
  readonly order: number
  /** Undefined: cancelled, or over. */
  run: (() => void) | undefined

  constructor(time: number, order: number, run: () => void) {
    this.time = time
    this.order = order
    this.run = run
  }

  // As Node's timers have them.
  unref(): this {
    return this
  }

  ref(): this {
    return this
  }
}

/** Virtual time: it stands still while anything runs, and then is the time of the next timer. */
export class Clock {
  /** In milliseconds since 1970. */
  now = 1_700_000_000_000
  /** The timers that the shipped code has set, and that are to come. */
  readonly pending: Set<Timer> = new Set()
  readonly #random: Random
  /** A binary heap: each is due before the two below it. */
  readonly #heap: Timer[] = []

  constructor(random: Random) {
    this.#random = random
  }

  /** The world's own timer. */
  after(delay: number, run: () => void): Timer {
    // A browser's and Node's timers take at least a millisecond, and whole ones.
    const timer = new Timer(this.now + Math.max(0, Math.floor(delay)), this.#random.word(), run)
    this.#push(timer)
    return timer
  }

  /** The shipped code's timer. */
  set(run: () => void, delay: number): Timer {
    const timer = this.after(Number.isFinite(delay) ? Math.max(1, delay) : 1, () => {
      this.pending.delete(timer)
      run()
    })
    this.pending.add(timer)
    return timer
  }

  /** The shipped code's interval. */
  repeat(run: () => void, delay: number): Timer {
    const every = new Timer(0, 0, run)
    const again = (): void => {
      this.after(Math.max(1, delay), () => {
        if (every.run === undefined) return
        run()
        again()
      })
    }
    again()
    this.pending.add(every)
    return every
  }

  clear(timer: unknown): void {
    if (!(timer instanceof Timer)) return
    timer.run = undefined
    this.pending.delete(timer)
  }

  /** Lets the next thing happen. False where nothing is to. */
  step(): boolean {
    for (;;) {
      const timer = this.#pop()
      if (timer === undefined) return false
      const { run } = timer
      if (run === undefined) continue
      timer.run = undefined
      this.now = timer.time
      run()
      return true
    }
  }

  #push(timer: Timer): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(timer)
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = heap[above]
      if (parent === undefined || !isBefore(timer, parent)) break
      heap[at] = parent
      at = above
    }
    heap[at] = timer
  }

  #pop(): Timer | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || first === last) return first
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      let child = heap[below]
      const other = heap[below + 1]
      if (child === undefined) break
      if (other !== undefined && isBefore(other, child)) {
        child = other
        below++
      }
      if (!isBefore(child, last)) break
      heap[at] = child
      at = below
    }
    heap[at] = last
    return first
  }
}

function isBefore(one: Timer, other: Timer): boolean {
  return one.time < other.time || (one.time === other.time && one.order < other.order)
}
