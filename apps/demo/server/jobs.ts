import { randomUUID } from 'node:crypto'
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { DecodedPayloads } from '@sse/schema'
import type { Stream } from '@sse/server'
import { z } from 'zod'
import { type ProgressEvent, type progressEvents, progressRecord } from '../contract.js'
import { Job } from './job.js'

/** So many jobs are kept; of those that are done the oldest goes first. */
const kept = 10
/** What is left of an earlier run, and older than this, is not taken up again. */
const staleAfter = 3_600_000

/** The jobs of this server. Their events are also on disk, so that killing the process interrupts a job, no more. */
export class Jobs {
  readonly #jobs = new Map<string, Job>()
  readonly #folder: string
  readonly #root: string
  readonly #stop = new AbortController()

  /**
   * @param folder where the jobs' files are kept; no other process may use it at the same time.
   * @param root what the jobs hash.
   */
  constructor(folder: string, root: string) {
    this.#folder = folder
    this.#root = root
    mkdirSync(folder, { recursive: true })
    this.#restore()
  }

  /** Undefined while as many jobs as are kept are still running. */
  start(seconds: number): Job | undefined {
    if (!this.#makeRoom()) return undefined
    const job = this.#add(randomUUID().slice(0, 8))
    this.#run(job, seconds)
    return job
  }

  get(id: string): Job | undefined {
    return this.#jobs.get(id)
  }

  /** Interrupts what runs; the next process goes on with it. */
  stop(): void {
    this.#stop.abort()
  }

  #add(id: string): Job {
    const file = this.#file(id)
    const job = new Job(id, this.#root, (event) => appendFileSync(file, lineOf(event)))
    this.#jobs.set(id, job)
    return job
  }

  #makeRoom(): boolean {
    if (this.#jobs.size < kept) return true
    const done = [...this.#jobs.values()].find(({ log }) => log.ended)
    if (done === undefined) return false
    this.#jobs.delete(done.id)
    rmSync(this.#file(done.id), { force: true })
    return true
  }

  #run(job: Job, seconds: number): void {
    job.run(seconds, this.#stop.signal).catch((error: unknown) => {
      if (!this.#stop.signal.aborted) console.error(`job ${job.id} failed:`, error)
    })
  }

  #restore(): void {
    const files = readdirSync(this.#folder)
      .filter((name) => name.endsWith('.jsonl'))
      .map((name) => ({ name, changed: statSync(path.join(this.#folder, name)).mtimeMs }))
      .sort((a, b) => a.changed - b.changed)
    for (const [index, { name, changed }] of files.entries()) {
      const file = path.join(this.#folder, name)
      const wanted = index >= files.length - kept && changed > Date.now() - staleAfter
      const text = wanted ? readFileSync(file, 'utf8') : ''
      const events = readEvents(text)
      if (events.length === 0) {
        rmSync(file, { force: true })
        continue
      }
      // Without a broken last line, which the next event would be written onto.
      const whole = events.map(lineOf).join('')
      if (whole !== text) writeFileSync(file, whole)
      const job = this.#add(path.basename(name, '.jsonl'))
      job.restore(events)
      if (!job.log.ended) this.#run(job, 20)
    }
  }

  #file(id: string): string {
    return path.join(this.#folder, `${id}.jsonl`)
  }
}

/** Fills a stream with a job's events, from the last one that the reader saw. */
export async function fillProgress(job: Job, stream: Stream<DecodedPayloads<typeof progressEvents>>): Promise<void> {
  const after = /^\d{1,9}$/.test(stream.lastEventId ?? '') ? Number(stream.lastEventId) : 0
  await stream.sendAll(job.log.follow(after <= job.log.last ? after : 0, stream.signal), ({ n, value }) => ({ ...value, id: String(n) }))
}

/** A job's file. A process that was killed may have left its last line unfinished; nothing after that counts. */
export function readEvents(lines: string): ProgressEvent[] {
  const events: ProgressEvent[] = []
  for (const line of lines.split('\n').slice(0, -1)) {
    const event = progressRecord.safeParse(parse(line))
    if (!event.success) break
    events.push(event.data)
  }
  return events
}

/** Undefined for what is no JSON. */
function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

function lineOf(event: ProgressEvent): string {
  return `${JSON.stringify(z.encode(progressRecord, event))}\n`
}
