import type { Backplane, Link, Listener } from '../src/backplane.js'

/** A link to the shard that outlives the history behind it. */
export class ShardLink {
  readonly #listener: Listener
  readonly #names = new Set<string>()
  #link: Link

  constructor(listener: Listener, store: Backplane) {
    this.#listener = listener
    this.#link = store.connect(listener)
  }

  watch(names: readonly string[]): void {
    for (const name of names) this.#names.add(name)
    void this.#link.watch(names)
  }

  unwatch(names: readonly string[]): void {
    for (const name of names) this.#names.delete(name)
    this.#link.unwatch(names)
  }

  /** Another history takes the place of the one before it. */
  move(store: Backplane): void {
    void this.#link.close()
    this.#link = store.connect(this.#listener)
    void this.#link.watch([...this.#names])
  }

  close(): void {
    void this.#link.close()
  }
}
