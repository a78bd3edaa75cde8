import type { DatabaseSync } from 'node:sqlite'
import type { Append, Appended, Entry, Range, ShardState, Tail } from '../backplane.ts'
import type { HistoryLimits } from '../history.ts'
import type { Bounds } from '../retention.ts'
import { StoreFailure } from './failure.ts'
import { bytesAsText, numberOf, type Row, textOf } from './row.ts'
import { beginEpoch, rollBack } from './schema.ts'
import { type Statements, statementsOf } from './statements.ts'
import { type Topic, topicOf } from './topic.ts'

/** An append with its bounds checked and its time. */
export interface StoredAppend extends Omit<Append, 'retain'> {
  readonly bounds: Bounds | undefined
  readonly now: number
}

/** An entry, and under which other name it is announced. */
export interface Announcement {
  readonly entry: Entry
  readonly subtree: string | undefined
}

/** How far a shard is known. */
export interface Mark {
  readonly epoch: string
  readonly position: number
}

/** Of one append. */
export type Outcome =
  | { readonly appended: Appended; readonly announcement?: Announcement | undefined }
  /** An event for a topic that has ended. */
  | { readonly ended: string }

/** What has happened to watched names since a mark. */
export interface News {
  readonly mark: Mark
  /** There was more, and it is gone. */
  readonly missed: boolean
  /** In the order of their positions. */
  readonly announcements: readonly Announcement[]
}

/**
 * Entries that no retention holds any more stay in the file until so many others have come: the other processes still have
 * to announce them, and a channel that retains nothing would reach the readers of one process only.
 */
const lingering = 1_000
/** And a sweep leaves them for so long, in milliseconds. */
const lingeringTime = 1_000
/** Some 20 MB of them. Beyond it the oldest are forgotten before their time. */
const mostKeys = 100_000
/** Further behind, repairing from the history is cheaper than announcing one by one. */
const mostNews = 10_000
/** How many topics a sweep looks at while it holds the lock. */
const sweepAtOnce = 100

/** What a transaction knows and changes of the shard's row. */
interface Shard {
  epoch: string
  position: number
  floor: number
  topics: number
}

/** The counter is below what this process has seen: a new epoch is due, and only a writer can begin it. */
class WentBack extends Error {}

/**
 * One shard's history in a SQLite file: each method is one transaction, begun and ended within the call, so that no open
 * statement keeps the log from being given back.
 *
 * @throws whatever SQLite fails with; then nothing has changed.
 */
export class Store {
  readonly #db: DatabaseSync
  readonly #limits: HistoryLimits
  readonly #sql: Statements
  #known: Mark | undefined

  constructor(db: DatabaseSync, limits: HistoryLimits) {
    this.#db = db
    this.#limits = limits
    this.#sql = statementsOf(db)
  }

  /** All of them in one transaction; one that is refused leaves the others alone. */
  append(appends: readonly StoredAppend[]): { readonly before: Mark; readonly after: Mark; readonly outcomes: readonly Outcome[] } {
    return this.#write((shard) => {
      const before = { epoch: shard.epoch, position: shard.position }
      const outcomes = appends.map((append) => this.#append(append, shard))
      return { before, after: { epoch: shard.epoch, position: shard.position }, outcomes }
    })
  }

  state(names: readonly string[], after: number): ShardState {
    return this.#read((shard) => {
      const tails = new Map<string, Tail>()
      const add = (row: Row): void => {
        const topic = textOf(row, 'name')
        tails.set(topic, { topic, position: numberOf(row, 'tail'), ended: numberOf(row, 'ended') === 1 })
      }
      for (const name of names) {
        const own = this.#sql('tail').get(name)
        if (own !== undefined) add(own)
        this.#sql('tailsOfSubtree').all(name, after).forEach(add)
      }
      const past = this.#sql('past')
        .all()
        .map((row) => ({ epoch: textOf(row, 'epoch'), end: numberOf(row, 'end') }))
      return { epoch: shard.epoch, position: shard.position, floor: shard.floor, past, tails: [...tails.values()] }
    })
  }

  read(name: string, { after, upTo, limit, bytes = Number.POSITIVE_INFINITY }: Range, now: number): readonly Entry[] {
    return this.#read(() => {
      const topic = this.#topic(name)
      if (topic === undefined) return []
      const from = Math.max(after + 1, topic.first)
      const entries: Entry[] = []
      let size = 0
      for (const row of this.#sql('page').iterate(topic.id, from, upTo, this.#expiry(topic, now), whole(limit))) {
        const entry = entryOf(row, name)
        size += entry.data.length
        if (size > bytes && entries.length > 0) break
        entries.push(entry)
      }
      return entries
    })
  }

  locate(name: string, from: { readonly last: number } | { readonly since: number }, now: number): number {
    return this.#read(({ position }) => {
      const topic = this.#topic(name)
      if (topic === undefined || ('last' in from && from.last < 1)) return position
      const expiry = this.#expiry(topic, now)
      const row =
        'last' in from
          ? (this.#sql('lastEvents').get(topic.id, topic.first, expiry, whole(from.last) - 1) ??
            this.#sql('firstEvent').get(topic.id, topic.first, expiry))
          : this.#sql('firstSince').get(topic.id, topic.first, expiry, from.since)
      return row === undefined ? position : numberOf(row, 'position') - 1
    })
  }

  /** Another number whenever another process has changed the file. */
  version(): number {
    return numberOf(this.#sql('version').get() ?? {}, 'data_version')
  }

  /** Where the shard is. */
  mark(): Mark {
    return this.#read(({ epoch, position }) => ({ epoch, position }))
  }

  /** @param isWatched whether a topic or a subtree is. */
  news(since: Mark, isWatched: (name: string) => boolean): News {
    return this.#read((shard) => {
      const mark = { epoch: shard.epoch, position: shard.position }
      if (mark.epoch !== since.epoch) return { mark, missed: true, announcements: [] }
      if (mark.position === since.position) return { mark, missed: false, announcements: [] }
      // Topics above the mark were given back: whether they were watched, nobody knows any more.
      let missed = shard.floor > since.position
      const announcements: Announcement[] = []
      for (const row of this.#sql('topicsAbove').all(since.position)) {
        const name = textOf(row, 'name')
        const subtree = typeof row['subtree'] === 'string' ? row['subtree'] : undefined
        if (!isWatched(name) && (subtree === undefined || !isWatched(subtree))) continue
        const rows = this.#sql('stored').all(numberOf(row, 'id'), since.position, mostNews + 1 - announcements.length)
        // The oldest go first: what is missing is missing before the first that is there.
        if (rows[0] === undefined || numberOf(rows[0], 'previous') > since.position) missed = true
        for (const stored of rows) announcements.push({ entry: entryOf(stored, name), subtree })
        if (announcements.length > mostNews) return { mark, missed: true, announcements: [] }
      }
      announcements.sort((one, other) => one.entry.position - other.entry.position)
      return { mark, missed, announcements }
    })
  }

  /** Gives back some of what has expired. Whether there is more. */
  sweep(now: number): boolean {
    // Whoever has nothing to give back need not wait for the lock.
    const isDue = this.#read(
      () => this.#sql('anyDue').get(now) !== undefined || this.#sql('anyKey').get(now - this.#limits.keys) !== undefined,
    )
    if (!isDue) return false
    return this.#write((shard) => {
      this.#sql('forgetKeys').run(now - this.#limits.keys)
      const due = this.#sql('due').all(now, sweepAtOnce)
      for (const row of due) this.#sweepTopic(topicOf(row), shard, now)
      return due.length === sweepAtOnce
    })
  }

  #append({ topic: name, subtree, kind, type, data, bounds, key, now }: StoredAppend, shard: Shard): Outcome {
    const keyBytes = key === undefined ? undefined : Buffer.from(key)
    if (keyBytes !== undefined) {
      const known = this.#sql('key').get(name, keyBytes, now - this.#limits.keys)
      if (known !== undefined) return duplicate(known)
    }
    const there = this.#topic(name)
    if (there?.ended === true) {
      const end = kind === 'end' ? this.#sql('entry').get(there.tail) : undefined
      return end === undefined ? { ended: name } : duplicate(end)
    }
    const position = ++shard.position
    // A topic born again links to the floor: whoever is past it missed nothing.
    const topic = there ?? this.#newTopic(name, subtree, shard)
    const [typeBytes, dataBytes] = [Buffer.from(type), Buffer.from(data)]
    const bytes = typeBytes.length + dataBytes.length
    // Processes' clocks differ. Within a topic time does not go back, so that what expires is always the oldest.
    const time = Math.max(now, topic.touched)
    this.#sql('addEntry').run(position, topic.id, topic.tail, kind === 'end' ? 1 : 0, time, bytes, shard.epoch, typeBytes, dataBytes)
    const entry: Entry = { topic: name, kind, epoch: shard.epoch, position, previous: topic.tail, time, type, data }
    topic.subtree = subtree ?? topic.subtree
    topic.tail = position
    topic.ended = kind === 'end'
    topic.touched = time
    topic.kept++
    topic.bytes += bytes
    if (bounds !== undefined) topic.bounds = bounds
    this.#trim(topic, now)
    this.#sql('dropTrimmed').run(topic.id, Math.min(topic.first - 1, position - lingering))
    this.#save(topic)
    if (keyBytes !== undefined) this.#remember(name, keyBytes, shard.epoch, position, now)
    if (shard.topics > this.#limits.topics) this.#giveBackFirst(shard)
    return { appended: { epoch: shard.epoch, position, duplicate: false }, announcement: { entry, subtree: topic.subtree } }
  }

  #newTopic(name: string, subtree: string | undefined, shard: Shard): Topic {
    const id = Number(this.#sql('addTopic').run(name, subtree ?? null).lastInsertRowid)
    shard.topics++
    return {
      id,
      subtree,
      tail: shard.floor,
      ended: false,
      touched: 0,
      first: shard.position,
      kept: 0,
      bytes: 0,
      bounds: undefined,
      due: 0,
    }
  }

  #remember(topic: string, key: Uint8Array, epoch: string, position: number, now: number): void {
    const id = Number(this.#sql('addKey').run(topic, key, epoch, position, now).lastInsertRowid)
    this.#sql('dropKeys').run(id - mostKeys)
  }

  /** What is over its bounds is retained no more, and when the next one is. */
  #trim(topic: Topic, now: number): void {
    const { events, milliseconds, bytes } = topic.bounds ?? this.#limits.retain
    for (;;) {
      const oldest = this.#sql('oldest').get(topic.id, topic.first)
      const isEnd = oldest !== undefined && numberOf(oldest, 'kind') === 1
      if (oldest === undefined || isEnd) {
        // An end is what tells readers that come later: it goes only with the topic.
        topic.due = topic.touched + this.#limits.tails
        break
      }
      const expires = numberOf(oldest, 'time') + milliseconds
      topic.due = expires
      if (topic.kept <= events && topic.bytes <= bytes && expires > now) break
      topic.first = numberOf(oldest, 'position') + 1
      topic.kept--
      topic.bytes -= numberOf(oldest, 'bytes')
    }
    const stored = this.#sql('oldest').get(topic.id, 0)
    if (stored !== undefined && numberOf(stored, 'position') < topic.first) topic.due = Math.min(topic.due, now + lingeringTime)
  }

  #sweepTopic(topic: Topic, shard: Shard, now: number): void {
    this.#trim(topic, now)
    const isEmpty = topic.kept - (topic.ended ? 1 : 0) === 0
    if (isEmpty && topic.touched <= now - this.#limits.tails) {
      this.#giveBack(topic, shard)
      return
    }
    this.#sql('dropLingering').run(topic.id, topic.first, now - lingeringTime)
    this.#trim(topic, now)
    this.#save(topic)
  }

  #giveBackFirst(shard: Shard): void {
    const row = this.#sql('longestIdle').get()
    if (row !== undefined) this.#giveBack(topicOf(row), shard)
  }

  /** One step: without its tail, only the floor tells a reader that was here before from one that missed something. */
  #giveBack({ id, tail }: Topic, shard: Shard): void {
    shard.floor = Math.max(shard.floor, tail)
    shard.topics--
    this.#sql('dropEntries').run(id)
    this.#sql('dropTopic').run(id)
  }

  #topic(name: string): Topic | undefined {
    const row = this.#sql('topic').get(name)
    return row === undefined ? undefined : topicOf(row)
  }

  #save({ id, subtree, tail, ended, touched, first, kept, bytes, bounds, due }: Topic): void {
    const [mostEvents, mostMilliseconds, mostBytes] = [bounds?.events ?? null, bounds?.milliseconds ?? null, bounds?.bytes ?? null]
    this.#sql('saveTopic').run(
      subtree ?? null,
      tail,
      ended ? 1 : 0,
      touched,
      first,
      kept,
      bytes,
      mostEvents,
      mostMilliseconds,
      mostBytes,
      due,
      id,
    )
  }

  /** What was appended then or before has expired. */
  #expiry({ bounds }: Topic, now: number): number {
    return now - (bounds ?? this.#limits.retain).milliseconds
  }

  #read<T>(work: (shard: Shard) => T): T {
    try {
      return this.#within('begin', () => {
        const shard = this.#shard()
        if (this.#hasGoneBack(shard)) throw new WentBack()
        return { result: work(shard), shard }
      })
    } catch (error) {
      if (!(error instanceof WentBack)) throw error
      this.#write(() => {})
      return this.#read(work)
    }
  }

  #write<T>(work: (shard: Shard) => T): T {
    return this.#within('beginImmediate', () => {
      const shard = this.#shard()
      if (this.#hasGoneBack(shard)) {
        shard.epoch = beginEpoch(this.#db, { epoch: shard.epoch, end: shard.position })
        // Positions grow from one epoch to the next: readers of this process are past those that are gone.
        shard.position = Math.max(shard.position, this.#known?.position ?? 0)
      }
      const result = work(shard)
      this.#sql('saveShard').run(shard.position, shard.floor, shard.topics)
      return { result, shard }
    })
  }

  #within<T>(begin: 'begin' | 'beginImmediate', work: () => { readonly result: T; readonly shard: Shard }): T {
    this.#sql(begin).run()
    try {
      const { result, shard } = work()
      this.#sql('commit').run()
      this.#known = { epoch: shard.epoch, position: shard.position }
      return result
    } catch (error) {
      rollBack(this.#db)
      throw error
    }
  }

  #shard(): Shard {
    const row = this.#sql('shard').get()
    if (row === undefined) throw new StoreFailure('damaged', 'the row that counts positions is missing')
    return {
      epoch: textOf(row, 'epoch'),
      position: numberOf(row, 'position'),
      floor: numberOf(row, 'floor'),
      topics: numberOf(row, 'topics'),
    }
  }

  #hasGoneBack({ epoch, position }: Shard): boolean {
    return this.#known !== undefined && this.#known.epoch === epoch && position < this.#known.position
  }
}

function duplicate(row: Row): Outcome {
  return { appended: { epoch: textOf(row, 'epoch'), position: numberOf(row, 'position'), duplicate: true } }
}

function entryOf(row: Row, topic: string): Entry {
  return {
    topic,
    kind: numberOf(row, 'kind') === 1 ? 'end' : 'event',
    epoch: textOf(row, 'epoch'),
    position: numberOf(row, 'position'),
    previous: numberOf(row, 'previous'),
    time: numberOf(row, 'time'),
    type: bytesAsText(row, 'type'),
    data: bytesAsText(row, 'data'),
  }
}

/** What SQLite takes for a LIMIT. */
function whole(count: number): number {
  return Math.floor(Math.min(count, Number.MAX_SAFE_INTEGER))
}
