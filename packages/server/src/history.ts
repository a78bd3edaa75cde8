import type { Append, Appended, Entry, Range, ShardState, Tail } from './backplane.js'
import { newEpoch } from './epoch.js'
import { TopicEndedError } from './errors.js'
import { type Bounds, boundsOf } from './retention.js'
import { utf8Length } from './utf8.js'

/** What one topic has. */
interface Log {
  readonly subtree: string | undefined
  /** Oldest first. Those before `head` are given back now and then, all at once. */
  entries: Entry[]
  head: number
  bytes: number
  tail: number
  ended: boolean
  /** When the last entry was appended. */
  touched: number
  bounds: Bounds
}

/** How a history is bounded. */
export interface HistoryLimits {
  readonly retain: Bounds
  /** How long the position of a topic's last entry is remembered, in milliseconds. */
  readonly tails: number
  /** How many topics are remembered at most. */
  readonly topics: number
  /** How long an idempotency key is remembered, in milliseconds. */
  readonly keys: number
}

/** Some 10 MB of them. Beyond it the oldest are forgotten before their time. */
const mostKeys = 100_000

/** One shard's history, in memory. Whoever calls it says what time it is. */
export class History {
  readonly #limits: HistoryLimits
  /** The longest idle first, so also in the order of their tails. */
  readonly #logs = new Map<string, Log>()
  /** Topics by subtree. */
  readonly #subtrees = new Map<string, Set<string>>()
  /** Oldest first. */
  readonly #keys = new Map<string, { readonly position: number; readonly time: number }>()
  #epoch = newEpoch()
  #past: ShardState['past'] = []
  #position = 0
  #floor = 0

  constructor(limits: HistoryLimits) {
    this.#limits = limits
  }

  /** @throws TopicEndedError */
  append({ topic, subtree, kind, type, data, retain, key }: Append, now: number): { readonly appended: Appended; readonly entry?: Entry } {
    const there = (position: number): { readonly appended: Appended } => ({ appended: { epoch: this.#epoch, position, duplicate: true } })
    const known = key === undefined ? undefined : this.#keys.get(keyOf(topic, key))
    if (known !== undefined && known.time > now - this.#limits.keys) return there(known.position)
    // Checked before anything changes: a rejected append leaves nothing.
    const bounds = retain === undefined ? undefined : boundsOf(retain)
    const log = this.#log(topic, subtree)
    if (log.ended) {
      if (kind === 'end') return there(log.tail)
      throw new TopicEndedError(topic)
    }
    const position = ++this.#position
    const entry: Entry = { topic, kind, epoch: this.#epoch, position, previous: log.tail, time: now, type, data }
    log.entries.push(entry)
    log.bytes += sizeOf(entry)
    log.tail = position
    log.ended = kind === 'end'
    log.touched = now
    if (bounds !== undefined) log.bounds = bounds
    trim(log, now)
    if (key !== undefined) this.#remember(keyOf(topic, key), position, now)
    this.#logs.delete(topic)
    this.#logs.set(topic, log)
    if (this.#logs.size > this.#limits.topics) this.#giveBackFirst()
    return { appended: { epoch: this.#epoch, position, duplicate: false }, entry }
  }

  state(names: readonly string[], after: number): ShardState {
    const topics = new Set<string>()
    for (const name of names) {
      topics.add(name)
      for (const topic of this.#subtrees.get(name) ?? []) if ((this.#logs.get(topic)?.tail ?? 0) > after) topics.add(topic)
    }
    const tails: Tail[] = []
    for (const topic of topics) {
      const log = this.#logs.get(topic)
      if (log !== undefined) tails.push({ topic, position: log.tail, ended: log.ended })
    }
    return { epoch: this.#epoch, position: this.#position, floor: this.#floor, past: this.#past, tails }
  }

  read(topic: string, { after, upTo, limit, bytes = Number.POSITIVE_INFINITY }: Range, now: number): readonly Entry[] {
    const log = this.#logs.get(topic)
    if (log === undefined) return []
    trim(log, now)
    const from = firstAbove(log, after)
    let to = from
    let size = 0
    for (let entry = log.entries[to]; entry !== undefined && entry.position <= upTo && to - from < limit; entry = log.entries[++to]) {
      size += entry.data.length
      if (size > bytes && to > from) break
    }
    return log.entries.slice(from, to)
  }

  locate(topic: string, from: { readonly last: number } | { readonly since: number }, now: number): number {
    const log = this.#logs.get(topic)
    if (log === undefined) return this.#position
    trim(log, now)
    if ('last' in from && from.last < 1) return this.#position
    const first = 'last' in from ? firstOfLast(log, from.last) : firstSince(log, from.since)
    return first === undefined ? this.#position : first.position - 1
  }

  /** Gives back entries that have expired, then topics that nobody has published to for long. */
  sweep(now: number): void {
    for (const [topic, log] of this.#logs) {
      trim(log, now)
      const events = log.entries.length - log.head - (log.ended ? 1 : 0)
      if (events === 0 && log.touched <= now - this.#limits.tails) this.#giveBack(topic, log)
    }
    for (const [key, { time }] of this.#keys) {
      if (time > now - this.#limits.keys) break
      this.#keys.delete(key)
    }
  }

  /** From here on nobody vouches for what was appended after `end`. */
  beginEpoch(end: number = this.#position): void {
    this.#past = [...this.#past, { epoch: this.#epoch, end }].slice(-100)
    this.#epoch = newEpoch()
  }

  #remember(key: string, position: number, time: number): void {
    // One that had expired comes again: it goes to the end, for they are in the order of their time.
    this.#keys.delete(key)
    this.#keys.set(key, { position, time })
    if (this.#keys.size <= mostKeys) return
    for (const oldest of this.#keys.keys()) return void this.#keys.delete(oldest)
  }

  #log(topic: string, subtree: string | undefined): Log {
    const known = this.#logs.get(topic)
    if (known !== undefined) return known
    const log: Log = {
      subtree,
      entries: [],
      head: 0,
      bytes: 0,
      // A topic born again links to the floor: whoever is past it missed nothing.
      tail: this.#floor,
      ended: false,
      touched: 0,
      bounds: this.#limits.retain,
    }
    this.#logs.set(topic, log)
    if (subtree !== undefined) {
      const topics = this.#subtrees.get(subtree)
      if (topics === undefined) this.#subtrees.set(subtree, new Set([topic]))
      else topics.add(topic)
    }
    return log
  }

  #giveBackFirst(): void {
    for (const [topic, log] of this.#logs) {
      this.#giveBack(topic, log)
      return
    }
  }

  /** One step: without its tail, only the floor tells a reader that was here before from one that missed something. */
  #giveBack(topic: string, { subtree, tail }: Log): void {
    this.#floor = Math.max(this.#floor, tail)
    this.#logs.delete(topic)
    if (subtree === undefined) return
    const topics = this.#subtrees.get(subtree)
    topics?.delete(topic)
    if (topics?.size === 0) this.#subtrees.delete(subtree)
  }
}

/** A topic's name holds no space. */
function keyOf(topic: string, key: string): string {
  return `${topic} ${key}`
}

function sizeOf({ type, data }: Entry): number {
  return utf8Length(type) + utf8Length(data)
}

function trim(log: Log, now: number): void {
  const { events, milliseconds, bytes } = log.bounds
  for (;;) {
    const oldest = log.entries[log.head]
    if (oldest === undefined) break
    const kept = log.entries.length - log.head
    // An end is what tells readers that come later: it goes only with the topic.
    if (oldest.kind === 'end' && kept === 1) break
    if (kept <= events && log.bytes <= bytes && oldest.time > now - milliseconds) break
    log.head++
    log.bytes -= sizeOf(oldest)
  }
  // Moving the rest at each append would cost as much as it holds; half at a time costs each entry one move.
  if (log.head * 2 < log.entries.length) return
  log.entries = log.entries.slice(log.head)
  log.head = 0
}

/** The first of the last so many kept events, or of all where they are fewer. No copy: every request may ask it of many topics. */
function firstOfLast({ entries, head }: Log, count: number): Entry | undefined {
  let first: Entry | undefined
  for (let index = entries.length - 1, left = count; index >= head && left > 0; index--) {
    const entry = entries[index]
    if (entry?.kind !== 'event') continue
    first = entry
    left--
  }
  return first
}

/** The first kept entry from that time on. */
function firstSince({ entries, head }: Log, time: number): Entry | undefined {
  for (let index = head; index < entries.length; index++) {
    const entry = entries[index]
    if (entry !== undefined && entry.time >= time) return entry
  }
  return undefined
}

/** The index of the first kept entry above a position. */
function firstAbove({ entries, head }: Log, position: number): number {
  let low = head
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((entries[middle]?.position ?? 0) > position) high = middle
    else low = middle + 1
  }
  return low
}
