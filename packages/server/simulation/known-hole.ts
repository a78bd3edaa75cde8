import type { Position } from '@sse/schema/wire'
import type { Shard } from './shard.js'
import type { World } from './world.js'

/** A node compares the tails every ten seconds, and what is missing twice is lost; in milliseconds, with what it takes. */
const longestUnnoticed = 25_000

/**
 * The one known hole in the promise, for one reader: an announcement that is lost without a word shows in its topic's next
 * entry, or when the node compares the tails. A reader whose connection ends before is past it by the ids of other topics, and
 * nobody knows; unless the client checks links: then the topic's next event tells.
 */
export class KnownHole {
  readonly #world: World
  readonly #shard: Shard
  readonly #orders = new Set<number>()
  /** Of them, those that links tell of: they are in the epoch of now, and after something that a server vouched for. */
  readonly #linked = new Set<number>()
  /** Whether a server has vouched for something in this epoch. */
  #isVouched = false
  /** Links say nothing: before a server has first vouched for something in an epoch, and after a gap. */
  #isLoose = true
  #epoch = ''
  #node = ''
  #since = 0
  /** Since when nothing arrives of it any more. */
  #until = Number.POSITIVE_INFINITY

  constructor(world: World, shard: Shard) {
    this.#world = world
    this.#shard = shard
  }

  /** Since when its node has answered it. */
  get since(): number {
    return this.#since
  }

  /** A node answers it. */
  reach(node: string): void {
    this.#node = node
    this.#since = this.#world.clock.now
    this.#until = Number.POSITIVE_INFINITY
  }

  /** Nothing arrives any more, whoever has noticed. */
  wedge(): void {
    this.#until = Math.min(this.#until, this.#world.clock.now)
  }

  /** Its connection ends. */
  leave(): void {
    const until = Math.min(this.#until, this.#world.clock.now)
    for (const { order, node, time } of this.#shard.lost) {
      if (node === this.#node && time >= this.#since && until - time < longestUnnoticed) {
        this.#orders.add(order)
        if (this.#isVouched) this.#linked.add(order)
      }
    }
  }

  /** The server vouches for everything up to here. */
  verify({ epoch }: Position): void {
    this.#enter(epoch)
    this.#isLoose = false
    this.#isVouched = true
  }

  gap(): void {
    this.#isLoose = true
  }

  event({ epoch }: Position): void {
    this.#enter(epoch)
  }

  /** @param hasLink whether the client looks at the link of what comes next. */
  has(order: number, hasLink: boolean): boolean {
    return this.#orders.has(order) && !(hasLink && !this.#isLoose && this.#linked.has(order))
  }

  #enter(epoch: string): void {
    if (epoch === this.#epoch) return
    this.#epoch = epoch
    this.#isLoose = true
    this.#isVouched = false
    this.#linked.clear()
  }
}
