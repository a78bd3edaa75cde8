/** Who reads, and what. */
export interface Who {
  readonly identity: string | undefined
  readonly names: readonly string[]
}

/** A request that is being decided about. */
export interface Arrival {
  /** Once is enough. */
  end(): void
  /** The reason, where meanwhile somebody was disconnected who turns out to be this one. */
  disconnected(who: Who): string | undefined
}

/**
 * Requests that are being decided about. Who is disconnected meanwhile may be among them, with a permission that was read
 * before it was taken back.
 */
export class Arrivals {
  readonly #all = new Set<{ readonly isMeant: (who: Who) => boolean; readonly reason: string }[]>()

  begin(): Arrival {
    const meanwhile: { readonly isMeant: (who: Who) => boolean; readonly reason: string }[] = []
    this.#all.add(meanwhile)
    return {
      end: () => void this.#all.delete(meanwhile),
      disconnected: (who) => meanwhile.find(({ isMeant }) => isMeant(who))?.reason,
    }
  }

  disconnect(isMeant: (who: Who) => boolean, reason: string): void {
    for (const meanwhile of this.#all) meanwhile.push({ isMeant, reason })
  }
}
