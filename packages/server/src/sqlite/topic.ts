import type { Bounds } from '../retention.ts'
import { numberOf, type Row } from './row.ts'

/** A topic's row, while a transaction changes it. */
export interface Topic {
  readonly id: number
  subtree: string | undefined
  tail: number
  ended: boolean
  touched: number
  first: number
  kept: number
  bytes: number
  bounds: Bounds | undefined
  due: number
}

export function topicOf(row: Row): Topic {
  return {
    id: numberOf(row, 'id'),
    subtree: typeof row['subtree'] === 'string' ? row['subtree'] : undefined,
    tail: numberOf(row, 'tail'),
    ended: numberOf(row, 'ended') === 1,
    touched: numberOf(row, 'touched'),
    first: numberOf(row, 'first'),
    kept: numberOf(row, 'kept'),
    bytes: numberOf(row, 'bytes'),
    bounds:
      row['most_events'] === null
        ? undefined
        : {
            events: numberOf(row, 'most_events'),
            milliseconds: numberOf(row, 'most_milliseconds'),
            bytes: numberOf(row, 'most_bytes'),
          },
    due: numberOf(row, 'due'),
  }
}
