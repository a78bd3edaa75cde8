import { formatPosition, parsePosition } from '@sse/schema/wire'
import type { Entry } from '../backplane.js'
import type { AnyChannelSettings } from '../channel-settings.js'
import type { Start } from '../cursor.js'
import { Delivery } from '../delivery.js'
import { EndOfTurn } from '../end-of-turn.js'
import { EventStream } from '../event-stream.js'
import { Feed } from '../feed.js'
import { HubReader, type ReaderHub } from '../hub-reader.js'
import type { Wanted } from '../join-plan.js'
import type { StreamOptions } from '../options.js'
import { contract, openFakeStream } from './hub-session.js'
import { ScriptedBackplane } from './scripted-backplane.js'

type OpenedStream = ReturnType<typeof openFakeStream>

/** A reader over a scripted backplane, with what its hub was told. */
interface Joined extends OpenedStream {
  readonly reader: HubReader
  /** Settles as its `run` does. */
  readonly running: Promise<void>
}

interface ReaderSession {
  readonly backplane: ScriptedBackplane
  readonly feed: Feed
  /** What the hub was told, in order: `replayed 2`, `gap trimmed`, `rewound`. */
  readonly observed: string[]
  readonly errors: unknown[]
  join(wanted: readonly (string | Partial<Wanted>)[], how?: How): Joined
  /** The position as a cursor of the epoch that goes on. */
  cursor(at: number): Start
}

interface How {
  readonly stream?: StreamOptions
  readonly isNamed?: boolean
  readonly identity?: string
}

/** Every topic is one of `order`, with these settings. */
export function readerSession(settings: AnyChannelSettings = {}, backplane: ScriptedBackplane = new ScriptedBackplane()): ReaderSession {
  const observed: string[] = []
  const errors: unknown[] = []
  const onError = (error: unknown): void => void errors.push(error)
  const feed = new Feed(backplane, onError)
  const deliveries = new WeakMap<Entry, Delivery>()
  const hub: ReaderHub = {
    backplane,
    feed,
    endOfTurn: new EndOfTurn(),
    deliveryOf: (entry) => {
      const delivery = deliveries.get(entry) ?? new Delivery(entry, { events: contract.order.events, settings, onError })
      deliveries.set(entry, delivery)
      return delivery
    },
    observe: {
      delivered: () => {},
      replayed: (_, entries) => void observed.push(`replayed ${entries}`),
      gap: (_, topics, reason) => void observed.push(`gap ${reason} ${topics.join()}`),
      rewound: () => void observed.push('rewound'),
      error: onError,
    },
  }
  const join = (wanted: readonly (string | Partial<Wanted>)[], { stream, isNamed = wanted.length > 1, identity }: How = {}): Joined => {
    const opened = openFakeStream(stream)
    const all = wanted.map((one): Wanted => {
      const given = typeof one === 'string' ? { name: one } : one
      const name = given.name ?? ''
      return { name, kind: name.endsWith('*') ? 'subtree' : 'topic', start: 'now', notBefore: undefined, text: [], ...given }
    })
    const reader = new HubReader(hub, ofAny(opened.stream), all, { isNamed, identity, client: undefined })
    opened.stream.feed(reader)
    const running = reader.run()
    running.catch(() => {})
    return { ...opened, reader, running }
  }
  const cursor = (at: number): Start => {
    const after = parsePosition(formatPosition(backplane.history.state([], 0).epoch, at))
    if (after === undefined) throw new Error(`${at} is no position`)
    return { after }
  }
  return { backplane, feed, observed, errors, join, cursor }
}

/** The stream as a hub takes it, which sends nothing typed on it. */
function ofAny(stream: unknown): EventStream<object> {
  if (stream instanceof EventStream) return stream
  throw new Error('this is no stream')
}
