import { type GapReason, type Position, parsePosition } from '@sse/schema/wire'
import { covers, type Payload, promisedOf, subtree } from './contract.js'
import { KnownHole } from './known-hole.js'
import type { Commit, Shard } from './shard.js'
import { newView, type View } from './view.js'
import type { World } from './world.js'

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
  /** And when. */
  #connectedAt = 0
  readonly #hole: KnownHole
  /** The reader began with something that is no cursor of this shard. */
  #isForeign = false
  /** It began past the end of its epoch, here. */
  #beyond = ''
  #isOver = false
  #overAt = Number.POSITIVE_INFINITY
  #hasLeft = false

  constructor(world: World, shard: Shard, name: string, names: readonly string[], isChecked: boolean) {
    this.#world = world
    this.#shard = shard
    this.#name = name
    this.names = names
    this.#isChecked = isChecked
    this.#hole = new KnownHole(world, shard)
  }

  /** The reader begins at a cursor, of which nobody knows what it is worth. */
  begin(cursor: string): void {
    const order = this.#shard.orderAt(cursor)
    this.#isForeign = order === undefined
    for (const name of this.names) this.#anchors.set(name, order ?? 0)
    if (order === undefined) return
    this.verify(cursor)
    if (!this.#shard.isBeyond(cursor)) return
    this.#beyond = cursor
    for (const name of this.names) if (name !== subtree) this.#view(name).misled.add(0)
  }

  /**
   * It connects, from where it is.
   *
   * @param isTakenBack its node has noticed what was lost, and has told it where to go on.
   */
  connect(cursor: string, isTakenBack: boolean): void {
    if (!isTakenBack) this.#hole.leave()
    const order = this.#shard.orderAt(cursor)
    this.#from = order ?? 0
    this.#connectedAt = this.#world.clock.now
    for (const view of this.#views.values()) {
      view.reached = 0
      // It goes directly before the next event, but a connection may be cut in between: then what it stood for comes again.
      view.gaps = view.gaps.filter(({ reason }) => reason !== 'overflow')
      // The server took it back, and sends again what came since; a client that checks leaves out what it had.
      if (!this.#isChecked && order !== undefined && view.last !== undefined) view.last = Math.min(view.last, order)
      // Whoever was taken back to before what does not count any more keeps no word of it: nobody can know.
      for (const each of view.misled) if (order !== undefined && each > order) view.misled.delete(each)
    }
    if (order === undefined) return
    this.#checkUpTo(order, `its cursor ${cursor}`)
    this.#anchor(order)
  }

  /** A node answers it. */
  reach(node: string): void {
    this.#hole.reach(node)
  }

  /** Nothing arrives any more, whoever has noticed. */
  wedge(): void {
    this.#hole.wedge()
  }

  /** The server vouches for everything up to here. */
  verify(id: string): void {
    const position = parsePosition(id)
    if (position !== undefined && this.#shard.orderAt(id) !== undefined) this.#hole.verify(position)
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
    if (position === undefined || commit?.topic !== topic || commit.payload?.n !== n) {
      return void this.#fail(
        `got event ${n} of ${topic} as ${id}, which is ${commit ? `event ${commit.payload?.n} of ${commit.topic}` : 'none'}`,
      )
    }
    const { order } = commit
    const view = this.#view(topic)
    this.#hole.event(position)
    const isAgain = view.seen.has(order)
    if (isAgain) this.#world.counts.duplicates++
    if (isAgain && (this.#isChecked || order <= this.#from)) return void this.#fail(`got event ${n} of ${topic} (${id}) twice`)
    if (view.last !== undefined && order <= view.last) return void this.#fail(`got event ${n} of ${topic} (${id}) out of order`)
    // What is published after an end was forgotten is another beginning.
    const isLate = view.endedAt > order && !isAgain && !this.#hole.has(order, false)
    if (isLate) return void this.#fail(`got event ${n} of ${topic} (${id}) after the end`)
    if (!isAgain) this.#world.counts.delivered++
    if (view.last !== undefined) this.#checkHole(topic, view, commit, position)
    view.last = order
    view.reached = order
    view.seen.add(order)
    view.gapUpTo = 0
    this.#judgeGaps(topic, view, order)
    if (commit.isDropped) this.#mislead(view, order, true)
  }

  gap(topics: readonly string[], reason: GapReason): void {
    this.#world.counts.gaps++
    this.#hole.gap()
    const upTo = this.#shard.commits.length
    for (const name of topics.length === 0 ? this.names : topics) {
      this.#told.set(name, upTo)
      if (name !== subtree && this.#isAsked(name)) {
        const view = this.#view(name)
        const from = Math.max(this.#from, view.reached)
        view.gaps = [...view.gaps, { from, upTo, reason }]
        if (
          reason === 'trimmed' &&
          this.#shard.isWhole &&
          !this.#shard.of(name).some((commit) => commit.order > from && this.#shard.hasExpired(commit))
        ) {
          this.#fail(`was told a gap of ${name}, of which everything is within retention`)
        }
      }
      for (const [topic, view] of this.#views) {
        if (!covers(name, topic)) continue
        view.gapUpTo = upTo
        view.misled.clear()
      }
    }
  }

  /** Without topics: all is over. */
  end(topics: readonly string[] | undefined): void {
    for (const topic of topics ?? []) {
      const view = this.#view(topic)
      // It may have been forgotten, and the topic have begun and ended again, before the reader hears of it.
      view.endedAt = this.#shard.endAfter(topic, view.last ?? 0) || this.#shard.lastEndOf(topic)
    }
    if (topics !== undefined) return
    this.#isOver = true
    this.#overAt = this.#shard.commits.length
    this.#world.counts.ended++
    const open = this.names.find((name) => !this.#shard.of(name).some(({ kind }) => kind === 'end'))
    if (open !== undefined) this.#fail(`was told that all is over, and ${open} is not`)
  }

  /** It is told, in place of a stream, that it has had everything: at least of all that had ended when it asked. */
  dismiss(): void {
    for (const topic of this.names) this.#view(topic).endedAt = this.#shard.lastEndOf(topic, this.#connectedAt)
  }

  /** History was lost: who had of it is to be told. */
  mislead(): void {
    for (const [topic, view] of this.#views) {
      for (const { order, isDropped } of this.#shard.of(topic)) {
        // Whoever was taken back to before it keeps no word of it: nobody can know.
        if (isDropped && view.seen.has(order)) this.#mislead(view, order, order <= Math.max(this.#from, view.reached))
      }
    }
  }

  /** The reader goes, with what it has. */
  leave(cursor: string): void {
    this.#hole.leave()
    const order = this.#shard.orderAt(cursor)
    if (order !== undefined) this.#checkUpTo(order, `its cursor ${cursor}`)
    this.#hasLeft = true
  }

  /**
   * Nothing has been amiss since then, and what was published is some seconds old: who has read live ever since has it, and
   * not only when tails are compared.
   */
  settleLive(since: number): void {
    if (!this.#hasLeft && !this.#isOver && this.#hole.since < since) this.#checkUpTo(this.#shard.commits.length, 'the last seconds')
  }

  /** All is quiet, and has been for long: now everything is there. */
  settle(): void {
    if (this.#hasLeft) return
    if (!this.#isOver) {
      for (const name of this.names) if (!this.#anchors.has(name)) return void this.#fail(`never got to ${name}`)
      if (this.names.every((name) => this.#shard.hasEnded(name) && !this.#isForgotten(name)))
        return void this.#fail('was not told that all is over')
    }
    this.#checkUpTo(Math.min(this.#overAt, this.#shard.commits.length), 'the end')
    for (const [topic, view] of this.#views) {
      // A replica that took over may not have heard that the epoch ended there.
      if (!this.#shard.isBeyond(this.#beyond)) view.misled.delete(0)
      this.#judgeGaps(topic, view, Number.POSITIVE_INFINITY)
      if (view.misled.size > 0 && !this.#isOver) this.#fail(`had an event of ${topic} that does not count any more, and was told no gap`)
      if (!this.#isOver && view.endedAt === 0 && this.#isToEnd(topic)) this.#fail(`was not told the end of ${topic}`)
    }
  }

  #mislead(view: View, order: number, isKnown: boolean): void {
    if (!view.dropped.has(order) && isKnown) view.misled.add(order)
    view.dropped.add(order)
  }

  #fail(why: string): void {
    this.#world.fail(`${this.#name} ${why}`)
  }

  #isToEnd(topic: string): boolean {
    if (!this.#shard.hasEnded(topic)) return false
    if (this.#isForgotten(topic)) return false
    // Of a subtree, only the ends to come are told; after a gap, only those after it.
    const begun = this.names.includes(topic) ? 0 : Math.max(this.#told.get(subtree) ?? 0, ...this.#anchors.values())
    return this.#shard
      .of(topic)
      .some(({ kind, order, isDropped }) => kind === 'end' && !isDropped && order > begun && !this.#hole.has(order, false))
  }

  /** Its end was forgotten with the topic; that something was missed is known. */
  #isForgotten(topic: string): boolean {
    return this.#view(topic).gapUpTo >= this.#shard.endOf(topic) && !this.#shard.remembers(topic)
  }

  #isAsked(topic: string): boolean {
    return this.names.some((name) => covers(name, topic))
  }

  #view(topic: string): View {
    const known = this.#views.get(topic)
    if (known !== undefined) return known
    const anchors = this.names.flatMap((name) => (covers(name, topic) ? (this.#anchors.get(name) ?? []) : []))
    const gaps = [...this.#told].flatMap(([name, upTo]) => (covers(name, topic) ? upTo : []))
    const view = newView(anchors.length === 0 ? undefined : Math.min(...anchors), Math.max(0, ...gaps))
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
      const end = this.#isOver ? view.endedAt : order
      const missing = this.#missing(topic, view, Math.min(order, end) + 1)
      if (missing !== undefined) return void this.#fail(`is past event ${missing.payload?.n} of ${topic} by ${why}, and never got it`)
    }
  }

  #checkHole(topic: string, view: View, { order, payload }: Commit, { epoch, previous = 0 }: Position): void {
    // The first one of a topic that was given back links to no event.
    const isLinked = this.#shard.at({ epoch, at: previous, previous: undefined })?.topic === topic
    const hasLinks = this.#isChecked && isLinked && promisedOf(topic) === 'everything'
    const missing = this.#missing(topic, view, order, hasLinks)
    if (missing !== undefined) this.#fail(`got event ${payload?.n} of ${topic}, but never ${missing.payload?.n}`)
  }

  /** An event between where the reader is and that order, which it has not got and no gap told. */
  #missing(topic: string, { last = 0, gapUpTo, seen }: View, before: number, hasLinks = false): Commit | undefined {
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
      const isDue = commit.order < before && !commit.isDropped && !isReplaced
      if (isDue && !seen.has(commit.order) && !this.#hole.has(commit.order, hasLinks)) missing = commit
      keys.add(commit.payload?.key ?? '')
    }
    return missing
  }

  /** A gap stands for something: an event that did not come. */
  #judgeGaps(topic: string, view: View, order: number): void {
    const { gaps } = view
    view.gaps = []
    for (const { from, upTo, reason } of gaps) {
      const isCaused = this.#shard.of(topic).some((commit) => {
        // One that does not count any more may have been known of when the gap was told.
        return commit.order > from && commit.order <= upTo && (commit.order < order || commit.isDropped)
      })
      if (isCaused) continue
      this.#world.counts.idleGaps++
      const isAnew = this.#shard.epochs > 1
      const isRight = reason === 'trimmed' ? isAnew || this.#shard.hasFloor : reason === 'reset' && (isAnew || this.#isForeign)
      if (!isRight) this.#fail(`was told a gap (${reason}) of ${topic}, of which nothing is missing`)
    }
  }
}
