import type { World } from './world.js'

/** A way on which nothing overtakes: what is sent arrives later, in order. */
export class Lane {
  readonly #world: World
  readonly #waiting: (() => void)[] = []
  /** When the last one arrives. */
  #due = 0

  constructor(world: World) {
    this.#world = world
  }

  send(arrive: () => void, delay: number = this.#world.delay()): void {
    const { clock } = this.#world
    if (this.#waiting.length === 0 && delay === 0) return void arrive()
    this.#due = Math.max(this.#due, clock.now + delay)
    this.#waiting.push(arrive)
    // Whichever of those that are due at one time comes first: it brings the one that was sent first.
    clock.after(this.#due - clock.now, () => this.#waiting.shift()?.())
  }

  /** What was on its way is lost: it arrives as nothing. */
  drop(): void {
    this.#waiting.fill(() => {})
  }
}
