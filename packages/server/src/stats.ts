import type { GapReason } from '@sse/schema/wire'

/** What a hub is doing and has done, on this node, since it was created. */
export interface HubStats {
  /** Open streams: those that the hub feeds, and those that it tracks. */
  readonly streams: number
  /** Topics and subtrees that somebody on this node reads. */
  readonly topics: number
  readonly published: number
  /** Events handed to streams, replayed ones included. */
  readonly delivered: number
  /** Replays that had events, and how many they were. */
  readonly replays: { readonly count: number; readonly events: number }
  /** Gaps told, by reason. */
  readonly gaps: Readonly<Record<GapReason, number>>
  /** What became of full outboxes: streams closed, events replaced by newer ones, events left out. */
  readonly overflows: { readonly disconnected: number; readonly conflated: number; readonly dropped: number }
  /** Streams closed because their reader took nothing for too long. */
  readonly stalled: number
  /** Streams taken back to an earlier position, because an event came behind them. */
  readonly rewound: number
  /** Requests refused, and streams that `subscribe` was given and that found no place, by why. */
  readonly refused: Readonly<Record<RefusalReason, number>>
  /** Topics that were denied, or unknown, to requests that got others. */
  readonly deniedTopics: number
  /** What waits for readers, all outboxes together and the fullest. */
  readonly outboxes: { readonly bytes: number; readonly frames: number; readonly largest: number }
  readonly draining: boolean
}

/** Why a request got no stream. `failed`: the server could not decide. */
export type RefusalReason = 'streams' | 'identity' | 'address' | 'rate' | 'draining' | 'denied' | 'malformed' | 'failed'

/** The counts that only grow. */
export class Counters {
  published = 0
  delivered = 0
  replays = 0
  replayed = 0
  disconnected = 0
  conflated = 0
  dropped = 0
  stalled = 0
  deniedTopics = 0
  rewound = 0
  readonly gaps: Record<GapReason, number> = { trimmed: 0, reset: 0, overflow: 0 }
  readonly refused: Record<RefusalReason, number> = {
    streams: 0,
    identity: 0,
    address: 0,
    rate: 0,
    draining: 0,
    denied: 0,
    malformed: 0,
    failed: 0,
  }
}
