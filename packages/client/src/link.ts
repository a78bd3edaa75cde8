import { clientParam, controlKey, type Position, type PresenceControl, parsePosition, subtreeOf } from '@sse/schema/wire'
import { createConnection, type Target } from './connection.js'
import { ContentTypeError, type SubscriptionError } from './errors.js'
import type { Feed } from './feed.js'
import type { RequestOptions } from './options.js'
import type { Reading } from './session.js'
import { fits } from './start.js'
import { idle, isSame, type Snapshot } from './state.js'
import type { TopicReader } from './topic-reader.js'

/** One connection for many topics: those of the readers that are there. */
export interface Link extends Pick<Feed, 'getSnapshot' | 'hold' | 'probe'> {
  add(reader: TopicReader): void
  remove(reader: TopicReader): void
  close(): void
}

/** How a link changes its topics. */
export interface LinkOptions extends RequestOptions {
  /**
   * Milliseconds that the connection keeps a topic after its last subscription is gone, for one that comes right back, as
   * components do. Default 3,000. At 0 each such change is a new connection.
   */
  readonly linger?: number | undefined
}

/** Of additions: those that come within so many milliseconds are one change. */
const batch = 10
/** How long a new connection may wait for its headers beside the old one: a browser has six to a host on HTTP/1.1, and a seventh waits for ever. */
const patience = 2_000
/** The longest URL; what does not fit is in the body of a POST. Proxies take 8 kB for all of a request's head. */
const longestUrl = 4_000

/** One connection, and whom it serves: by name, and empty for as long as a topic lingers. */
interface Generation {
  readonly connection: Feed
  readonly serves: Map<string, Set<TopicReader>>
  /** The last event of each topic and subtree, of those that have come on it. */
  readonly tails: Map<string, Pick<Position, 'epoch' | 'at'>>
  /** Where it was live first. */
  live: Position | undefined
  /** The last position on it: up to there it is complete. */
  at: Position | undefined
}

export function createLink(url: URL, options: LinkOptions, onChange: (snapshot: Snapshot) => void): Link {
  const { linger = 3_000 } = options
  const client = controlKey()
  const readers = new Set<TopicReader>()
  /** The one that serves, and the one that is to take its place. */
  let current: Generation | undefined
  let next: Generation | undefined
  const present = new Map<string, PresenceControl>()
  let snapshot = idle
  /** What it waits for before it connects. */
  let held: Promise<unknown> | undefined
  let changeTimer: ReturnType<typeof setTimeout> | undefined
  let lingerTimer: ReturnType<typeof setTimeout> | undefined
  let patienceTimer: ReturnType<typeof setTimeout> | undefined

  const show = (changed: Snapshot): void => {
    // Where one connection takes over from another nothing is to be drawn anew.
    if (isSame(changed, snapshot)) return
    snapshot = changed
    onChange(changed)
  }

  const drop = (generation: Generation | undefined): void => {
    generation?.connection.close('closed', undefined)
  }

  /** The new one takes over. */
  const promote = (): void => {
    clearTimeout(patienceTimer)
    const old = current
    current = next
    next = undefined
    drop(old)
    if (current) show(current.connection.getSnapshot())
  }

  /** It has no more to give. */
  const retire = (generation: Generation, error?: SubscriptionError): void => {
    drop(generation)
    if (generation === next) next = undefined
    else promote()
    if (!current) show({ ...idle, state: 'closed', reason: error ? 'failed' : 'ended', error })
  }

  const updateSoon = (): void => {
    changeTimer ??= setTimeout(update, current ? batch : 0)
  }

  const target = (serves: Generation['serves']): Target => {
    serves.clear()
    for (const reader of readers) serves.set(reader.name, (serves.get(reader.name) ?? new Set()).add(reader))
    const topics = [...serves].map(([name, each]) => {
      const start = [...each].map((reader) => reader.start()).reduce((one, other) => (!other || fits(one, other) ? one : other))
      // The others join it once it is live, or are asked for next.
      for (const reader of each) if (!fits(start, reader.start())) each.delete(reader)
      return start ? `${name}@${start}` : name
    })
    const bare = new URL(url)
    bare.searchParams.set(clientParam, client)
    const asked = new URL(bare)
    for (const topic of topics) asked.searchParams.append('topic', topic)
    if (asked.href.length <= longestUrl) return { url: asked, method: 'GET', topics }
    return { url: bare, method: 'POST', body: JSON.stringify({ topics }), topics }
  }

  /** Of each topic who is there, for those that join a connection which has told it already. */
  const remember = ({ topic, count, joined, left, reset }: PresenceControl): void => {
    const names = new Set(reset ? [] : present.get(topic)?.joined)
    for (const name of joined) names.add(name)
    for (const name of left) names.delete(name)
    present.set(topic, { type: 'sse.presence', topic, count, joined: [...names], left: [], reset: true })
  }

  const generate = (): Generation => {
    const serves: Generation['serves'] = new Map()
    const generation: Generation = {
      serves,
      tails: new Map(),
      live: undefined,
      at: undefined,
      connection: createConnection(() => target(serves), options, {
        count: () => 1,
        types: new Set(),
        take: (reading) => take(generation, reading),
        onChange: (changed) => follow(generation, changed),
        onOver: (error) => {
          retire(generation, error)
          for (const reader of [...readers]) {
            // Whoever is served by another does not mind.
            if (!serves.has(reader.name) || isServing(current, reader)) continue
            readers.delete(reader)
            reader.over(error)
          }
          // Those that waited for it to be live are asked for now.
          if (readers.size) updateSoon()
        },
      }),
    }
    return generation
  }

  const take = (generation: Generation, reading: Reading): Promise<unknown> | undefined => {
    const { serves, tails } = generation
    const { control, event, position } = reading
    const { topic } = event ?? {}
    if (event && !topic) throw new ContentTypeError(`${url.origin}${url.pathname} is no hub's stream: wrong URL?`)
    if (control?.type === 'sse.presence') remember(control)
    if (control?.type === 'sse.gap') {
      // Whoever joins later would not hear of it.
      for (const name of serves.keys()) tails.set(name, { epoch: '', at: 0 })
      if (control.reason === 'reset') {
        // Beside it another one would bring what came before: too late, and not told apart by its position.
        if (generation === next) promote()
        drop(next)
        next = undefined
        updateSoon()
      }
    }
    const at = parsePosition(position ?? '')
    generation.at = at ?? generation.at
    let busy: Promise<unknown> | undefined
    for (const name of topic ? [topic, subtreeOf(topic)] : serves.keys()) {
      const each = serves.get(name)
      // What is replayed of a topic says nothing of the last of its subtree.
      if (at && topic && (name === topic || generation.live)) tails.set(name, at)
      for (const reader of each ?? []) {
        const one = reader.take(reading, at)
        busy = busy && one ? Promise.all([busy, one]) : (busy ?? one)
      }
    }
    if (control?.type === 'sse.live' && !generation.live) {
      generation.live = parsePosition(control.position)
      generation.at ??= generation.live
      if (generation === next) promote()
      for (const reader of [...readers]) if (!isServing(generation, reader)) add(reader)
      // Whoever lingers may still come back.
      if (!lingerTimer) update()
    }
    if (control?.type === 'sse.end' || (control?.type === 'sse.error' && !control.retry)) {
      // The server is done with them: to ask again would be answered the same, for ever.
      for (const name of control.topics ?? [...serves.keys()]) {
        for (const reader of serves.get(name) ?? []) readers.delete(reader)
        serves.delete(name)
      }
      if (!control.topics) {
        retire(generation)
        if (readers.size) updateSoon()
      }
    }
    return busy
  }

  /** The state of a connection has changed. */
  const follow = (generation: Generation, changed: Snapshot): void => {
    const { state } = changed
    if (state !== 'open') {
      // What one attempt has brought says nothing of the next one's topics.
      generation.live = generation.at = undefined
      generation.tails.clear()
    }
    if (generation === next) {
      clearTimeout(patienceTimer)
      if (state === 'connecting') patienceTimer = setTimeout(promote, patience)
    }
    if (generation === current && state !== 'closed') {
      // Another is already on its way.
      if (next && state !== 'open') promote()
      else show(changed)
    }
  }

  const update = (): void => {
    clearTimeout(changeTimer)
    clearTimeout(lingerTimer)
    changeTimer = lingerTimer = undefined
    const newest = next ?? current
    if (!readers.size) {
      drop(next)
      drop(current)
      next = current = undefined
      present.clear()
      if (newest) show(idle)
    } else if (held) return
    else if (!newest) {
      current = generate()
      void current.connection.run('')
    }
    // Until then its readers have no position that another could begin at.
    else if (
      newest.live &&
      ([...newest.serves.values()].some(({ size }) => !size) || [...readers].some((reader) => !isServing(newest, reader)))
    ) {
      drop(next)
      next = generate()
      void next.connection.run('')
    }
  }

  const add = (reader: TopicReader): void => {
    // What waits goes last, and is asked for next.
    readers.delete(reader)
    readers.add(reader)
    if (next || !current || !joins(reader, current)) updateSoon()
    else {
      const control = present.get(reader.name)
      if (control) void reader.take({ control }, undefined)
    }
  }

  return {
    getSnapshot: () => snapshot,
    add,
    remove: (reader) => {
      readers.delete(reader)
      for (const generation of [current, next]) generation?.serves.get(reader.name)?.delete(reader)
      clearTimeout(lingerTimer)
      lingerTimer = setTimeout(update, linger)
    },
    hold: (why, until) => {
      held = Promise.all([held, until])
      const own = held
      drop(next)
      drop(current)
      next = current = undefined
      show({ ...idle, reason: why })
      void own.then(() => {
        if (own !== held) return
        held = undefined
        update()
      })
      return true
    },
    probe: (isSuspect) => {
      for (const generation of [current, next]) generation?.connection.probe(isSuspect)
    },
    close: () => {
      readers.clear()
      update()
    },
  }
}

function isServing(generation: Generation | undefined, reader: TopicReader): boolean | undefined {
  return generation?.serves.get(reader.name)?.has(reader)
}

/** Joins a connection that is already there, where it has brought nothing that the reader would miss. */
function joins(reader: TopicReader, { serves, tails, live, at }: Generation): boolean {
  const each = serves.get(reader.name)
  const start = reader.start()
  const from = parsePosition(start)
  const tail = tails.get(reader.name) ?? live
  if (!each || !live || !at || (start && !(from && tail?.epoch === from.epoch && tail.at <= from.at))) return false
  each.add(reader)
  reader.joinAt(from ?? at)
  return true
}
