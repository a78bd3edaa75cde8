import { subtreeOf } from '@sse/schema/wire'
import type { Backplane, Entry, Link, ShardState } from './backplane.js'

/** Who reads a topic or subtree on this node. */
export interface Audience {
  /** The topic's next entry. */
  offer(entry: Entry): void
  /** Entries of the topic or subtree above `after` may not have come: they are to be read from the history. */
  distrust(name: string, after: number): void
  /** Another epoch has begun: what the cursor is worth is to be judged anew. */
  rejoin(): void
}

/** One topic or subtree that somebody on this node reads. */
interface Watch {
  readonly audience: Set<Audience>
  /** Resolves once announcements come, and `base` is known. */
  ready: Promise<void> | undefined
  /** How many wait for it, or read. */
  users: number
  /** Every entry up to here came before the first reader did, or was offered, or is being repaired. Before `ready`: infinite. */
  base: number
}

/** Entries that wait while the feed stands still. Beyond it they are read from the history. */
const mostQueued = 10_000

/**
 * A node's one ordered source of entries. It takes no announcement on trust: every entry names the one before it, so a hole
 * shows, and whoever reads that topic reads what is missing from the history.
 */
export class Feed {
  readonly #backplane: Backplane
  readonly #link: Link
  readonly #onError: (error: unknown) => void
  readonly #watches = new Map<string, Watch>()
  /** Of each topic, the last entry that came, where it is above the base of some watch. */
  readonly #announced = new Map<string, number>()
  /** Tails that had not been announced when they were last compared. */
  #late = new Map<string, number>()
  #epoch: string | undefined
  /** While the feed stands still: what came meanwhile. */
  #queue: Entry[] | undefined
  #again = false
  #closed = false

  constructor(backplane: Backplane, onError: (error: unknown) => void) {
    this.#backplane = backplane
    this.#onError = onError
    this.#link = backplane.connect({ entry: (entry) => this.#hear(entry), interrupted: () => this.#interrupted() })
  }

  get epoch(): string | undefined {
    return this.#epoch
  }

  /** Every entry up to here, of these topics and subtrees, was offered or is being repaired. They are watched. */
  verified(names: readonly string[]): number {
    return least(names.map((name) => this.#watches.get(name)?.base ?? 0))
  }

  /** Every entry of a topic up to here was offered, or is being repaired, to who reads it by these names: its own, its subtree's. */
  reached(topic: string, names: { has(name: string): boolean } = this.#watches): number {
    const bases = [topic, subtreeOf(topic)].flatMap((name) => (names.has(name) ? (this.#watches.get(name)?.base ?? 0) : []))
    return Math.max(this.#announced.get(topic) ?? 0, Math.min(...bases))
  }

  get watched(): number {
    return this.#watches.size
  }

  /** Resolves when every later entry of these topics and subtrees will be offered to who is then in their audience. */
  async watch(names: readonly string[]): Promise<void> {
    const missing = names.filter((name) => !this.#watches.has(name))
    if (missing.length > 0) {
      const begun = missing.map((): Watch => ({ audience: new Set(), ready: undefined, users: 0, base: Number.POSITIVE_INFINITY }))
      const ready = this.#begin(missing, begun)
      for (const watch of begun) watch.ready = ready
      missing.forEach((name, index) => {
        const watch = begun[index]
        if (watch !== undefined) this.#watches.set(name, watch)
      })
    }
    const watches = names.map((name) => this.#watches.get(name))
    for (const watch of watches) if (watch !== undefined) watch.users++
    try {
      await Promise.all(watches.map((watch) => watch?.ready))
    } catch (error) {
      this.unwatch(names)
      throw error
    }
  }

  unwatch(names: readonly string[]): void {
    const unused: string[] = []
    for (const name of names) {
      const watch = this.#watches.get(name)
      if (watch === undefined || --watch.users > 0) continue
      this.#watches.delete(name)
      unused.push(name)
    }
    if (unused.length > 0) this.#link.unwatch(unused)
  }

  add(names: readonly string[], audience: Audience): void {
    for (const name of names) this.#watches.get(name)?.audience.add(audience)
  }

  remove(names: readonly string[], audience: Audience): void {
    for (const name of names) this.#watches.get(name)?.audience.delete(audience)
  }

  /**
   * Compares what came with what there is. What was missing the last time, too, is not on its way but lost. To be called
   * now and then.
   */
  async verify(): Promise<void> {
    if (this.#queue !== undefined || this.#closed || this.#epoch === undefined || this.#watches.size === 0) return
    const asked = this.#begun()
    const epoch = this.#epoch
    const state = await this.#backplane.state([...asked.keys()], earliest(asked))
    // It stands still, and compares for itself; or has done so, and tails were asked for above positions that mean something else.
    if (this.#queue !== undefined || this.#closed || this.#epoch !== epoch) return
    if (state.epoch !== this.#epoch) {
      this.#interrupted()
      return
    }
    const late = new Map<string, number>()
    for (const [name, position] of this.#missing(asked, state)) {
      const before = this.#late.get(name)
      // The very entry that had not come: on a busy topic another one is on its way each time.
      if (before !== undefined && this.#isMissing(name, before)) this.#lose(name, position)
      else late.set(name, position)
    }
    this.#late = late
    // One busy topic, whose last entry is always just on its way, must not keep the cursors of all others old.
    for (const name of late.keys()) for (const each of [name, subtreeOf(name)]) asked.delete(each)
    this.#vouch(asked, state.position)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#watches.clear()
    await this.#link.close()
  }

  async #begin(names: readonly string[], watches: readonly Watch[]): Promise<void> {
    await this.#link.watch(names)
    const state = await this.#backplane.state(names, Number.POSITIVE_INFINITY)
    this.#epoch ??= state.epoch
    // Before the first reader joins: it reads up to here, and further, from the history. A position of another epoch says nothing.
    const base = state.epoch === this.#epoch ? state.position : 0
    // Of these very watches: who left and came back meanwhile has begun another, at another position.
    for (const watch of watches) watch.base = base
    if (state.epoch !== this.#epoch) this.#interrupted()
  }

  /** What is watched, and where it began is known: of anything else nothing can be said to be missing, or vouched for. */
  #begun(): Map<string, Watch> {
    return new Map([...this.#watches].filter(([, { base }]) => base < Number.POSITIVE_INFINITY))
  }

  #hear(entry: Entry): void {
    if (this.#queue === undefined) this.#take(entry)
    else if (this.#queue.length < mostQueued) this.#queue.push(entry)
    else this.#again = true
  }

  #take(entry: Entry): void {
    const { topic, position, previous } = entry
    // The first watch is not acknowledged yet: nobody reads.
    if (this.#epoch === undefined) return
    if (entry.epoch !== this.#epoch) {
      this.#interrupted()
      return
    }
    const last = this.#announced.get(topic) ?? 0
    if (position <= last) return
    const watches = [this.#watches.get(topic), this.#watches.get(subtreeOf(topic))].filter(
      (watch): watch is Watch => watch !== undefined && position > watch.base,
    )
    const [first, second] = watches
    if (first === undefined) return
    this.#announced.set(topic, position)
    // Who reads a topic and its subtree gets it once; nearly always there is one of the two.
    const audience = second === undefined ? first.audience : new Set([...first.audience, ...second.audience])
    if (watches.every(({ base }) => previous === last || previous <= base)) {
      for (const reader of audience) reader.offer(entry)
    } else {
      const reached = Math.max(last, Math.min(...watches.map(({ base }) => base)))
      for (const reader of audience) reader.distrust(topic, reached)
    }
  }

  /** Nothing is passed on until all tails are compared: an entry behind a hole would take readers past it. */
  #interrupted(): void {
    this.#again = true
    if (this.#queue !== undefined || this.#closed) return
    this.#queue = []
    void this.#standStill()
  }

  async #standStill(): Promise<void> {
    let state: ShardState | undefined
    let asked = new Map<string, Watch>()
    while (!this.#closed && (this.#again || state === undefined)) {
      this.#again = false
      this.#queue = []
      // Where this one fails, the one before says nothing of what has come since.
      state = undefined
      try {
        asked = this.#begun()
        state = await this.#backplane.state([...asked.keys()], earliest(asked))
      } catch (error) {
        this.#onError(error)
        await new Promise((resolve) => setTimeout(resolve, 1_000))
      }
    }
    if (this.#closed || state === undefined) return
    // Also where another epoch has begun, for what was missed may be of the one before.
    for (const [name, position] of this.#missing(asked, state)) this.#lose(name, position)
    if (state.epoch !== this.#epoch) {
      this.#epoch = state.epoch
      this.#announced.clear()
      // Where the counter went back, positions of the old epoch would pass holes for links.
      for (const watch of this.#watches.values()) watch.base = Math.min(watch.base, state.position)
      for (const reader of new Set([...this.#watches.values()].flatMap(({ audience }) => [...audience]))) reader.rejoin()
    }
    this.#late.clear()
    this.#vouch(asked, state.position)
    const queued = this.#queue ?? []
    this.#queue = undefined
    queued.forEach((entry, index) => {
      // One of them may make it stand still again; the rest then waits with what comes.
      if (this.#queue === undefined) this.#take(entry)
      else if (index < mostQueued) this.#queue.push(entry)
    })
  }

  /** What has not come, each with its last position: topics by their tails; those without one, and subtrees, by the floor. */
  #missing(asked: ReadonlyMap<string, Watch>, { tails, floor }: ShardState): readonly (readonly [name: string, position: number])[] {
    const last = new Map([...asked.keys()].map((name) => [name, floor]))
    for (const { topic, position } of tails) last.set(topic, position)
    return [...last].filter(([name, position]) => this.#isMissing(name, position))
  }

  /** Whether a position is above all that came of a topic, for somebody who reads it. */
  #isMissing(name: string, position: number): boolean {
    if (position <= (this.#announced.get(name) ?? 0)) return false
    return [name, subtreeOf(name)].some((each) => position > (this.#watches.get(each)?.base ?? Number.POSITIVE_INFINITY))
  }

  #lose(name: string, position: number): void {
    const after = this.reached(name)
    this.#announced.set(name, position)
    const audience = [name, subtreeOf(name)].flatMap((each) => [...(this.#watches.get(each)?.audience ?? [])])
    for (const reader of new Set(audience)) reader.distrust(name, after)
  }

  /** Only for what was asked for: of a topic that was watched since then, entries up to the position may still be on their way. */
  #vouch(asked: ReadonlyMap<string, Watch>, position: number): void {
    for (const watch of asked.values()) watch.base = Math.max(watch.base, position)
    for (const [topic, at] of this.#announced) {
      const isNeeded = [topic, subtreeOf(topic)].some((name) => (this.#watches.get(name)?.base ?? Number.POSITIVE_INFINITY) < at)
      if (!isNeeded) this.#announced.delete(topic)
    }
  }
}

/** The position that all of them are past. */
function earliest(watches: ReadonlyMap<string, Watch>): number {
  return least([...watches.values()].map(({ base }) => base))
}

/** As `Math.min`, which takes no hundred thousand arguments. */
function least(numbers: readonly number[]): number {
  return numbers.reduce((one, other) => Math.min(one, other), Number.POSITIVE_INFINITY)
}
