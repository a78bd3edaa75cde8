import type { GapReason } from '@sse/schema/wire'

/** What a reader had of one topic. Orders are those of commits. */
export interface View {
  /** Where it is: nothing at or below it is to come. Undefined: it has not begun. */
  last: number | undefined
  readonly seen: Set<number>
  /** A gap told since the last event covers what was appended up to here. */
  gapUpTo: number
  /** What it had of the topic on the connection of now. */
  reached: number
  /** Gaps of which it is not known yet what they stand for: something from after `from`, up to `upTo`. */
  gaps: readonly { readonly from: number; readonly upTo: number; readonly reason: GapReason }[]
  /** What it had that does not count any more, and was not told. */
  readonly misled: Set<number>
  /** What it had that does not count any more. */
  readonly dropped: Set<number>
  /** The order of the end that it was told; 0 before. It may not count any more: then the reader has left all the same. */
  endedAt: number
}

/**
 * @param last where it begins.
 * @param gapUpTo what it was told before.
 */
export function newView(last: number | undefined, gapUpTo: number): View {
  return { last, seen: new Set(), gapUpTo, reached: 0, gaps: [], misled: new Set(), dropped: new Set(), endedAt: 0 }
}
