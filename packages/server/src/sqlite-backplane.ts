import { isBuiltin } from 'node:module'
import { resolve } from 'node:path'
import { Worker } from 'node:worker_threads'
import { told } from './arguments.js'
import type { Backplane } from './backplane.js'
import { OptionError, StorageUnavailableError, TopicEndedError } from './errors.js'
import { checkOptions, type Kinds } from './option-check.js'
import { milliseconds } from './options.js'
import { boundsOf, checkedBounds, type Retention } from './retention.js'
import { Client } from './sqlite/client.js'
import { Links } from './sqlite/links.js'
import type { Answer, WorkerSettings } from './sqlite/protocol.js'

/** Where a SQLite backplane keeps its history, and how it is bounded. Processes that share a file take the same options. */
export interface SqliteBackplaneOptions {
  /**
   * The file, in a directory that exists, on a local disk. It is made where there is none; SQLite puts two more beside it,
   * with `-wal` and `-shm` after its name. Nobody else's tables can be in it.
   */
  readonly path: string
  /** How much of each topic is kept, where its channel does not say. What is over it is a gap for readers that come back. */
  readonly retain?: Retention | undefined
  /**
   * For how many seconds a topic without events is remembered. Default 86,400. After it, readers that were away for longer
   * are told a gap for that topic, whether or not they missed something.
   */
  readonly rememberTopics?: number | undefined
  /**
   * How many topics are remembered at most. Default 1,000,000. Beyond it the longest idle one is given back with its events,
   * as if its time had come.
   */
  readonly maxTopics?: number | undefined
  /** For how many seconds an idempotency key is remembered. Default 600; 100,000 keys at most. Later, a repetition is a second event. */
  readonly rememberKeys?: number | undefined
  /**
   * How often to look for what other processes have appended, in milliseconds. Default 25. Their events are late by at most
   * that; those of this process never wait for it. 1 or more; a process that watches nothing does not look.
   */
  readonly pollInterval?: number | undefined
  /**
   * For how long an operation may wait while another process holds the file's lock, in milliseconds. Default 5,000. Then it
   * rejects with StorageBusyError: an append that did has stored nothing. Reads wait for it only while the file is opened.
   */
  readonly lockTimeout?: number | undefined
  /** What time it is, in milliseconds since 1970. Default: `Date.now`. For tests of retention. */
  readonly now?: (() => number) | undefined
}

const kinds: Kinds<SqliteBackplaneOptions> = {
  path: 'anything',
  retain: 'anything',
  rememberTopics: 'number',
  maxTopics: 'number',
  rememberKeys: 'number',
  pollInterval: 'number',
  lockTimeout: 'number',
  now: 'function',
}

/** How often expired events are given back, in milliseconds. */
const sweepInterval = 30_000

/**
 * A backplane in a SQLite file, for one machine: any number of its processes may share the file. Needs Node 22.13 or later
 * (22 warns that its SQLite is experimental).
 *
 * - **Appends** that wait go into one transaction, and are announced in this process before they resolve. One that has
 *   resolved survives a killed process, and a power failure as well as the disk keeps what it was told to (the file is
 *   written with `synchronous = FULL`: otherwise a position that readers have seen could be given to another event).
 * - **A restart** keeps everything: events, positions, idempotency keys, and the epoch, so that readers just resume.
 * - **A copy** that is put in the place of the file is recognized by its inode and time of birth when it is opened, and
 *   begins a new epoch: readers that are past it are told a gap, others resume. So does a counter that is below what a
 *   running process has seen. What cannot be noticed is a file whose content was set back in its place, or a whole disk
 *   that was, while no process ran: then run `sqlite3 <file> "UPDATE shard SET identity = ''"` before the next start.
 * - **To put a copy back**, stop all processes, remove the old `-wal` and `-shm` files (SQLite would apply them to the copy),
 *   put the copy, and start. A process that still runs answers with StorageReplacedError until it is started again. To make
 *   a copy of a file in use: `sqlite3 <file> "VACUUM INTO 'copy'"`.
 * - **Text** is kept as UTF-8, as the wire carries it: lone surrogates become U+FFFD.
 * - **The database's work** is a worker thread's. Another process that is stopped while it holds the lock makes appends wait
 *   for up to `lockTimeout`; reading goes on, and this process's event loop never waits. The worker is a file of this package:
 *   whoever bundles a server leaves `@sse/server` external.
 *
 * An idle backplane keeps no process alive. Its operations reject with StorageBusyError, StorageFullError,
 * StorageReadOnlyError, StorageForeignError, StorageVersionError, StoragePathError, StorageReplacedError,
 * StorageDamagedError, StorageFailedError, BackplaneClosedError.
 *
 * @throws OptionError, ArgumentError for what holds no options, StorageUnavailableError.
 */
export function sqliteBackplane(options: SqliteBackplaneOptions): Backplane {
  checkOptions(options, kinds)
  // Not in the worker, which would end with a word about a module that it cannot find.
  if (!isBuiltin('node:sqlite')) throw new StorageUnavailableError(`Node ${process.version}`)
  const now = options.now ?? Date.now
  const settings = settingsOf(options)
  const client = new Client(settings.path, startWorker(settings), (news) => links.tell(news))
  const links = new Links({
    watch: async (names) => void (await client.ask({ kind: 'watch', names })),
    unwatch: (names) => client.unwatch(names),
  })
  const sweep = async (): Promise<void> => void (await client.ask({ kind: 'sweep', now: now() }))
  // Who publishes learns of what fails; a sweep that does comes again.
  const timer = setInterval(() => void sweep().catch(() => {}), sweepInterval)
  timer.unref()
  return {
    append: async ({ retain, ...append }) => {
      const bounds = retain === undefined ? undefined : boundsOf(retain)
      const answer = await client.ask({ kind: 'append', append: { ...append, bounds, now: now() } })
      if (answer.kind === 'ended') throw new TopicEndedError(answer.topic)
      return answer.kind === 'appended' ? answer.appended : unexpected(answer)
    },
    state: async (names, after) => {
      const answer = await client.ask({ kind: 'state', names, after })
      return answer.kind === 'state' ? answer.state : unexpected(answer)
    },
    read: async (topic, range) => {
      const answer = await client.ask({ kind: 'read', topic, range, now: now() })
      return answer.kind === 'entries' ? answer.entries : unexpected(answer)
    },
    locate: async (topic, from) => {
      const answer = await client.ask({ kind: 'locate', topic, from, now: now() })
      return answer.kind === 'position' ? answer.position : unexpected(answer)
    },
    connect: (listener) => links.connect(listener),
    sweep,
    close: () => {
      clearInterval(timer)
      return client.close()
    },
  }
}

function settingsOf(options: SqliteBackplaneOptions): WorkerSettings {
  return {
    path: fileOf(options.path),
    limits: {
      retain: checkedBounds(options.retain),
      tails: atLeast(0, 'rememberTopics', options.rememberTopics ?? 86_400) * 1_000,
      topics: atLeast(1, 'maxTopics', options.maxTopics ?? 1_000_000),
      keys: atLeast(0, 'rememberKeys', options.rememberKeys ?? 600) * 1_000,
    },
    pollInterval: milliseconds('pollInterval', options.pollInterval ?? 25, 1),
    lockTimeout: atLeast(0, 'lockTimeout', options.lockTimeout ?? 5_000),
  }
}

function fileOf(path: unknown): string {
  if (typeof path !== 'string' || path === '' || path.includes('\0')) {
    throw new OptionError('path', `is ${told(path)}: it takes the path of a file, as './events.db'`)
  }
  // Each connection would have a history of its own, and it is called after no file.
  if (path === ':memory:') throw new OptionError('path', 'takes the path of a file: in memory it is memoryBackplane()')
  // Not as SQLite reads it, which takes `file:` for a URI; and not as it is after a change of directory.
  return resolve(path)
}

function startWorker(workerData: WorkerSettings): Worker {
  // Built, the worker is a file beside this one; in tests it is the source, which Node runs as it is.
  const isSource = import.meta.url.endsWith('.ts')
  const url = isSource ? new URL('./sqlite/worker.ts', import.meta.url) : new URL('./sqlite-worker.js', import.meta.url)
  return new Worker(url, { workerData, name: 'sse-sqlite' })
}

function unexpected(answer: Answer): never {
  throw new TypeError(`an answer of kind ${answer.kind} came to another question`)
}

function atLeast(least: number, option: string, value: number): number {
  if (value >= least) return value
  throw new OptionError(option, `is ${value}: it takes a number from ${least} on`)
}
