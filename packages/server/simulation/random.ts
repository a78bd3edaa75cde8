/** Numbers at random that a seed decides: sfc32, which is small, fast, and good enough to choose faults by. */
export class Random {
  #a: number
  #b: number
  #c: number
  #counter = 1

  /** @param seed a whole number from 0 on. */
  constructor(seed: number) {
    this.#a = Math.floor(seed / 2 ** 32) | 0
    this.#b = seed | 0
    this.#c = 0x9e3779b9 | 0
    for (let count = 0; count < 12; count++) this.word()
  }

  /** 32 bits. */
  word(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0
    return sum >>> 0
  }

  /** From 0 on, below 1. */
  next(): number {
    return this.word() / 2 ** 32
  }

  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1))
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  pick<T>(items: readonly T[]): T {
    for (const item of items.slice(this.between(0, items.length - 1))) return item
    throw new RangeError('there is nothing to pick from')
  }

  /** @param weighted what there is, each with how often it is to come. */
  weighted<T>(weighted: readonly (readonly [T, number])[]): T {
    let left = this.next() * weighted.reduce((sum, [, weight]) => sum + weight, 0)
    for (const [item, weight] of weighted) {
      left -= weight
      if (left < 0) return item
    }
    return this.pick(weighted)[0]
  }
}

/** The seed of a run's schedule of that index. The first one is the run's own, so that a schedule can be run alone. */
export function seedOf(seed: number, index: number): number {
  if (index === 0) return seed
  const random = new Random(seed)
  const [high, low] = [random.word(), random.word()]
  const own = new Random(((high + index) >>> 0) * 2 ** 21 + (low >>> 11))
  return (own.word() >>> 11) * 2 ** 32 + own.word()
}
