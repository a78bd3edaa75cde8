import { Clock } from './clock.js'
import { Random } from './random.js'

/** What one schedule happens in: its time, its chance, and its trace. */
export class World {
  readonly random: Random
  readonly clock: Clock
  /** How bad the network is: the longest that something usually takes, in milliseconds. */
  slowness = 0
  /** How often something is lost, doubled or refused, from 0 to 1. Faults that a schedule asks for come on top. */
  badness = 0
  readonly counts: Counts = newCounts()
  /** Why the promise does not hold. The first reason counts: nothing goes on after it. */
  failure: string | undefined
  readonly #lines: string[] | undefined

  constructor(seed: number, isTraced: boolean) {
    this.random = new Random(seed)
    // Its own, so that a trace has no say in what is due first.
    this.clock = new Clock(new Random(seed + 1))
    this.#lines = isTraced ? [] : undefined
  }

  get trace(): readonly string[] | undefined {
    return this.#lines
  }

  /** Notes what happens, where somebody wants to read it. */
  say(line: () => string): void {
    this.#lines?.push(`${((this.clock.now - 1_700_000_000_000) / 1_000).toFixed(3).padStart(9)} ${line()}`)
  }

  fail(why: string): void {
    if (this.failure !== undefined) return
    this.failure = why
    this.say(() => `FAILED: ${why}`)
  }

  /** How long something takes on its way; nearly always short. */
  delay(): number {
    if (this.slowness === 0) return this.random.between(0, 2)
    const { random } = this
    return random.chance(0.02) ? random.between(0, 20 * this.slowness) : random.between(0, this.slowness)
  }

  fails(): boolean {
    return this.badness > 0 && this.random.chance(this.badness)
  }

  sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => void this.clock.after(milliseconds, resolve))
  }

  /** Half of what is on its way between two machines is there at once. */
  async travel(): Promise<void> {
    if (this.random.chance(0.5)) await this.sleep(this.delay())
  }
}

/** What a run has seen. */
export interface Counts {
  published: number
  delivered: number
  duplicates: number
  gaps: number
  idleGaps: number
  connections: number
  brokenChains: number
  rewinds: number
  epochs: number
  ended: number
}

export function newCounts(): Counts {
  return {
    published: 0,
    delivered: 0,
    duplicates: 0,
    gaps: 0,
    idleGaps: 0,
    connections: 0,
    brokenChains: 0,
    rewinds: 0,
    epochs: 0,
    ended: 0,
  }
}
