import { type Failure, failureOf, StoreFailure } from './failure.ts'
import { isAt } from './identity.ts'
import type { Answer, FromWorker, Question, WorkerSettings } from './protocol.ts'
import { type Opened, openFile } from './schema.ts'
import { type Announcement, type Mark, Store, type StoredAppend } from './store.ts'

/** A question that waits for its turn, and since when (by `performance.now`). */
interface Waiting<Asked extends Question = Question> {
  readonly id: number
  readonly question: Asked
  readonly since: number
}
type WaitingAppend = Waiting<Extract<Question, { kind: 'append' }>>

/** What goes into one transaction at most, in appends and in characters: while it lasts, other processes wait. */
const mostAtOnce = 1_000
const mostTextAtOnce = 16_777_216
/** The longest time between two attempts at a lock, in milliseconds. */
const longestDelay = 20

/**
 * Answers questions turn by turn: everything that came meanwhile is one turn, and all its appends are one transaction, so
 * that they share its one wait for the disk. A question that finds the file locked waits for the next turn, and the others
 * go on: history can be read while some process sits on the lock.
 */
export class Turns {
  readonly #settings: WorkerSettings
  readonly #post: (message: FromWorker) => void
  #file: (Opened & { readonly store: Store }) | undefined
  #appends: WaitingAppend[] = []
  #others: Waiting[] = []
  #news: (Announcement | 'interrupted')[] = []
  #replies: { readonly id: number; readonly answer: Answer }[] = []
  readonly #watched = new Set<string>()
  /** Up to here everything that is watched was announced. */
  #announced: Mark | undefined
  /** The file's version at that time. */
  #version = 0
  #isScheduled = false
  #delay = 0
  /** Something in this turn found the file locked, and waits. */
  #isLocked = false
  #poll: NodeJS.Timeout | undefined
  #isDeaf = false

  constructor(settings: WorkerSettings, post: (message: FromWorker) => void) {
    this.#settings = settings
    this.#post = post
    // The file is made at once, and a wrong path noticed by the first question.
    this.#schedule()
  }

  ask(id: number, question: Exclude<Question, { kind: 'close' }>): void {
    const since = performance.now()
    if (question.kind === 'append') this.#appends.push({ id, question, since })
    else this.#others.push({ id, question, since })
    this.#schedule()
  }

  /** Nothing is asked any more. The log goes into the file, where no other process has it open. */
  close(id: number): void {
    clearTimeout(this.#poll)
    this.#watched.clear()
    try {
      this.#file?.db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    } catch {}
    this.#file?.db.close()
    this.#file = undefined
    this.#reply(id, { kind: 'done' })
    this.#flush()
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    const turn = (): void => {
      this.#isScheduled = false
      this.#turn()
    }
    // Not sooner than what has already arrived is here.
    if (this.#delay === 0) setImmediate(turn)
    else setTimeout(turn, this.#delay)
  }

  #turn(): void {
    const appends = this.#appends
    const others = this.#others
    this.#appends = []
    this.#others = []
    try {
      const store = this.#store()
      this.#appends = this.#appendAll(appends, store)
      this.#others = others.filter((waiting) => this.#isLeft(waiting, store))
    } catch (error) {
      const failure = failureOf(error)
      this.#appends = appends.filter((waiting) => this.#staysAfter(failure, waiting))
      this.#others = others.filter((waiting) => this.#staysAfter(failure, waiting))
    }
    this.#flush()
    // A sweep that has more to do goes on at once: only a lock is worth waiting for.
    this.#delay = this.#isLocked ? Math.min(longestDelay, this.#delay * 2 || 1) : 0
    this.#isLocked = false
    if (this.#appends.length + this.#others.length > 0) this.#schedule()
  }

  #store(): Store {
    if (this.#file !== undefined) {
      if (isAt(this.#settings.path, this.#file.identity)) return this.#file.store
      throw new StoreFailure('replaced', 'another file, or none, is in its place')
    }
    const opened = openFile(this.#settings.path)
    this.#file = { ...opened, store: new Store(opened.db, this.#settings.limits) }
    return this.#file.store
  }

  /** Returns those that found the file locked and may wait on. Their order stays. */
  #appendAll(appends: readonly WaitingAppend[], store: Store): WaitingAppend[] {
    let done = 0
    while (done < appends.length) {
      const batch = batchFrom(appends, done)
      const left = this.#commit(batch, store)
      done += batch.length - left.length
      if (left.length > 0) break
    }
    return appends.slice(done).filter((waiting) => this.#staysAfter({ kind: 'busy', detail: 'the file is locked' }, waiting))
  }

  /** Returns those that found the file locked. */
  #commit(batch: readonly WaitingAppend[], store: Store): readonly WaitingAppend[] {
    try {
      const { before, after, outcomes } = store.append(batch.map(({ question }) => question.append))
      const announcements: Announcement[] = []
      for (const [index, outcome] of outcomes.entries()) {
        const id = batch[index]?.id ?? 0
        if ('ended' in outcome) this.#reply(id, { kind: 'ended', topic: outcome.ended })
        else this.#reply(id, { kind: 'appended', appended: outcome.appended })
        if ('announcement' in outcome && outcome.announcement !== undefined) announcements.push(outcome.announcement)
      }
      this.#announceOwn(announcements, before, after, store)
      return []
    } catch (error) {
      const failure = failureOf(error)
      if (failure.kind === 'busy') return batch
      const [only, ...more] = batch
      if (only !== undefined && more.length === 0) this.#reply(only.id, { kind: 'failed', failure })
      // What one of them is too large for, the others are not.
      else for (const [index, one] of batch.entries()) if (this.#commit([one], store).length > 0) return batch.slice(index)
      return []
    }
  }

  #announceOwn(announcements: readonly Announcement[], before: Mark, after: Mark, store: Store): void {
    if (this.#watched.size === 0) return
    if (this.#announced?.epoch === before.epoch && this.#announced.position === before.position) {
      // Nobody else's came between: they need not be read back.
      for (const one of announcements) if (this.#isWatched(one.entry.topic) || this.#isWatched(one.subtree)) this.#news.push(one)
      this.#announced = after
      return
    }
    try {
      this.#catchUp(store)
    } catch {
      // They are stored, so the append has succeeded; the next poll announces them.
      this.#version = -1
    }
  }

  /** Answers what is not an append. Whether it must be asked again. */
  #isLeft(waiting: Waiting, store: Store): boolean {
    try {
      const answer = this.#answer(waiting.question, store)
      if (answer === undefined) return true
      this.#reply(waiting.id, answer)
      return false
    } catch (error) {
      return this.#staysAfter(failureOf(error), waiting)
    }
  }

  #answer(question: Question, store: Store): Answer | undefined {
    switch (question.kind) {
      case 'state':
        return { kind: 'state', state: store.state(question.names, question.after) }
      case 'read':
        return { kind: 'entries', entries: store.read(question.topic, question.range, question.now) }
      case 'locate':
        return { kind: 'position', position: store.locate(question.topic, question.from, question.now) }
      case 'unwatch':
        for (const name of question.names) this.#watched.delete(name)
        return { kind: 'done' }
      case 'sweep':
        return store.sweep(question.now) ? undefined : { kind: 'done' }
      case 'watch':
        this.#watch(question.names, store)
        return { kind: 'done' }
      default:
        throw new TypeError(`a question of kind ${question.kind} has no answer here`)
    }
  }

  #watch(names: readonly string[], store: Store): void {
    if (this.#watched.size > 0) this.#catchUp(store)
    else {
      this.#version = store.version()
      this.#announced = store.mark()
    }
    for (const name of names) this.#watched.add(name)
    if (this.#watched.size > 0) this.#poll ??= setTimeout(() => this.#lookUp(), this.#settings.pollInterval)
  }

  /** Announces everything up to here, in one order, whoever appended it. */
  #catchUp(store: Store): void {
    const version = store.version()
    const since = this.#announced ?? store.mark()
    const { mark, missed, announcements } = store.news(since, (name) => this.#isWatched(name))
    if (missed) this.#news.push('interrupted')
    for (const one of announcements) this.#news.push(one)
    this.#announced = mark
    this.#version = version
  }

  /** Whether other processes have appended: asking for the version takes microseconds. */
  #lookUp(): void {
    this.#poll = undefined
    if (this.#watched.size === 0) return
    try {
      const store = this.#store()
      if (store.version() !== this.#version) this.#catchUp(store)
      this.#isDeaf = false
    } catch (error) {
      // Nothing is announced until it can be read again. Whoever listens asks for the state and learns why.
      if (!this.#isDeaf && failureOf(error).kind !== 'busy') {
        this.#isDeaf = true
        this.#news.push('interrupted')
      }
    }
    this.#flush()
    this.#poll = setTimeout(() => this.#lookUp(), this.#settings.pollInterval)
  }

  #isWatched(name: string | undefined): boolean {
    return name !== undefined && this.#watched.has(name)
  }

  /** A lock may be given back yet; of every other failure whoever asked is told at once. */
  #staysAfter(failure: Failure, { id, since }: Waiting): boolean {
    if (failure.kind === 'busy' && performance.now() - since < this.#settings.lockTimeout) {
      this.#isLocked = true
      return true
    }
    this.#reply(id, { kind: 'failed', failure })
    return false
  }

  #reply(id: number, answer: Answer): void {
    this.#replies.push({ id, answer })
  }

  #flush(): void {
    if (this.#news.length === 0 && this.#replies.length === 0) return
    this.#post({ news: this.#news, replies: this.#replies })
    this.#news = []
    this.#replies = []
  }
}

function batchFrom(appends: readonly WaitingAppend[], from: number): readonly WaitingAppend[] {
  let to = from
  let text = 0
  while (to < appends.length && to - from < mostAtOnce && text < mostTextAtOnce) {
    text += textOf(appends[to]?.question.append)
    to++
  }
  return appends.slice(from, to)
}

function textOf(append: StoredAppend | undefined): number {
  return append === undefined ? 0 : append.data.length
}
