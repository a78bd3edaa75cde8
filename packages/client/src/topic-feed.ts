import { OptionError } from './errors.js'
import type { Feed, Reader } from './feed.js'
import type { Link } from './link.js'
import type { Reading } from './session.js'
import { checkStart } from './start.js'
import type { Snapshot, StateReason } from './state.js'
import { createTopicReader, type TopicReader } from './topic-reader.js'

/** A subscription's part of a link. */
export interface TopicFeed extends Feed {
  /** The link's state has changed. */
  follow(): void
}

/** @param onClosed called once it is closed. */
export function createTopicFeed(name: string, link: Link, reader: Reader, onClosed: () => void): TopicFeed {
  /** Why it is held back. */
  let heldBy: StateReason | undefined
  let topic: TopicReader | undefined
  let isJoined = false
  /** Whether the server has said that it is served. */
  let isLive = false
  let wake = (): void => {}
  let snapshot: Snapshot = { ...link.getSnapshot(), state: 'connecting', reason: undefined }

  const isClosed = (): boolean => snapshot.state === 'closed'

  const show = (changed: Snapshot): void => {
    snapshot = changed
    reader.onChange(changed)
  }

  const follow = (): void => {
    const shared = link.getSnapshot()
    // A link that is over says so to each reader that it was over for; to take it from here would leave loops without an end.
    if (isClosed() || shared.state === 'closed') return
    if (heldBy) show({ ...shared, state: 'waiting', reason: heldBy })
    else if (isLive || shared.state === 'waiting') show(shared)
    else if (snapshot.state !== 'connecting') show({ ...shared, state: 'connecting' })
  }

  /** It is on the link while somebody listens, and it is not held back. */
  const join = (): void => {
    if (!topic || isJoined === (reader.count() > 0 && !heldBy && !isClosed())) return
    isJoined = !isJoined
    if (isJoined) link.add(topic)
    else link.remove(topic)
  }

  /** What was read already waits for the next listener, should all leave meanwhile. */
  const take = (reading: Reading): Promise<unknown> | undefined => {
    if (reader.count() || isClosed()) return reader.take(reading)
    return new Promise<void>((resolve) => {
      wake = resolve
    }).then(() => take(reading))
  }

  return {
    follow,
    getSnapshot: () => snapshot,
    run: async (position) => {
      try {
        checkStart('store', position, name)
      } catch (error) {
        if (error instanceof OptionError) return reader.onOver(error)
      }
      topic = createTopicReader(name, position, {
        take: (reading) => {
          if (!isLive && reading.position) {
            isLive = true
            follow()
          }
          return take(reading)
        },
        over: reader.onOver,
      })
      join()
    },
    listened: () => {
      join()
      if (reader.count()) wake()
    },
    hold: (why, until) => {
      const change = (by: typeof heldBy): void => {
        heldBy = by
        join()
        follow()
      }
      change(why)
      void until.then(() => change(undefined))
      return true
    },
    probe: link.probe,
    close: (reason, error) => {
      if (isClosed()) return false
      show({ ...snapshot, state: 'closed', retryAt: undefined, reason, error })
      join()
      wake()
      onClosed()
      return true
    },
    settled: () => Promise.resolve(),
  }
}
