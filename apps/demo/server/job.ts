import { createHash } from 'node:crypto'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { EventOf } from '@sse/schema'
import type { ProgressEvent, progressEvents } from '../contract.js'
import { EventLog } from './event-log.js'
import { hashFile, listFiles } from './files.js'

type FileEvent = EventOf<typeof progressEvents, 'file'>['data']
type Done = EventOf<typeof progressEvents, 'done'>['data']

/** One job and all its events. It runs on the server whether or not anybody reads. */
export class Job {
  readonly id: string
  readonly log = new EventLog<ProgressEvent>()
  readonly #root: string
  readonly #keep: (event: ProgressEvent) => void
  readonly #files: FileEvent[] = []

  /** @param keep is told each event as it happens, to store it. */
  constructor(id: string, root: string, keep: (event: ProgressEvent) => void) {
    this.id = id
    this.#root = root
    this.#keep = keep
  }

  /** Takes in what an earlier process had done of this job. */
  restore(events: readonly ProgressEvent[]): void {
    for (const event of events) this.#record(event)
  }

  /** Hashes every file of the repository, stretched out to so many seconds. Stops, unfinished, when the signal aborts. */
  async run(seconds: number, signal: AbortSignal): Promise<void> {
    // The short steps, too, are to be seen.
    const shown = Math.min(700, seconds * 1000)
    const known = new Set(this.#files.map((file) => file.path))
    if (this.log.last === 0) this.#emit({ type: 'started', data: { job: this.id, folder: path.basename(this.#root), at: new Date() } })
    else this.#emit({ type: 'note', data: { text: `The server was restarted: ${known.size} files were hashed already.`, at: new Date() } })
    this.#emit({ type: 'step', data: { name: 'scan', total: 0 } })
    const paths = await listFiles(this.#root)
    const rest = paths.filter((file) => !known.has(file))
    const total = known.size + rest.length
    await pause(shown, undefined, { signal })
    this.#emit({ type: 'step', data: { name: 'hash', total } })
    let skipped = 0
    for (const file of rest) {
      const hashed = await hashFile(path.join(this.#root, file))
      if (hashed === undefined) skipped += 1
      else this.#emit({ type: 'file', data: { path: file, ...hashed, done: this.#files.length + 1, total: total - skipped } })
      await pause((seconds * 1000) / total, undefined, { signal })
    }
    this.#emit({ type: 'step', data: { name: 'summarise', total } })
    await pause(shown, undefined, { signal })
    this.#emit({ type: 'done', data: summarise(this.#files, new Date()) })
  }

  #emit(event: ProgressEvent): void {
    this.#keep(event)
    this.#record(event)
  }

  #record(event: ProgressEvent): void {
    if (event.type === 'file') this.#files.push(event.data)
    this.log.append(event)
    if (event.type === 'done') this.log.end()
  }
}

/** What the whole came to: one digest over all, and the kinds of files that take the most room. */
export function summarise(files: readonly Pick<FileEvent, 'path' | 'bytes' | 'sha256'>[], at: Date): Done {
  const kinds = new Map<string, { extension: string; files: number; bytes: number }>()
  const digest = createHash('sha256')
  let bytes = 0
  for (const file of files.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    const extension = path.extname(file.path) || 'other'
    const kind = kinds.get(extension) ?? { extension, files: 0, bytes: 0 }
    kinds.set(extension, { extension, files: kind.files + 1, bytes: kind.bytes + file.bytes })
    digest.update(`${file.sha256}  ${file.path}\n`)
    bytes += file.bytes
  }
  const largest = [...kinds.values()].sort((a, b) => b.bytes - a.bytes).slice(0, 5)
  return { files: files.length, bytes, sha256: digest.digest('hex'), kinds: largest, at }
}
