import { type Position, parsePosition } from '@sse/schema/wire'
import type { Append, Appended, Backplane, Entry, Listener } from '../src/backplane.js'
import { History, type HistoryLimits } from '../src/history.js'
import { overHistory } from '../src/memory-backplane.js'
import { utf8Length } from '../src/utf8.js'
import type { Payload } from './contract.js'
import { seeded } from './globals.js'
import { ShardLink } from './shard-link.js'
import type { World } from './world.js'

/** Something that was appended: what readers are promised. */
export interface Commit {
  /** Its place among all that was ever appended. */
  readonly order: number
  readonly topic: string
  readonly kind: 'event' | 'end'
  readonly epoch: string
  readonly position: number
  /** When it was appended. */
  readonly time: number
  /** Of type and data, in UTF-8 bytes. */
  readonly bytes: number
  /** Which memory it was in. */
  readonly lifetime: number
  /** Of an event. */
  readonly payload: Payload | undefined
  /** A replica that had not heard of it was promoted: nobody is promised it any more. */
  isDropped: boolean
}

/** When a node asks something of the history: what it asks for next, or is told, may be out of date. */
export type Moment = 'before state' | 'after state' | 'before read' | 'after read'

/** One epoch of the history. */
interface Epoch {
  readonly lifetime: number
  /** How many commits came before it. */
  readonly after: number
  /** The last position that there is in it. */
  last: number
  /** The last position that still counted when the next one began; -1 where none did. */
  end: number
}

interface Operation {
  readonly apply: (history: History) => void
  /** What it appended. */
  readonly commit: Commit | undefined
}

/** A history that notes what is appended, and everything that it was told. */
class RecordedHistory extends History {
  readonly operations: Operation[] = []
  onAppend: (entry: Entry) => Commit | undefined = () => undefined

  override append(append: Append, now: number): { readonly appended: Appended; readonly entry?: Entry } {
    const result = super.append(append, now)
    const commit = result.entry && this.onAppend(result.entry)
    this.operations.push({ apply: (history) => void history.append(append, now), commit })
    return result
  }

  override sweep(now: number): void {
    super.sweep(now)
    this.operations.push({ apply: (history) => history.sweep(now), commit: undefined })
  }
}

/** The shard's one history behind all nodes, with what was committed to it, and what may happen to it. */
export class Shard {
  readonly commits: Commit[] = []
  /** Announcements that were lost on the way to a node, without a word. */
  readonly lost: { readonly order: number; readonly node: string; readonly time: number }[] = []
  readonly #byTopic = new Map<string, Commit[]>()
  readonly #byPosition = new Map<string, Commit>()
  readonly #epochs = new Map<string, Epoch>()
  readonly #world: World
  readonly #limits: HistoryLimits
  readonly #links = new Set<ShardLink>()
  #lifetime = 0
  /** How many commits came before each lifetime. */
  readonly #births = [0]
  /** What the epoch of the history at its beginning is made of. */
  #seed = 0
  #history: RecordedHistory
  #store: Backplane
  /** Whether a history before this one had given back a topic. */
  #hadFloor = false
  #ambush: { readonly moment: Moment; readonly spring: () => Promise<void> } | undefined

  constructor(world: World, limits: HistoryLimits) {
    this.#world = world
    this.#limits = limits
    this.#history = this.#born()
    this.#store = this.#opened()
    this.#enter()
  }

  /** The shipped backplane over the history. */
  get store(): Backplane {
    return this.#store
  }

  /** How many there were. */
  get epochs(): number {
    return this.#epochs.size
  }

  /** Whether any topic was ever given back. */
  get hasFloor(): boolean {
    return this.#hadFloor || this.#floor > 0
  }

  /** Whether nothing has ever gone but what exceeded its topic's retention. */
  get isWhole(): boolean {
    return this.epochs === 1 && !this.hasFloor
  }

  /** Whether retention lets a commit go: by the promise, not by what the history does. */
  hasExpired({ topic, order, time }: Commit): boolean {
    const { events, milliseconds, bytes } = this.#limits.retain
    const kept = this.of(topic).filter((commit) => commit.order >= order)
    return (
      kept.length > events || this.#world.clock.now - time >= milliseconds || kept.reduce((sum, commit) => sum + commit.bytes, 0) > bytes
    )
  }

  of(topic: string): readonly Commit[] {
    return this.#byTopic.get(topic) ?? []
  }

  /** What the id of an event stands for. */
  at({ epoch, at }: Position): Commit | undefined {
    return this.#byPosition.get(`${epoch}.${at}`)
  }

  /** How many commits a cursor says that its reader is past; undefined where it vouches for nothing. */
  orderAt(cursor: string): number | undefined {
    const position = parsePosition(cursor)
    const epoch = position && this.#epochs.get(position.epoch)
    if (position === undefined || epoch === undefined || position.at > epoch.last) return undefined
    for (let order = this.commits.length; order > 0; order--) {
      const commit = this.commits[order - 1]
      if (commit === undefined || commit.lifetime !== epoch.lifetime || commit.position > position.at) continue
      if (commit.epoch === position.epoch || (order <= epoch.after && !commit.isDropped)) return order
    }
    return this.#births[epoch.lifetime] ?? 0
  }

  /** Whether a cursor stands for something that does not count any more. */
  isBeyond(cursor: string): boolean {
    const position = parsePosition(cursor)
    const epoch = position && this.#epochs.get(position.epoch)
    return position !== undefined && epoch !== undefined && position.at > epoch.end
  }

  hasEnded(topic: string): boolean {
    return this.of(topic).some(({ kind, isDropped, lifetime }) => kind === 'end' && !isDropped && lifetime === this.#lifetime)
  }

  /** Whether the topic was not given back since it was published to. */
  remembers(topic: string): boolean {
    return this.#history.state([topic], 0).tails.length > 0
  }

  /** The order of a topic's first end that counts; 0 where there is none. */
  endOf(topic: string): number {
    return this.of(topic).find(({ kind, isDropped }) => kind === 'end' && !isDropped)?.order ?? 0
  }

  /** The order of a topic's first end after that order; 0 where there is none. */
  endAfter(topic: string, order: number): number {
    return this.of(topic).find((commit) => commit.kind === 'end' && commit.order > order)?.order ?? 0
  }

  /** The order of a topic's last end up to a time, whether or not it counts; 0 where there is none. */
  lastEndOf(topic: string, upTo: number = Number.POSITIVE_INFINITY): number {
    return Math.max(0, ...this.of(topic).flatMap(({ kind, order, time }) => (kind === 'end' && time <= upTo ? order : [])))
  }

  connect(listener: Listener): ShardLink {
    const link = new ShardLink(listener, this.#store)
    this.#links.add(link)
    return link
  }

  /** The next time that it comes to this, that happens first. */
  ambush(moment: Moment, spring: () => Promise<void>): void {
    this.#ambush = { moment, spring }
  }

  /** What has not happened yet does not happen. */
  disarm(): void {
    this.#ambush = undefined
  }

  async meet(moment: Moment): Promise<void> {
    const ambush = this.#ambush
    if (ambush?.moment !== moment) return
    this.#ambush = undefined
    await ambush.spring()
  }

  /** An announcement is lost on its way to a node. */
  lose({ epoch, position }: Entry, node: string): void {
    const order = this.#byPosition.get(`${epoch}.${position}`)?.order
    if (order !== undefined) this.lost.push({ order, node, time: this.#world.clock.now })
  }

  /** The counter goes on, but nobody vouches for the last few entries any more. */
  beginEpoch(doubted: number): void {
    const seed = this.#world.random.word()
    const { epoch, position } = this.#history.state([], 0)
    const end = Math.max(0, position - doubted)
    this.#begin(seed, end)
    this.#close(epoch, end)
    this.#enter()
    this.#world.say(() => `shard: a new epoch; of the last one, what is up to ${end} of ${position} counts`)
  }

  /** A replica takes over that has not heard of the last few operations: their positions are given out again. */
  promote(lag: number): void {
    const { operations } = this.#history
    const before = this.#history.state([], 0)
    this.#hadFloor ||= before.floor > 0
    const known = Math.max(0, operations.length - lag)
    const replica = seeded(this.#seed, () => new RecordedHistory(this.#limits))
    for (const { apply, commit } of operations.slice(0, known)) {
      replica.onAppend = () => commit
      apply(replica)
    }
    // The same ones, the beginnings of epochs included: it may itself be followed by a replica that lags.
    replica.operations.splice(0, Number.POSITIVE_INFINITY, ...operations.slice(0, known))
    for (const { commit } of operations.slice(known)) if (commit !== undefined) commit.isDropped = true
    const { epoch, position } = replica.state([], 0)
    this.#history = this.#watched(replica)
    this.#close(before.epoch, -1)
    this.#close(epoch, position)
    this.#begin(this.#world.random.word(), position)
    this.#swap()
    this.#world.say(() => `shard: a replica takes over; it has what is up to ${position} of ${before.position}`)
  }

  /** The process with the memory starts anew. */
  forget(): void {
    this.#hadFloor ||= this.#floor > 0
    const { epoch } = this.#history.state([], 0)
    this.#close(epoch, -1)
    this.#lifetime++
    this.#births.push(this.commits.length)
    this.#history = this.#born()
    this.#swap()
    this.#world.say(() => 'shard: the memory is gone')
  }

  close(): Promise<void> {
    return this.#store.close()
  }

  get #floor(): number {
    return this.#history.state([], 0).floor
  }

  #born(): RecordedHistory {
    this.#seed = this.#world.random.word()
    return this.#watched(seeded(this.#seed, () => new RecordedHistory(this.#limits)))
  }

  #watched(history: RecordedHistory): RecordedHistory {
    history.onAppend = (entry) => this.#committed(entry)
    return history
  }

  #opened(): Backplane {
    return overHistory(this.#history, () => this.#world.clock.now)
  }

  #begin(seed: number, end: number): void {
    const apply = (history: History): void => seeded(seed, () => history.beginEpoch(end))
    apply(this.#history)
    this.#history.operations.push({ apply, commit: undefined })
  }

  #swap(): void {
    void this.#store.close()
    this.#store = this.#opened()
    for (const link of this.#links) link.move(this.#store)
    this.#enter()
  }

  #close(epoch: string, end: number): void {
    const known = this.#epochs.get(epoch)
    if (known !== undefined) known.end = end
  }

  #enter(): void {
    const { epoch, position } = this.#history.state([], 0)
    this.#epochs.set(epoch, { lifetime: this.#lifetime, after: this.commits.length, last: position, end: Number.POSITIVE_INFINITY })
    this.#world.counts.epochs++
  }

  #committed({ topic, kind, epoch, position, previous, time, type, data }: Entry): Commit {
    const payload: Payload | undefined = kind === 'event' ? JSON.parse(data) : undefined
    const order = this.commits.length + 1
    const bytes = utf8Length(type) + utf8Length(data)
    const commit: Commit = { order, topic, kind, epoch, position, time, bytes, lifetime: this.#lifetime, payload, isDropped: false }
    this.commits.push(commit)
    const own = this.#byTopic.get(topic)
    if (own === undefined) this.#byTopic.set(topic, [commit])
    else own.push(commit)
    this.#byPosition.set(`${epoch}.${position}`, commit)
    const known = this.#epochs.get(epoch)
    if (known !== undefined) known.last = position
    if (kind === 'event') this.#world.counts.published++
    this.#world.say(
      () =>
        `shard: ${topic} has ${kind === 'end' ? 'its end' : `event ${payload?.n}${payload?.key}`} at ${epoch.slice(0, 3)}.${position}-${previous}`,
    )
    return commit
  }
}
