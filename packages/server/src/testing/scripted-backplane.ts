import type { Append, Appended, Backplane, Entry, Link, Listener, Range, ShardState } from '../backplane.js'
import { History, type HistoryLimits } from '../history.js'
import { deferred } from './deferred.js'

type Method = 'append' | 'state' | 'read' | 'locate' | 'watch'

/** Calls that wait for a test to let them go on. */
interface Hold {
  /** Resolves once a call waits. */
  readonly reached: Promise<void>
  /** Lets those go on that wait, and those to come. With a failure, those that wait reject with it. */
  release(failure?: Error): void
}

const defaults: HistoryLimits = {
  retain: { events: 1_000, milliseconds: 3_600_000, bytes: 4_194_304 },
  tails: 86_400_000,
  topics: 100_000,
  keys: 600_000,
}

/**
 * A backplane whose history is right and whose announcements are as bad as a test says: lost, late, doubled or out of order,
 * with answers that come late or not at all.
 */
export class ScriptedBackplane implements Backplane {
  history: History
  now = 1_600_000_000_000
  /** What becomes of announcements: kept ones are in `kept`, until a test hands them on with `tell`. */
  announcing: 'told' | 'kept' | 'lost' = 'told'
  kept: Entry[] = []
  /** All that was appended. */
  readonly entries: Entry[] = []
  /** The calls of each method, in order. */
  readonly calls: { readonly method: Method | 'unwatch'; readonly names: readonly string[] }[] = []
  readonly #limits: HistoryLimits
  readonly #links = new Map<Listener, Set<string>>()
  readonly #holds = new Map<Method, { readonly reached: () => void; readonly released: Promise<Error | undefined> }>()
  readonly #failures: { readonly method: Method; readonly error: unknown }[] = []

  constructor(limits: Partial<HistoryLimits> = {}) {
    this.#limits = { ...defaults, ...limits }
    this.history = new History(this.#limits)
  }

  /** The names that somebody watches. */
  get watched(): readonly string[] {
    const names = [...this.#links.values()].flatMap((watched) => [...watched])
    return [...new Set(names)].sort((a, b) => a.localeCompare(b))
  }

  /** Answers of this method come only when the test says so. They say what was there when they were asked for. */
  hold(method: Method): Hold {
    const reached = deferred<void>()
    const released = deferred<Error | undefined>()
    this.#holds.set(method, { reached: reached.resolve, released: released.promise })
    const release = (failure?: Error): void => {
      this.#holds.delete(method)
      released.resolve(failure)
    }
    return { reached: reached.promise, release }
  }

  /** The next call of this method rejects. */
  failNext(method: Method, error: unknown): void {
    this.#failures.push({ method, error })
  }

  /** Announces entries, in the order given. */
  tell(...entries: readonly Entry[]): void {
    for (const entry of entries) {
      for (const [listener, names] of this.#links) if (names.has(entry.topic) || names.has(subtreeOf(entry.topic))) listener.entry(entry)
    }
  }

  /** Announces what was kept, and from here on all at once. */
  tellKept(): void {
    this.announcing = 'told'
    this.tell(...this.kept.splice(0))
  }

  interrupt(): void {
    for (const listener of this.#links.keys()) listener.interrupted()
  }

  /** The history is another one now, which begins at 0, as after a restart without data. */
  forget(): void {
    this.history = new History(this.#limits)
  }

  append(append: Append): Promise<Appended> {
    return this.#answer('append', [append.topic], () => {
      const { appended, entry } = this.history.append(append, this.now)
      if (entry === undefined) return appended
      this.entries.push(entry)
      if (this.announcing === 'told') this.tell(entry)
      if (this.announcing === 'kept') this.kept.push(entry)
      return appended
    })
  }

  state(names: readonly string[], after: number): Promise<ShardState> {
    return this.#answer('state', names, () => this.history.state(names, after))
  }

  read(topic: string, range: Range): Promise<readonly Entry[]> {
    return this.#answer('read', [topic], () => this.history.read(topic, range, this.now))
  }

  locate(topic: string, from: { readonly last: number } | { readonly since: number }): Promise<number> {
    return this.#answer('locate', [topic], () => this.history.locate(topic, from, this.now))
  }

  connect(listener: Listener): Link {
    const watched = new Set<string>()
    this.#links.set(listener, watched)
    return {
      watch: (names) =>
        this.#answer('watch', names, () => {
          for (const name of names) watched.add(name)
        }),
      unwatch: (names) => {
        this.calls.push({ method: 'unwatch', names })
        for (const name of names) watched.delete(name)
      },
      close: async () => void this.#links.delete(listener),
    }
  }

  async sweep(): Promise<void> {
    this.history.sweep(this.now)
  }

  async close(): Promise<void> {}

  async #answer<T>(method: Method, names: readonly string[], answer: () => T): Promise<T> {
    this.calls.push({ method, names })
    const failing = this.#failures.findIndex((failure) => failure.method === method)
    if (failing >= 0) throw this.#failures.splice(failing, 1)[0]?.error
    const value = answer()
    const hold = this.#holds.get(method)
    hold?.reached()
    const failure = await hold?.released
    if (failure !== undefined) throw failure
    return value
  }
}

function subtreeOf(topic: string): string {
  return `${topic.slice(0, topic.lastIndexOf('/') + 1)}*`
}
