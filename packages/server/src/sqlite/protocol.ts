import type { Appended, Entry, Range, ShardState } from '../backplane.ts'
import type { HistoryLimits } from '../history.ts'
import type { Failure } from './failure.ts'
import type { Announcement, StoredAppend } from './store.ts'

// What the main thread and the worker say to each other. Each port keeps its order: what is announced before an answer
// arrives before it.

/** What the worker is started with. */
export interface WorkerSettings {
  readonly path: string
  readonly limits: HistoryLimits
  /** Both in milliseconds. */
  readonly pollInterval: number
  readonly lockTimeout: number
}

/** What the worker can be asked. */
export type Question =
  | { readonly kind: 'append'; readonly append: StoredAppend }
  | { readonly kind: 'state'; readonly names: readonly string[]; readonly after: number }
  | { readonly kind: 'read'; readonly topic: string; readonly range: Range; readonly now: number }
  | {
      readonly kind: 'locate'
      readonly topic: string
      readonly from: { readonly last: number } | { readonly since: number }
      readonly now: number
    }
  | { readonly kind: 'watch'; readonly names: readonly string[] }
  /** In one queue with `watch`: one that overtakes the other would leave a name watched for ever. */
  | { readonly kind: 'unwatch'; readonly names: readonly string[] }
  | { readonly kind: 'sweep'; readonly now: number }
  | { readonly kind: 'close' }

export interface ToWorker {
  readonly id: number
  readonly question: Question
}

export type Answer =
  | { readonly kind: 'appended'; readonly appended: Appended }
  | { readonly kind: 'state'; readonly state: ShardState }
  | { readonly kind: 'entries'; readonly entries: readonly Entry[] }
  | { readonly kind: 'position'; readonly position: number }
  | { readonly kind: 'done' }
  /** The topic has ended. */
  | { readonly kind: 'ended'; readonly topic: string }
  | { readonly kind: 'failed'; readonly failure: Failure }

/** What one turn of the worker brought: first the news, then the answers. */
export interface FromWorker {
  readonly news: readonly (Announcement | 'interrupted')[]
  readonly replies: readonly { readonly id: number; readonly answer: Answer }[]
}
