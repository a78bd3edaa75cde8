import type { Backplane, Entry } from './backplane.js'

/** A topic of which something is to be replayed. */
export interface ReplayTopic {
  readonly topic: string
  /** Up to here the reader has everything. */
  readonly after: number
  /** Up to here nothing is shown. */
  readonly from: number
  /** Where its last entry is, above `after`. */
  readonly tail: number
}

/** Some entries of several topics, in order. */
export interface Round {
  /** Topics of which entries before these are kept no longer. */
  readonly lost: readonly string[]
  readonly entries: readonly Entry[]
}

interface Source {
  readonly topic: string
  readonly tail: number
  /** The last entry that was read, or is known to be had. */
  last: number
  after: number
  page: readonly Entry[]
  hasMore: boolean
}

/** Entries of all topics together that are read at once. */
const roundSize = 256
/** Of each topic, even of very many. */
const leastPage = 8
/** Bytes of all topics together that are read at once, about: each reader that is slow holds so much. */
const roundBytes = 131_072

/**
 * Reads what several topics have up to a position, merged in the shard's order, a part at a time: the next is read when it
 * is asked for. A link that does not reach back to what the reader has tells of entries that were trimmed, before the
 * replay or while it goes on.
 */
export async function* replay(
  read: Backplane['read'],
  topics: readonly ReplayTopic[],
  upTo: number,
): AsyncGenerator<Round, void, undefined> {
  const bytes = roundBytes / Math.max(1, topics.length)
  const limit = Math.max(leastPage, Math.floor(roundSize / Math.max(1, topics.length)))
  let sources = topics.map(
    ({ topic, tail, after, from }): Source => ({ topic, tail, last: after, after: Math.max(after, from), page: [], hasMore: true }),
  )
  while (sources.length > 0) {
    const lost = new Set<string>()
    await Promise.all(
      sources.map(async (source) => {
        if (source.page.length > 0 || !source.hasMore) return
        source.page = await read(source.topic, { after: source.after, upTo, limit, bytes })
        let { last } = source
        // Now, not when it comes to them: entries of other topics before them would take the reader past what is gone.
        for (const { previous, position } of source.page) {
          if (previous > last) lost.add(source.topic)
          last = position
        }
        source.hasMore = source.page.length > 0 && last < source.tail
        // Its tail is above: what was there is gone.
        if (!source.hasMore && last < source.tail) lost.add(source.topic)
      }),
    )
    sources = sources.filter(({ page }) => page.length > 0)
    // Beyond the last entry of a page with more behind it, the order with the other topics is not known yet.
    let known = upTo
    for (const { hasMore, page } of sources) if (hasMore) known = Math.min(known, page.at(-1)?.position ?? upTo)
    const entries: Entry[] = []
    for (const source of sources) {
      const ready = source.page.filter(({ position }) => position <= known)
      source.page = source.page.slice(ready.length)
      for (const entry of ready) {
        source.last = entry.position
        source.after = entry.position
        entries.push(entry)
      }
    }
    entries.sort((one, other) => one.position - other.position)
    if (entries.length > 0 || lost.size > 0) yield { lost: [...lost], entries }
  }
}
