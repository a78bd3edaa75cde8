/** Records what a callback gets, and lets a test wait for it instead of for time to pass. */
export class Log<T> {
  readonly entries: T[] = []
  #check = (): void => {}

  /** To be given as the callback. */
  readonly add = (entry: T): void => {
    this.entries.push(entry)
    this.#check()
  }

  /** The first entry that is it, whether it has come or is to come. */
  find(isIt: (entry: T) => boolean): Promise<T> {
    return this.#wait(() => {
      const entry = this.entries.find(isIt)
      return entry === undefined ? undefined : { found: entry }
    })
  }

  /** All entries, once there are so many. */
  count(count: number): Promise<readonly T[]> {
    return this.#wait(() => (this.entries.length >= count ? { found: this.entries } : undefined))
  }

  #wait<Found>(look: () => { readonly found: Found } | undefined): Promise<Found> {
    return new Promise((resolve) => {
      const others = this.#check
      const check = (): void => {
        const result = look()
        if (result) resolve(result.found)
      }
      this.#check = () => {
        others()
        check()
      }
      check()
    })
  }
}
