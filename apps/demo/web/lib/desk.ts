import type { Gap, Presence } from '@sse/client'
import { contract, type DeskEvent, type Figures, type Note, type User } from '../../contract.js'

/** So many notes and so many lines of the feed are shown. */
const shown = 50

/** A line of the feed: something that somebody did, or lines that are missing. */
export type FeedRow =
  | { readonly kind: 'line'; readonly id: string; readonly who: string; readonly what: string; readonly at: Date }
  | { readonly kind: 'gap'; readonly id: string; readonly reason: Gap['reason'] }

/** All that has come to a user over their one connection. */
export interface Desk {
  /** Of each topic the id of the last event that is part of this: state and position move together, so that nothing is missing or doubled. */
  readonly cursors: Readonly<Record<string, string>>
  /** Newest first, as the lines of the feed are. */
  readonly notes: readonly Note[]
  /** The id of the newest note that has been read. */
  readonly readUpTo: string
  readonly feed: readonly FeedRow[]
  /** Why notes are missing, if some are. */
  readonly missed: Gap['reason'] | undefined
  readonly here: readonly string[]
  readonly figures: Figures | undefined
  /** What the server said to what the user may not read. */
  readonly denied: string
}

export const emptyDesk: Desk = {
  cursors: {},
  notes: [],
  readUpTo: '',
  feed: [],
  missed: undefined,
  here: [],
  figures: undefined,
  denied: '',
}

export function takeEvent(desk: Desk, { type, data }: DeskEvent, { id, topic }: { readonly id: string; readonly topic: string }): Desk {
  const next = { ...desk, cursors: { ...desk.cursors, [topic]: id } }
  switch (type) {
    case 'note':
      return { ...next, notes: [data, ...desk.notes].slice(0, shown) }
    case 'read':
      return { ...next, readUpTo: data.upTo }
    case 'happened':
      return { ...next, feed: [{ kind: 'line', id, ...data } as const, ...desk.feed].slice(0, shown) }
    case 'figures':
      return { ...next, figures: data }
  }
}

/** Figures that are missing are no loss: they count while they are new. */
export function takeGap(desk: Desk, user: User, { topics, reason }: Gap): Desk {
  const isInFeed = topics.includes(contract.activity().name)
  const isInInbox = topics.includes(contract.inbox({ userId: user }).name)
  return {
    ...desk,
    missed: isInInbox ? reason : desk.missed,
    feed: isInFeed
      ? [{ kind: 'gap', id: `gap after ${desk.cursors[contract.activity().name]}`, reason } as const, ...desk.feed].slice(0, shown)
      : desk.feed,
  }
}

export function takePresence(desk: Desk, { joined, left, reset }: Presence): Desk {
  const before = reset ? [] : desk.here.filter((name) => !left.includes(name))
  return { ...desk, here: [...new Set([...before, ...joined])] }
}

/** How many notes came after the one that was read last. */
export function unreadOf({ notes, readUpTo }: Pick<Desk, 'notes' | 'readUpTo'>): number {
  const read = notes.findIndex(({ id }) => id === readUpTo)
  return read === -1 ? notes.length : read
}

/** The newest figures that came to anybody. Their counts tell nothing of it: they begin anew with the server. */
export function newestOf(desks: readonly Pick<Desk, 'figures'>[]): Figures | undefined {
  return desks.flatMap(({ figures }) => figures ?? []).sort((a, b) => b.at.getTime() - a.at.getTime())[0]
}
