import type { Entry } from './backplane.js'
import type { Delivery } from './delivery.js'

/** How many are remembered, and how many characters of data: some 8 MB with a frame for each. */
const mostEntries = 2_048
const mostCharacters = 4_194_304

/**
 * The deliveries of late: an entry that reaches many streams is decoded and framed once, also where many replay the same. All
 * of them would take as much memory again as the history, twice.
 */
export class Deliveries {
  /** By position, the oldest first. */
  readonly #recent = new Map<number, Delivery>()
  #characters = 0

  get({ position, epoch, topic }: Entry): Delivery | undefined {
    const known = this.#recent.get(position)
    // Where an epoch began anew, another entry may have had this position.
    return known !== undefined && known.entry.epoch === epoch && known.entry.topic === topic ? known : undefined
  }

  add(delivery: Delivery): void {
    this.#forget(delivery.entry.position)
    this.#recent.set(delivery.entry.position, delivery)
    this.#characters += delivery.entry.data.length
    for (const position of this.#recent.keys()) {
      if (this.#recent.size <= mostEntries && this.#characters <= mostCharacters) break
      this.#forget(position)
    }
  }

  #forget(position: number): void {
    const known = this.#recent.get(position)
    if (known === undefined) return
    this.#recent.delete(position)
    this.#characters -= known.entry.data.length
  }
}
