import type { GapReason } from '@sse/schema/wire'
import { parsePosition } from '@sse/schema/wire'
import { covers, type Payload, promisedOf, subtree } from './contract.js'
import type { Commit, Shard } from './shard.js'
import type { World } from './world.js'

/** A node compares the tails every ten seconds, and what is missing twice is lost; in milliseconds, with what it takes. */
const longestUnnoticed = 25_000

/** What a reader had of one topic. Orders are those of commits. */
interface View {
  /** Where it is: nothing at or below it is to come. Undefined: it has not begun. */
  last: number | undefined
  readonly seen: Set<number>
  /** A gap told since the last event covers what was appended up to here. */
  gapUpTo: number
  /** Gaps of which it is not known yet what they stand for: something from after `from`, up to `upTo`. */
  readonly gaps: { readonly from: number; readonly upTo: number; readonly reason: GapReason }[]
  /** It had something that does not count any more, and was not told. */
  isMisled: boolean
  /** What it had that does not count any more. */
  readonly dropped: Set<number>
  hasEnded: boolean
}

/** What one reader had, compared with what was appended: in order, once, and whole but for what a gap told. */
export class Ledger {
  readonly #world: World
  readonly #shard: Shard
  readonly #name: string
  readonly names: readonly string[]
  /** Whether the client drops what it had. */
  readonly #isChecked: boolean
  readonly #views = new Map<string, View>()
  /** Where what was asked for begins. */
  readonly #anchors = new Map<string, number>()
  /** Gaps by the name that they were told of. */
  readonly #told = new Map<string, number>()
  /** Where the connection of now began. */
  #from = 0
  /** What nobody can vouch for: see `#excuse`. */
  readonly #excused = new Set<number>()
  #node = ''
  #since = 0
  /** The reader began with something that is no cursor of this shard. */
  #isForeign = false
  #isOver = false
  #hasLeft = false

  constructor(world: World, shard: Shard, name: string, names: readonly string[], isChecked: boolean) {
    this.#world = world
    this.#shard = shard
    this.#name = name
    this.names = names
    this.#isChecked = isChecked
  }

  /** The reader begins at a cursor, of which nobody knows what it is worth. */
  begin(cursor: string): void {
    const order = this.#shard.orderAt(cursor)
    this.#isForeign = order === undefined
    for (const name of this.names) this.#anchors.set(name, order ?? 0)
    if (order === undefined || !this.#shard.isBeyond(cursor)) return
    for (const name of this.names) if (name !== subtree) this.#view(name).isMisled = true
  }

  /** It connects, from where it is. */
  connect(cursor: string): void {
    this.#excuse()
    const order = this.#shard.orderAt(cursor)
    this.#from = order ?? 0
    if (order === undefined) return
    this.#checkUpTo(order, `its cursor ${cursor}`)
    this.#anchor(order)
  }

  /** A node answers it. */
  reach(node: string): void {
    this.#node = node
    this.#since = this.#world.clock.now
  }

  /** The server vouches for everything up to here, and the reader has taken all that came before. */
  vouch(id: string): void {
    const order = this.#shard.orderAt(id)
    if (order === undefined) return
    this.#checkUpTo(order, `the server's word ${id}`)
    this.#anchor(order)
  }

  event(topic: string, id: string, { n }: Payload): void {
    const position = parsePosition(id)
    const commit = position && this.#shard.at(position)
    if (commit?.topic !== topic || commit.payload?.n !== n) {
      return this.#fail(
        `got event ${n} of ${topic} as ${id}, which is ${commit ? `event ${commit.payload?.n} of ${commit.topic}` : 'none'}`,
      )
    }
    const { order } = commit
    const view = this.#view(topic)
    if (view.seen.has(order)) {
      this.#world.counts.duplicates++
      if (this.#isChecked || order <= this.#from) this.#fail(`got event ${n} of ${topic} (${id}) twice`)
      return
    }
    if (view.last !== undefined && order <= view.last) return this.#fail(`got event ${n} of ${topic} (${id}) out of order`)
    if (view.hasEnded && this.#shard.of(topic).some((end) => end.kind === 'end' && !end.isDropped && end.order < order)) return this.#fail(`got event ${n} of ${topic} (${id}) after the end`)
    this.#world.counts.delivered++
    if (view.last !== undefined) this.#checkHole(topic, view, order)
    view.last = order
    view.seen.add(order)
    view.gapUpTo = 0
    this.#judgeGaps(topic, view, order)
    if (commit.isDropped) this.#mislead(view, order)
  }

  gap(topics: readonly string[], reason: GapReason): void {
    this.#world.counts.gaps++
    const upTo = this.#shard.commits.length
    for (const name of topics.length === 0 ? this.names : topics) {
      this.#told.set(name, upTo)
      if (name !== subtree && this.#isAsked(name)) this.#view(name).gaps.push({ from: this.#from, upTo, reason })
      for (const [topic, view] of this.#views) {
        if (!covers(name, topic)) continue
        view.gapUpTo = upTo
        view.isMisled = false
      }
    }
  }

  /** Without topics: all is over. */
  end(topics: readonly string[] | undefined): void {
    for (const topic of topics ?? []) this.#view(topic).hasEnded = true
    if (topics !== undefined) return
    this.#isOver = true
    this.#world.counts.ended++
    const open = this.names.find((name) => !this.#shard.of(name).some(({ kind }) => kind === 'end'))
    if (open !== undefined) this.#fail(`was told that all is over, and ${open} is not`)
  }

  /** History was lost: who had of it is to be told. */
  mislead(): void {
    for (const [topic, view] of this.#views) {
      for (const { order, isDropped } of this.#shard.of(topic)) if (isDropped && view.seen.has(order)) this.#mislead(view, order)
    }
  }

  /** The reader goes, with what it has. */
  leave(cursor: string): void {
    this.#excuse()
    const order = this.#shard.orderAt(cursor)
    if (order !== undefined) this.#checkUpTo(order, `its cursor ${cursor}`)
    this.#hasLeft = true
  }

  /** All is quiet, and has been for long: now everything is there. */
  settle(): void {
    if (this.#hasLeft) return
    if (!this.#isOver) {
      for (const name of this.names) if (!this.#anchors.has(name)) return this.#fail(`never got to ${name}`)
      if (this.names.every((name) => this.#shard.hasEnded(name))) return this.#fail('was not told that all is over')
    }
    this.#checkUpTo(this.#shard.commits.length, 'the end')
    for (const [topic, view] of this.#views) {
      this.#judgeGaps(topic, view, Number.POSITIVE_INFINITY)
      if (view.isMisled && !this.#isOver) this.#fail(`had an event of ${topic} that does not count any more, and was told no gap`)
      if (!this.#isOver && !view.hasEnded && this.#isToEnd(topic)) this.#fail(`was not told the end of ${topic}`)
    }
  }

  #mislead(view: View, order: number): void {
    if (!view.dropped.has(order)) view.isMisled = true
    view.dropped.add(order)
  }

  #fail(why: string): void {
    this.#world.fail(`${this.#name} ${why}`)
  }

  /**
   * The one known hole in the promise: an announcement that is lost without a word shows in its topic's next entry, or when
   * the node compares the tails. A reader whose connection ends before is past it by the ids of other topics, and nobody knows.
   */
  #excuse(): void {
    const { now } = this.#world.clock
    for (const { order, node, time } of this.#shard.lost) {
      if (node === this.#node && time >= this.#since && now - time < longestUnnoticed) this.#excused.add(order)
    }
  }

  /** Who reads a subtree is told of the ends to come. */
  #isToEnd(topic: string): boolean {
    if (!this.#shard.hasEnded(topic)) return false
    const begun = this.names.includes(topic) ? 0 : Math.max(0, ...this.#anchors.values())
    return this.#shard.of(topic).some(({ kind, order, isDropped }) => kind === 'end' && !isDropped && order > begun)
  }

  #isAsked(topic: string): boolean {
    return this.names.some((name) => covers(name, topic))
  }

  #view(topic: string): View {
    const known = this.#views.get(topic)
    if (known !== undefined) return known
    const anchors = this.names.flatMap((name) => (covers(name, topic) ? (this.#anchors.get(name) ?? []) : []))
    const gaps = [...this.#told].flatMap(([name, upTo]) => (covers(name, topic) ? upTo : []))
    const view: View = {
      last: anchors.length === 0 ? undefined : Math.min(...anchors),
      seen: new Set(),
      gapUpTo: Math.max(0, ...gaps),
      gaps: [],
      isMisled: false,
      dropped: new Set(),
      hasEnded: false,
    }
    this.#views.set(topic, view)
    return view
  }

  /** What has not begun begins here. */
  #anchor(order: number): void {
    if (this.#anchors.size === this.names.length) return
    for (const name of this.names) {
      if (this.#anchors.has(name)) continue
      this.#anchors.set(name, order)
      for (const [topic, view] of this.#views) if (covers(name, topic)) view.last ??= order
    }
  }

  #checkUpTo(order: number, why: string): void {
    const topics = new Set(this.#shard.commits.map(({ topic }) => topic))
    for (const topic of topics) {
      if (!this.#isAsked(topic)) continue
      const view = this.#view(topic)
      if (view.last === undefined) continue
      const missing = this.#missing(topic, view, order + 1)
      if (missing !== undefined) return this.#fail(`is past event ${missing.payload?.n} of ${topic} by ${why}, and never got it`)
    }
  }

  #checkHole(topic: string, view: View, order: number): void {
    const missing = this.#missing(topic, view, order)
    if (missing !== undefined)
      this.#fail(`got event ${this.#shard.commits[order - 1]?.payload?.n} of ${topic}, but never ${missing.payload?.n}`)
  }

  /** An event between where the reader is and that order, which it has not got and no gap told. */
  #missing(topic: string, { last = 0, gapUpTo }: View, before: number): Commit | undefined {
    const commits = this.#shard.of(topic)
    const keys = new Set<string>()
    const isLatest = promisedOf(topic) === 'latest'
    let missing: Commit | undefined
    for (let index = commits.length - 1; index >= 0; index--) {
      const commit = commits[index]
      if (commit === undefined || commit.order <= Math.max(last, gapUpTo)) break
      if (commit.kind === 'end') continue
      // It may have been replaced by one that was dropped later.
      const isReplaced = isLatest && keys.has(commit.payload?.key ?? '')
      if (commit.order < before && !commit.isDropped && !isReplaced && !this.#excused.has(commit.order)) missing = commit
      keys.add(commit.payload?.key ?? '')
    }
    return missing
  }

  /** A gap stands for something: an event that did not come. */
  #judgeGaps(topic: string, view: View, order: number): void {
    for (const { from, upTo, reason } of view.gaps.splice(0)) {
      const isCaused = this.#shard.of(topic).some((commit) => {
        return commit.order > from && commit.order < order && commit.order <= upTo && !view.seen.has(commit.order)
      })
      if (isCaused) continue
      this.#world.counts.idleGaps++
      const isRight = reason === 'trimmed' ? this.#shard.hasFloor : reason === 'reset' && (this.#isForeign || this.#shard.epochs > 1)
      if (!isRight) this.#fail(`was told a gap (${reason}) of ${topic}, of which nothing is missing`)
    }
  }
}
