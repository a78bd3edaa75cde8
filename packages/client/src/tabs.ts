import { controlKey, controlMessage, type Message } from '@sse/schema/wire'
import { ConnectionError, ServerError } from './errors.js'
import type { Link } from './link.js'
import type { Reading } from './session.js'
import { idle, type Snapshot } from './state.js'
import { createTopicReader } from './topic-reader.js'
import { createInbox } from './transport/inbox.js'
import type { Transport } from './transport/transport.js'

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
  /** A tab asks for topics, each with its start, and is answered on a channel of that name. */
  | { readonly opens: string; readonly tab: string; readonly topics: readonly string[] }
  | { readonly closes: string }

/** How often a tab that is looked at asks whether the leader is alive, in milliseconds. */
const interval = 250
/** So many times without an answer, and it takes the leader's place: within a second. A busy page may miss one. */
const patience = 3
/** How long a new leader waits to be told what the others want, in milliseconds. */
const gathering = 20

/**
 * One connection for all tabs that use the same key. Whoever has the Web Lock leads, and serves the others as a server does: each tab,
 * the leader too, has a link, whose connections end in the leader's page. The browser gives the lock to the next when a tab is
 * closed or has crashed; a leader that only hangs is robbed of it. Every tab then goes on from where it is, at the new one.
 *
 * @param makeLink makes a link over a transport; without one it goes to the server.
 */
export function createTabs(
  key: string,
  makeLink: (onChange: (snapshot: Snapshot) => void, transport?: Transport) => Link,
  onChange: (snapshot: Snapshot, role: Role) => void,
): Link {
  const { locks } = navigator
  const tab = controlKey()
  /** What is served here, while it leads: by the channel's name, how to end it. */
  const served = new Map<string, () => void>()
  let snapshot: Snapshot = idle
  /** Ends its being a tab among others. */
  let life = new AbortController()
  /** Ends its waiting for the lead. */
  let waiting = new AbortController()
  let all: BroadcastChannel | undefined
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

  /** Serves another tab, or this one, what it asks for. */
  const serve = (link: Link, name: string, from: string, topics: readonly string[]): void => {
    const port = new BroadcastChannel(name)
    const control = controlKey()
    let isReady = false
    const post = (message: Message): undefined => {
      // By now the server has said so itself.
      if (!isReady)
        port.postMessage(controlMessage({ type: 'sse.ready', protocol: 1, heartbeat: 0, text: link.text, key: control }, control))
      isReady = true
      port.postMessage(message)
    }
    const readers = topics.map((topic) => {
      const [named = '', start = ''] = topic.split('@')
      const reader = createTopicReader(named, start, {
        take: (reading) => post(messageOf(reading, named, control)),
        over: (error) => {
          const [reason, own] = [error?.message ?? '', [named]]
          post(
            controlMessage(
              error
                ? {
                    type: 'sse.error',
                    code: error instanceof ServerError ? error.reason : error.code,
                    message: reason,
                    retry: false,
                    topics: own,
                  }
                : { type: 'sse.end', reason, topics: own },
              control,
            ),
          )
        },
      })
      link.add(reader)
      return reader
    })
    const gone = new AbortController()
    const end = (): void => {
      served.delete(name)
      gone.abort()
      port.close()
      for (const reader of readers) link.remove(reader)
    }
    served.set(name, end)
    // The tab's own lock, which it has for as long as it lives.
    locks.request(`${key} ${from}`, { signal: gone.signal }, end).catch(() => {})
  }

  const hear = (announced: Announced): void => {
    // What other followers say is no sign of the leader.
    if ('leads' in announced || 'alive' in announced || 'state' in announced) unanswered = 0
    if ('leads' in announced) link.probe(true)
    else if ('state' in announced) {
      const { state, words } = announced
      show({ ...state, error: words === undefined ? undefined : new ConnectionError(words) })
    } else if (!upstream) return
    else if ('asks' in announced) announce({ alive: true })
    else if ('opens' in announced) {
      serve(upstream, announced.opens, announced.tab, announced.topics)
      tellState()
    } else if ('closes' in announced) served.get(announced.closes)?.()
  }

  /** Ends in the page of the leader, whichever that is. */
  const transport: Transport = ({ topics = [], signal }) =>
    new Promise((resolve, reject) => {
      const name = `${key} ${controlKey()}`
      const port = new BroadcastChannel(name)
      const inbox = createInbox()
      const end = (error: unknown): void => {
        port.close()
        say({ closes: name })
        inbox.end(error)
        reject(error)
      }
      port.onmessage = ({ data }) => {
        resolve(inbox)
        // No sender of another tab can be slowed.
        if (!inbox.push([data])) port.close()
      }
      signal.addEventListener('abort', () => end(signal.reason))
      say({ opens: name, tab, topics })
    })

  /** To the leader, which may be here. */
  const say = (announced: Announced): void => {
    if (upstream) hear(announced)
    else announce(announced)
  }

  const link = makeLink(() => {}, transport)

  /** It has the lock, until it gives it back. */
  const lead = (): Promise<void> => {
    const made = makeLink((changed) => {
      show(changed)
      tellState()
    })
    upstream = made
    // What it begins with is what all want.
    made.hold('hidden', new Promise((resolve) => setTimeout(resolve, gathering)))
    announce({ leads: true })
    link.probe(true)
    return new Promise((resolve) => {
      resign = resolve
    })
  }

  const step = (): void => {
    for (const end of served.values()) end()
    upstream?.close()
    upstream = undefined
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
      link.probe(true)
    })
  }

  const look = (): void => {
    // Nobody looks, or nothing is wanted.
    if (upstream || document.visibilityState === 'hidden' || link.getSnapshot().reason === 'idle') unanswered = 0
    else if (unanswered++ < patience) announce({ asks: true })
    else {
      unanswered = 0
      compete(true)
    }
  }

  const enter = (): void => {
    const { signal } = life
    all = new BroadcastChannel(key)
    all.onmessage = ({ data }) => hear(data)
    const left = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
    const entered = new Promise<void>((resolve) => {
      // Before a leader asks for it, to know when it is gone.
      locks
        .request(`${key} ${tab}`, { signal }, () => {
          compete(false)
          resolve()
          return left
        })
        .catch(() => {})
    })
    link.hold('hidden', entered)
    const timer = setInterval(look, interval)
    signal.addEventListener('abort', () => {
      clearInterval(timer)
      waiting.abort()
      step()
      all?.close()
      all = undefined
    })
  }

  const exit = (): void => {
    life.abort()
    show({ ...idle, reason: 'hidden' })
  }

  enter()

  return {
    ...link,
    text: [],
    getSnapshot: () => snapshot,
    hold: (why, until) => {
      link.hold(why, until)
      exit()
      void until.then(() => {
        if (isClosed) return
        life = new AbortController()
        enter()
      })
      return true
    },
    probe: (isSuspect) => upstream?.probe(isSuspect),
    close: () => {
      isClosed = true
      link.close()
      exit()
    },
  }
}

/** What a leader has read of a topic, as its server would say it. */
function messageOf({ control, event, position }: Reading, topic: string, key: string): Message {
  if (control) return controlMessage(control, key)
  if (event) return { event: `${event.topic}#${event.type}`, data: event.data, id: position }
  return controlMessage({ type: 'sse.live', topics: [topic], resumed: true, position: position ?? '' }, key)
}
