import { isoDate } from '@sse/schema'
import { z } from 'zod'
import { type ProgressEvent, steps } from '../../contract.js'

const kind = z.object({ extension: z.string(), files: z.number(), bytes: z.number() })

/** So many of the files hashed last are shown. */
const shown = 6

/** All that the panel shows of a job, as the events so far have made it. */
const progress = z.object({
  job: z.string(),
  /** The id of the last event that is part of this. */
  lastEventId: z.string(),
  folder: z.string(),
  step: z.enum(steps).nullable(),
  total: z.number(),
  done: z.number(),
  bytes: z.number(),
  /** The files hashed last, newest first. */
  recent: z.array(z.object({ path: z.string(), sha256: z.string() })),
  note: z.string(),
  finished: z.object({ at: isoDate, sha256: z.string(), kinds: z.array(kind) }).nullable(),
})
export type Progress = z.infer<typeof progress>

export function newProgress(job: string): Progress {
  return { job, lastEventId: '', folder: '', step: null, total: 0, done: 0, bytes: 0, recent: [], note: '', finished: null }
}

/** The next state. State and id move together, so that what is saved never has one without the other. */
export function advance(state: Progress, { type, data }: ProgressEvent, id: string): Progress {
  const next = { ...state, lastEventId: id }
  switch (type) {
    case 'started':
      return { ...next, folder: data.folder }
    case 'step':
      return { ...next, step: data.name, total: data.total || state.total }
    case 'file':
      return {
        ...next,
        recent: [{ path: data.path, sha256: data.sha256 }, ...state.recent].slice(0, shown),
        done: data.done,
        total: data.total,
        bytes: state.bytes + data.bytes,
      }
    case 'note':
      return { ...next, note: data.text }
    case 'done':
      return { ...next, finished: { at: data.at, sha256: data.sha256, kinds: data.kinds } }
  }
}

/** In whole percent; 100 only once the job is done. */
export function percentOf({ done, total, finished }: Progress): number {
  if (finished !== null) return 100
  return total === 0 ? 0 : Math.min(99, Math.floor((done / total) * 100))
}

const key = 'progress'

export function saveProgress(state: Progress): void {
  sessionStorage.setItem(key, JSON.stringify(z.encode(progress, state)))
}

/** What this tab saved; undefined if there is nothing, or another version of this page saved something else. */
export function savedProgress(): Progress | undefined {
  const saved: unknown = JSON.parse(sessionStorage.getItem(key) ?? 'null')
  return progress.safeParse(saved).data
}
