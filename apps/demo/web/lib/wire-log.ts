import type { StreamName } from '../../contract.js'
import type { FrameKind } from './frames.js'
import { createStore, type Store } from './store.js'

/** What a row shows: a raw message, or something that happened to the connection. */
export type RowKind = FrameKind | 'connection' | 'failure'

export interface Row {
  readonly n: number
  readonly at: number
  readonly stream: StreamName
  readonly kind: RowKind
  readonly text: string
}

/** So many rows are kept; a page that stays open for a week must not grow. */
const kept = 400

let rows: readonly Row[] = []
let count = 0
let scheduled = false

/** Newest first. Told at most ten times a second, for an answer's words come faster than anybody reads. */
export const wireLog: Store<readonly Row[]> = createStore(rows)

export function logWire(stream: StreamName, kind: RowKind, text: string): void {
  count += 1
  rows = [{ n: count, at: Date.now(), stream, kind, text }, ...rows.slice(0, kept - 1)]
  if (scheduled) return
  scheduled = true
  setTimeout(() => {
    scheduled = false
    wireLog.set(rows)
  }, 100)
}

export function clearWire(): void {
  rows = []
  wireLog.set(rows)
}
