import type { Backplane, Entry, Link, Listener } from './backplane.js'
import { BackplaneClosedError, OptionError } from './errors.js'
import { History } from './history.js'
import { checkOptions, type Kinds } from './option-check.js'
import { checkedBounds, type Retention } from './retention.js'

/** How a memory backplane is bounded. Every option has a default. */
export interface MemoryBackplaneOptions {
  /** How much of each topic is kept, where its channel does not say. What is over it is a gap for readers that come back. */
  readonly retain?: Retention | undefined
  /**
   * For how many seconds a topic without events is remembered. Default 86,400. After it, readers that were away for longer
   * are told a gap for that topic, whether or not they missed something.
   */
  readonly rememberTopics?: number | undefined
  /**
   * How many topics are remembered at most. Default 100,000. Beyond it the longest idle one is given back with its events,
   * as if its time had come.
   */
  readonly maxTopics?: number | undefined
  /** For how many seconds an idempotency key is remembered. Default 600; 100,000 keys at most. Later, a repetition is a second event. */
  readonly rememberKeys?: number | undefined
  /** What time it is, in milliseconds since 1970. Default: `Date.now`. For tests of retention. */
  readonly now?: (() => number) | undefined
}

const kinds: Kinds<MemoryBackplaneOptions> = {
  retain: 'anything',
  rememberTopics: 'number',
  maxTopics: 'number',
  rememberKeys: 'number',
  now: 'function',
}

/** How often expired events are given back, in milliseconds. */
const sweepInterval = 30_000

/**
 * A backplane within one process. Appends are announced before they resolve. A restart begins a new epoch: readers that
 * come back are told a gap.
 *
 * @throws OptionError
 */
export function memoryBackplane(options: MemoryBackplaneOptions = {}): Backplane {
  checkOptions(options, kinds)
  const now = options.now ?? Date.now
  const history = new History({
    retain: checkedBounds(options.retain),
    tails: atLeast(0, 'rememberTopics', options.rememberTopics ?? 86_400) * 1_000,
    topics: atLeast(1, 'maxTopics', options.maxTopics ?? 100_000),
    keys: atLeast(0, 'rememberKeys', options.rememberKeys ?? 600) * 1_000,
  })
  return overHistory(history, now)
}

/** The backplane of one process over a history. */
export function overHistory(history: History, now: () => number): Backplane {
  const announcer = new Announcer()
  const timer = setInterval(() => history.sweep(now()), sweepInterval)
  // In Node a number would do nothing here, and an idle backplane must not keep a process alive.
  if (typeof timer === 'object') timer.unref()
  let isClosed = false
  const checkOpen = (): void => {
    if (isClosed) throw new BackplaneClosedError()
  }
  /** The history, for those who come in time. */
  const open = (): History => {
    checkOpen()
    return history
  }
  return {
    append: async (append) => {
      const { appended, entry } = open().append(append, now())
      if (entry !== undefined) announcer.announce(entry, append.subtree)
      return appended
    },
    state: async (names, after) => open().state(names, after),
    read: async (topic, range) => open().read(topic, range, now()),
    locate: async (topic, from) => open().locate(topic, from, now()),
    connect: (listener) => announcer.connect(listener, checkOpen),
    sweep: async () => open().sweep(now()),
    close: async () => {
      clearInterval(timer)
      isClosed = true
    },
  }
}

/** Tells links of entries, in order. */
class Announcer {
  readonly #watchers = new Map<string, Set<Listener>>()
  readonly #waiting: { readonly entry: Entry; readonly subtree: string | undefined }[] = []
  #announcing = false

  /** @param checkOpen throws where nobody announces any more. */
  connect(listener: Listener, checkOpen: () => void): Link {
    const watched = new Set<string>()
    const unwatch = (names: Iterable<string>): void => {
      for (const name of names) {
        watched.delete(name)
        const listeners = this.#watchers.get(name)
        listeners?.delete(listener)
        if (listeners?.size === 0) this.#watchers.delete(name)
      }
    }
    return {
      watch: async (names) => {
        checkOpen()
        for (const name of names) {
          watched.add(name)
          const listeners = this.#watchers.get(name)
          if (listeners === undefined) this.#watchers.set(name, new Set([listener]))
          else listeners.add(listener)
        }
      },
      unwatch,
      close: async () => unwatch([...watched]),
    }
  }

  announce(entry: Entry, subtree: string | undefined): void {
    this.#waiting.push({ entry, subtree })
    // A listener that appends would be told of its own entry before others are told of the one before it.
    if (this.#announcing) return
    this.#announcing = true
    try {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
        for (const listener of this.#listeners(next.entry.topic, next.subtree)) listener.entry(next.entry)
      }
    } finally {
      this.#announcing = false
    }
  }

  #listeners(topic: string, subtree: string | undefined): Iterable<Listener> {
    const own = this.#watchers.get(topic) ?? new Set()
    const above = subtree === undefined ? undefined : this.#watchers.get(subtree)
    return above === undefined ? own : new Set([...own, ...above])
  }
}

function atLeast(least: number, option: string, value: number): number {
  if (value >= least) return value
  throw new OptionError(option, `is ${value}: it takes a number from ${least} on`)
}
