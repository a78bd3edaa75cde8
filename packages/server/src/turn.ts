/** What every send of one turn shares: one promise for one flush, however many sends wait for it. */
export class Turn {
  #waiting: { readonly promise: Promise<boolean>; readonly resolve: (more: boolean) => void } | undefined

  wait(): Promise<boolean> {
    if (this.#waiting === undefined) {
      let settle: (more: boolean) => void = () => {}
      const promise = new Promise<boolean>((resolve) => {
        settle = resolve
      })
      this.#waiting = { promise, resolve: settle }
    }
    return this.#waiting.promise
  }

  /** Tells all that wait; who waits from now on waits for the next flush. */
  end(more: boolean): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.resolve(more)
  }
}
