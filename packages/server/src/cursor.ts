import type { Position } from '@sse/schema/wire'
import type { ShardState } from './backplane.js'

/** Where a reader or a request says that a topic is to begin. */
export type Start =
  /** After this position. */
  | { readonly after: Position }
  /** The cursor is none of ours, or was cut off: what it stood for cannot be known. */
  | { readonly after: 'unknown' }
  | 'now'
  /** With so many of its last events. */
  | { readonly last: number }

/**
 * The position after which a reader goes on, or undefined where its cursor vouches for nothing: its epoch is unknown, or had
 * ended before it, or it lies in the future.
 */
export function resumable(cursor: Position, shard: ShardState): number | undefined {
  if (cursor.epoch === shard.epoch) return cursor.at <= shard.position ? cursor.at : undefined
  const past = shard.past.find(({ epoch }) => epoch === cursor.epoch)
  // What came after the end of an epoch was given out twice.
  return past !== undefined && cursor.at <= past.end ? cursor.at : undefined
}
