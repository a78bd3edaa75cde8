import type { Worker } from 'node:worker_threads'
import { BackplaneClosedError, StorageBusyError, StorageFailedError } from '../errors.ts'
import type { Answer, FromWorker, Question, ToWorker } from './protocol.ts'
import { storageError } from './storage-error.ts'

interface Pending {
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: Error) => void
  readonly size: number
}

/** What may wait for a worker, in characters: while the file is locked they are in memory. */
const mostWaiting = 67_108_864

/** The main thread's side of a worker: every question is answered, or rejects once nobody can answer it any more. */
export class Client {
  readonly #path: string
  readonly #worker: Worker
  readonly #onNews: (news: FromWorker['news']) => void
  readonly #pending = new Map<number, Pending>()
  #waiting = 0
  #last = 0
  readonly #onIdle: (() => void)[] = []
  #closing: Promise<void> | undefined
  #crash: Error | undefined
  readonly #exited: Promise<void>

  /** @param onNews must not throw. */
  constructor(path: string, worker: Worker, onNews: (news: FromWorker['news']) => void) {
    this.#path = path
    this.#worker = worker
    this.#onNews = onNews
    worker.on('message', (message: FromWorker) => this.#receive(message))
    worker.on('messageerror', (error) => this.#crashed(error))
    worker.on('error', (error) => this.#crashed(error))
    this.#exited = new Promise((resolve) => {
      worker.on('exit', (code) => {
        if (this.#closing === undefined || this.#pending.size > 0) this.#crashed(new Error(`it exited with code ${code}`))
        resolve()
      })
    })
    // An idle backplane keeps no process alive.
    worker.unref()
  }

  /** @throws (rejects) what {@link storageError} makes of a failure; BackplaneClosedError */
  async ask(question: Exclude<Question, { kind: 'close' }>): Promise<Answer> {
    if (this.#closing !== undefined) throw new BackplaneClosedError()
    return await this.#ask(question)
  }

  /** Nobody waits for it, and no process lives for it. */
  unwatch(names: readonly string[]): void {
    if (this.#crash === undefined && this.#closing === undefined) this.#tell({ id: 0, question: { kind: 'unwatch', names } })
  }

  /** Everything that was asked is answered first. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    // Whoever waits for the end must live to see it.
    this.#worker.ref()
    if (this.#pending.size > 0) await new Promise<void>((resolve) => this.#onIdle.push(resolve))
    if (this.#crash === undefined) await this.#ask({ kind: 'close' }).catch(() => {})
    await this.#exited
  }

  #ask(question: Question): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#crash !== undefined) return reject(this.#crash)
      const size = question.kind === 'append' ? question.append.data.length : 0
      if (this.#waiting + size > mostWaiting && this.#pending.size > 0) {
        return reject(new StorageBusyError(this.#path, `more than ${mostWaiting} characters wait to be stored`))
      }
      const id = ++this.#last
      this.#tell({ id, question })
      this.#pending.set(id, { resolve, reject, size })
      this.#waiting += size
      // What is in flight must come to its end, also where nothing else keeps the process alive.
      this.#worker.ref()
    })
  }

  #tell(message: ToWorker): void {
    this.#worker.postMessage(message)
  }

  #receive({ news, replies }: FromWorker): void {
    try {
      if (news.length > 0) this.#onNews(news)
    } finally {
      // Also where a listener has thrown: somebody else waits for these.
      for (const { id, answer } of replies) this.#settle(id, answer)
    }
  }

  #settle(id: number, answer: Answer): void {
    const pending = this.#pending.get(id)
    if (pending === undefined) return
    this.#forget(id, pending)
    if (answer.kind === 'failed') pending.reject(storageError(answer.failure, this.#path))
    else pending.resolve(answer)
  }

  #forget(id: number, { size }: Pending): void {
    this.#pending.delete(id)
    this.#waiting -= size
    if (this.#pending.size > 0) return
    if (this.#closing === undefined) this.#worker.unref()
    for (const idle of this.#onIdle) idle()
  }

  #crashed(error: unknown): void {
    if (this.#crash !== undefined) return
    const reason = error instanceof Error ? error.message : String(error)
    this.#crash = new StorageFailedError(this.#path, `its worker has died (${reason}): open the backplane again`)
    for (const [id, pending] of this.#pending) {
      this.#forget(id, pending)
      pending.reject(this.#crash)
    }
    // Nobody announces any more. Whoever listens asks for the state and learns why.
    if (this.#closing === undefined) this.#onNews(['interrupted'])
  }
}
