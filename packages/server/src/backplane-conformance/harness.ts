import type { Append, Backplane, Entry } from '../backplane.js'
import type { Retention } from '../retention.js'

/** How a case wants its backplane: as every implementation's options of these names. Times in seconds, the clock in milliseconds. */
export interface ConformanceOptions {
  readonly retain?: Retention | undefined
  readonly rememberTopics?: number | undefined
  readonly rememberKeys?: number | undefined
  readonly maxTopics?: number | undefined
  /** The backplane must go by it, and by no other clock. */
  readonly now: () => number
}

/** One shard's data, and how to get at it. */
export interface ConformanceShard {
  readonly backplane: Backplane
  /** Another node on the same data. Called only where the harness says `shared`. */
  readonly join?: (() => Promise<Backplane>) | undefined
  /** Closes all nodes and opens the data again. Called only where the harness says what a restart does. */
  readonly restart?: (() => Promise<Backplane>) | undefined
  /** Closes all nodes, also those that are closed already, and removes the data. */
  close(): Promise<void>
}

/** How to make what the cases are run against. */
export interface BackplaneHarness {
  /** Several nodes can share the data. Default false. */
  readonly shared?: boolean | undefined
  /** Whether a restart keeps the history or begins a new one, under a new epoch. Default: not checked. */
  readonly restart?: 'keeps' | 'forgets' | undefined
  /** A backplane on fresh data, for one case. */
  open(options: ConformanceOptions): Promise<ConformanceShard>
}

/** One behaviour. It rejects with a ConformanceError, or with what the backplane failed with. */
export interface ConformanceCase {
  readonly name: string
  run(): Promise<void>
}

/** What a case works with. */
export interface Setup {
  readonly backplane: Backplane
  readonly clock: { now: number }
  join(): Promise<Backplane>
  restart(): Promise<Backplane>
}

/** A case before it knows which backplane it is for. */
export interface Specification {
  readonly name: string
  readonly needs?: 'shared' | 'keeps' | 'forgets' | undefined
  readonly options?: Omit<ConformanceOptions, 'now'> | undefined
  run(setup: Setup): Promise<void>
}

export function caseOf({ name, options, run }: Specification, harness: BackplaneHarness): ConformanceCase {
  return {
    name,
    run: async () => {
      // Not the real time: a backplane that goes by a clock of its own shows itself.
      const clock = { now: 1_600_000_000_000 }
      const shard = await harness.open({ ...options, now: () => clock.now })
      const missing = (what: string) => (): never => {
        throw new TypeError(`the harness says that it can, but its shard has no ${what}()`)
      }
      try {
        await run({ backplane: shard.backplane, clock, join: shard.join ?? missing('join'), restart: shard.restart ?? missing('restart') })
      } finally {
        await shard.close()
      }
    },
  }
}

/** Whether this harness's backplane can do what a case is about. */
export function fits({ needs }: Specification, { shared, restart }: BackplaneHarness): boolean {
  return needs === undefined || (needs === 'shared' ? shared === true : restart === needs)
}

export function event(topic: string, data = '', more: Partial<Append> = {}): Append {
  return { topic, subtree: undefined, kind: 'event', type: 'changed', data, retain: undefined, key: undefined, ...more }
}

export function end(topic: string, reason = 'done', more: Partial<Append> = {}): Append {
  return event(topic, reason, { kind: 'end', type: '', ...more })
}

/** All that is retained of a topic. */
export function all(backplane: Backplane, topic: string): Promise<readonly Entry[]> {
  return backplane.read(topic, { after: 0, upTo: Number.MAX_SAFE_INTEGER, limit: 100_000 })
}

export function dataOf(entries: readonly Pick<Entry, 'data'>[]): readonly string[] {
  return entries.map(({ data }) => data)
}
