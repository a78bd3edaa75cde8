import { controlKey, parsePosition } from '@sse/schema/wire'
import { ConnectionError, ServerError } from './errors.js'
import type { Link } from './link.js'
import type { Reading } from './session.js'
import { idle, type Snapshot } from './state.js'
import { createTopicReader, type TopicReader } from './topic-reader.js'
import { maxWaiting } from './transport/inbox.js'

/** Which part a tab has in a connection that all of them share. */
export type Role = 'leader' | 'follower'

/** What all tabs hear. */
type Announced =
  /** It leads from now on. */
  | { readonly leads: true }
  /** Whether the leader is alive is asked, and answered. */
  | { readonly asks: true }
  | { readonly alive: true }
  /** The state of the one connection; of an error its words alone, which is all that another tab would get. */
  | { readonly state: Omit<Snapshot, 'error'>; readonly words: string | undefined }
  /** A tab asks for a topic, or subtree, by a number of its own that each answer repeats. */
  | { readonly opens: number; readonly tab: string; readonly name: string; readonly start: string }
  | { readonly closes: number; readonly tab: string }

/** What one tab hears of one of its topics. */
type Served = { readonly to: number } & (
  | { readonly reading: Reading }
  | { readonly over: { readonly reason: string; readonly words: string } | undefined }
)

/** A tab that is served here. */
interface Guest {
  readonly port: BroadcastChannel
  readonly readers: Map<number, TopicReader>
  /** It wants nothing more. */
  leave(): void
}

/** How often a tab that is looked at asks whether the leader is alive, in milliseconds. */
const interval = 250
/** So many times without an answer, and it takes the leader's place: within a second. A busy page may miss one. */
const patience = 3
/** How long a new leader waits to be told what the others want, in milliseconds. */
const gathering = 20

/**
 * One connection for all tabs that use the same key. Whoever has the Web Lock leads: it has the link to the server, which serves the
 * topics of all tabs, its own too, each from where the tab is with it. The browser gives the lock to the next when a tab is closed or
 * has crashed; a leader that only hangs is robbed of it. Every tab then asks the new one, from where it is.
 *
 * @param makeLink makes the link to the server.
 */
export function createTabs(
  key: string,
  makeLink: (onChange: (snapshot: Snapshot) => void) => Link,
  onChange: (snapshot: Snapshot, role: Role) => void,
): Link {
  const { locks } = navigator
  const tab = controlKey()
  const readers = new Set<TopicReader>()
  /** Those that were asked for, by the number, and how much of what came waits for them. */
  const asked = new Map<number, { readonly reader: TopicReader; waiting: number }>()
  let asking = 0
  /** Whom it serves, while it leads. */
  const guests = new Map<string, Guest>()
  let snapshot: Snapshot = idle
  /** Ends its being a tab among others. */
  let life = new AbortController()
  /** Ends its waiting for the lead. */
  let waiting = new AbortController()
  let all: BroadcastChannel | undefined
  /** Its own, on which the leader answers it. */
  let own: BroadcastChannel | undefined
  /** The link to the server, while it leads. */
  let upstream: Link | undefined
  let resign = (): void => {}
  /** How often was asked since the leader was heard. */
  let unanswered = 0
  let isClosed = false

  const show = (changed: Snapshot): void => {
    snapshot = changed
    onChange(changed, upstream ? 'leader' : 'follower')
  }

  const announce = (announced: Announced): void => all?.postMessage(announced)

  const tellState = (): void => {
    const { error, ...state } = snapshot
    announce({ state, words: error?.message })
  }

  /** To the leader, which may be here. */
  const say = (announced: Announced): void => {
    if (upstream) hear(announced)
    else announce(announced)
  }

  const open = (reader: TopicReader): void => {
    if (!own || !readers.has(reader)) return
    asked.set(++asking, { reader, waiting: 0 })
    say({ opens: asking, tab, name: reader.name, start: reader.start() })
  }

  const openAll = (): void => {
    asked.clear()
    for (const reader of readers) open(reader)
  }

  const close = (number: number): void => {
    asked.delete(number)
    say({ closes: number, tab })
  }

  /** Hands over what the leader has read for one of its topics. */
  const receive = (served: Served): void => {
    const { to } = served
    const one = asked.get(to)
    // It left meanwhile, or it is another leader's by now.
    if (!one) return
    const { reader } = one
    if ('over' in served) {
      asked.delete(to)
      readers.delete(reader)
      reader.over(served.over && new ServerError(served.over.reason, served.over.words, [reader.name]))
      return
    }
    const { control, event, position } = served.reading
    const reading: Reading =
      control || event || !position
        ? served.reading
        : { control: { type: 'sse.live', topics: [reader.name], resumed: true, position }, position }
    try {
      const busy = reader.take(reading, parsePosition(position ?? ''))
      if (!busy) return
      one.waiting++
      void busy.then(() => one.waiting--)
      if (one.waiting <= maxWaiting) return
      // No sender of another tab can be slowed: it asks again, from where it is, when all of that is done.
      close(to)
      void busy.then(() => open(reader))
    } catch {
      close(to)
      open(reader)
    }
  }

  /** Meets a tab that is to be served from now on. */
  const welcome = (link: Link, from: string): Guest => {
    const port = new BroadcastChannel(`${key} ${from}`)
    const served = new Map<number, TopicReader>()
    const gone = new AbortController()
    const leave = (): void => {
      guests.delete(from)
      gone.abort()
      port.close()
      for (const reader of served.values()) link.remove(reader)
    }
    // The tab's own lock, which it has for as long as it lives.
    locks.request(`${key} ${from}`, { signal: gone.signal }, leave).catch(() => {})
    const guest = { port, readers: served, leave }
    guests.set(from, guest)
    return guest
  }

  const serve = (link: Link, from: string, to: number, name: string, start: string): void => {
    const { port, readers: served } = guests.get(from) ?? welcome(link, from)
    const post = (answer: Served): void => port.postMessage(answer)
    const reader = createTopicReader(name, start, {
      take: (reading) => void post({ to, reading }),
      over: (error) =>
        post({ to, over: error && { reason: error instanceof ServerError ? error.reason : error.code, words: error.message } }),
    })
    served.set(to, reader)
    link.add(reader)
  }

  const hear = (announced: Announced): void => {
    // What other followers say is no sign of the leader.
    if ('leads' in announced || 'alive' in announced || 'state' in announced) unanswered = 0
    if ('leads' in announced) openAll()
    else if ('state' in announced) {
      const { state, words } = announced
      // Of one that was robbed, and does not know yet.
      if (!upstream) show({ ...state, error: words === undefined ? undefined : new ConnectionError(words) })
    } else if (!upstream) return
    else if ('asks' in announced) announce({ alive: true })
    else if ('opens' in announced) {
      serve(upstream, announced.tab, announced.opens, announced.name, announced.start)
      tellState()
    } else if ('closes' in announced) {
      const served = guests.get(announced.tab)?.readers
      const reader = served?.get(announced.closes)
      served?.delete(announced.closes)
      if (reader) upstream.remove(reader)
    }
  }

  /** It has the lock, until it gives it back. */
  const lead = (): Promise<void> => {
    const made = makeLink((changed) => {
      if (upstream !== made) return
      show(changed)
      tellState()
    })
    upstream = made
    // What it begins with is what all want.
    made.hold('hidden', new Promise((resolve) => setTimeout(resolve, gathering)))
    announce({ leads: true })
    openAll()
    return new Promise((resolve) => {
      resign = resolve
    })
  }

  const step = (): void => {
    const old = upstream
    // First: what it shows when it closes is nobody's state any more.
    upstream = undefined
    for (const guest of guests.values()) guest.leave()
    old?.close()
    resign()
  }

  /** Waits for the lead, or takes it from a leader that hangs. */
  const compete = (steal: boolean): void => {
    waiting.abort()
    waiting = new AbortController()
    locks.request(key, steal ? { steal } : { signal: waiting.signal }, lead).catch(() => {
      // Robbed, because it hung: it is one of the others now. Otherwise it gave up waiting.
      if (!upstream) return
      step()
      compete(false)
      openAll()
    })
  }

  const look = (): void => {
    // Nobody looks, or nothing is wanted.
    if (upstream || document.visibilityState === 'hidden' || !readers.size) unanswered = 0
    else if (unanswered++ < patience) announce({ asks: true })
    else {
      unanswered = 0
      compete(true)
    }
  }

  const enter = (): void => {
    life = new AbortController()
    const { signal } = life
    all = new BroadcastChannel(key)
    all.onmessage = ({ data }) => hear(data)
    const left = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
    // Before a leader asks for it, to know when it is gone.
    locks
      .request(`${key} ${tab}`, { signal }, () => {
        own = new BroadcastChannel(`${key} ${tab}`)
        own.onmessage = ({ data }) => receive(data)
        openAll()
        compete(false)
        return left
      })
      .catch(() => {})
    const timer = setInterval(look, interval)
    signal.addEventListener('abort', () => {
      clearInterval(timer)
      waiting.abort()
      step()
      asked.clear()
      own?.close()
      all?.close()
      own = all = undefined
    })
  }

  const exit = (): void => {
    life.abort()
    show({ ...idle, reason: 'hidden' })
  }

  enter()

  return {
    getSnapshot: () => snapshot,
    add: (reader) => {
      readers.add(reader)
      open(reader)
    },
    remove: (reader) => {
      readers.delete(reader)
      for (const [number, one] of asked) if (one.reader === reader) close(number)
    },
    hold: (_, until) => {
      exit()
      void until.then(() => {
        if (!isClosed) enter()
      })
      return true
    },
    probe: (isSuspect) => upstream?.probe(isSuspect),
    close: () => {
      isClosed = true
      readers.clear()
      exit()
    },
  }
}
