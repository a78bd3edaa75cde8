import { type Position, subtreeOf } from '@sse/schema/wire'
import type { Backplane, ShardState } from './backplane.js'
import { resumable, type Start } from './cursor.js'
import type { ReplayTopic } from './replay.js'

/** A topic or subtree that a stream is to get. */
export interface Wanted {
  readonly name: string
  readonly kind: 'topic' | 'subtree'
  readonly start: Start
  /** Nothing from before this time (milliseconds since 1970) is shown. */
  readonly notBefore: number | undefined
  /** Its types whose data is verbatim text. */
  readonly text: readonly string[]
}

/** A reader that was there before: what it is known to have. */
export interface Known {
  readonly cursor: Position
  /**
   * Up to where it has every entry of a topic, or of a subtree whose topics are not here. The entries of others, which came
   * live, may have taken the cursor further.
   */
  readonly reached: ReadonlyMap<string, number>
}

/** What is to be replayed to a reader, and what cannot be. */
export interface JoinPlan {
  readonly topics: readonly ReplayTopic[]
  /** Topics and subtrees whose cursor vouches for nothing. */
  readonly reset: readonly string[]
  /** Those that may have had entries which are kept no longer, their tails included. */
  readonly trimmed: readonly string[]
  /** Whether all of them go on from a cursor. */
  readonly resumed: boolean
}

/** The earliest position that any topic may begin at, for the tails of subtrees that are to be read. */
export function earliest(wanted: readonly Wanted[]): number {
  return Math.min(...wanted.map(({ start }) => cursorOf(start)?.at ?? Number.POSITIVE_INFINITY))
}

/** Decides for each topic where its replay begins, by what the shard is at. */
export async function planJoin(
  locate: Backplane['locate'],
  wanted: readonly Wanted[],
  known: Known | undefined,
  state: ShardState,
): Promise<JoinPlan> {
  const tails = new Map(state.tails.map(({ topic, position }) => [topic, position]))
  /** All are asked for together: a hundred topics must not take a hundred ways to the storage and back. */
  const replays: Promise<ReplayTopic | undefined>[] = []
  const reset: string[] = []
  const trimmed: string[] = []
  let resumed = true
  /** Topics of a subtree that are gone since they were doubted: the subtree as a whole may be known to be further. */
  const forgotten = (subtree: string): readonly string[] =>
    [...(known?.reached ?? [])].flatMap(([topic, at]) =>
      at < state.floor && !tails.has(topic) && subtreeOf(topic) === subtree ? topic : [],
    )
  const replayOf = async (
    topic: string,
    start: Start,
    after: number | undefined,
    notBefore: number | undefined,
  ): Promise<ReplayTopic | undefined> => {
    const tail = tails.get(topic) ?? 0
    const last = typeof start === 'object' && 'last' in start ? start.last : 0
    const begin = after === undefined ? await locate(topic, { last }) : Math.min(after, known?.reached.get(topic) ?? after)
    if (tail <= begin) return undefined
    const from = notBefore === undefined ? begin : await locate(topic, { since: notBefore })
    // Who asked for the last few is not told that there were others before.
    return { topic, tail, from, after: after === undefined ? Math.max(begin, from) : begin }
  }
  for (const { name, kind, start: asked, notBefore } of wanted) {
    const start: Start = known === undefined ? asked : { after: known.cursor }
    const hasCursor = typeof start === 'object' && 'after' in start
    const cursor = cursorOf(start)
    const after = cursor === undefined ? undefined : resumable(cursor, state)
    if (after === undefined) resumed = false
    if (hasCursor && after === undefined) reset.push(name)
    if (start === 'now' || (hasCursor && after === undefined)) continue
    // A topic that is gone may have had entries up to the floor; of a subtree any may be gone.
    const complete = after === undefined ? undefined : Math.min(after, known?.reached.get(name) ?? after)
    if (complete !== undefined && complete < state.floor && (kind === 'subtree' || !tails.has(name))) trimmed.push(name)
    else if (kind === 'subtree') trimmed.push(...forgotten(name))
    const names = kind === 'topic' ? [name] : [...tails.keys()].filter((each) => subtreeOf(each) === name)
    for (const topic of names) replays.push(replayOf(topic, start, after, notBefore))
  }
  // A topic that is wanted twice, itself and in a subtree, begins at the earlier of both.
  const topics = new Map<string, ReplayTopic>()
  for (const one of await Promise.all(replays)) {
    if (one === undefined) continue
    const other = topics.get(one.topic) ?? one
    topics.set(one.topic, { ...one, after: Math.min(one.after, other.after), from: Math.min(one.from, other.from) })
  }
  return { topics: [...topics.values()], reset, trimmed, resumed }
}

function cursorOf(start: Start): Position | undefined {
  return typeof start === 'object' && 'after' in start && start.after !== 'unknown' ? start.after : undefined
}
