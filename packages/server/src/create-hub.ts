import { subtreeNameOf } from '@sse/schema'
import { format, formatPosition, type GapReason, parsePosition } from '@sse/schema/wire'
import { kindOf, told } from './arguments.js'
import { Arrivals, type Who } from './arrivals.js'
import type { Backplane, Entry, ShardState } from './backplane.js'
import { Channels } from './channels.js'
import { resumable, type Start } from './cursor.js'
import { diagnose } from './diagnostics.js'
import { type Drainable, departures, drain } from './drain.js'
import { EndOfTurn } from './end-of-turn.js'
import { ArgumentError, HubClosedError, OptionError } from './errors.js'
import { EventStream } from './event-stream.js'
import { attempt } from './failure.js'
import { Feed } from './feed.js'
import type { DrainOptions, Hub, HubOptions, Published, PublishOptions, SubscribeOptions, Where } from './hub.js'
import { HubReader, type ReaderHub, type ReaderObserver } from './hub-reader.js'
import type { Wanted } from './join-plan.js'
import { Admission, type LimitBounds, limitsOf, refusalOf, retryAfter } from './limits.js'
import { checkOptions, type Kinds } from './option-check.js'
import { milliseconds } from './options.js'
import { type Presence, PresenceBoard } from './presence.js'
import { Publisher } from './publisher.js'
import { Counters, type HubStats, type RefusalReason } from './stats.js'
import type { Stream } from './stream.js'

/**
 * Makes a hub over a contract and a backplane.
 *
 * @throws OptionError; ArgumentError for what holds no options; NameError where one type is text in one channel and JSON in another.
 */
export function createHub<C extends object>(options: HubOptions<C>): Hub<C>
export function createHub(options: HubOptions<object>): object {
  return new HubCore(options)
}

/** The hub behind its typed face, with what handlers need of it. */
export function coreOf(hub: object): HubCore {
  if (hub instanceof HubCore) return hub
  throw new ArgumentError('hub', `is ${kindOf(hub)} that createHub of this very package has not made`)
}

const hubKinds: Kinds<HubOptions<object>> = {
  contract: 'anything',
  backplane: 'anything',
  channels: 'object',
  limits: 'anything',
  maxEventBytes: 'number',
  verifyInterval: 'number',
  onError: 'function',
}
const subscribeKinds: Kinds<SubscribeOptions> = { from: 'anything', identity: 'string', address: 'string', notBefore: 'anything' }
const whereKinds: Kinds<Where> = { identity: 'string', topic: 'anything' }

/** What is known of a stream beside its topics. */
export interface AttachOptions {
  /** Whether the reader is told each event's topic. */
  readonly isNamed: boolean
  readonly identity: string | undefined
  readonly client: string | undefined
  /** The reason, where there is no place for it. Not given for a stream that has one. */
  readonly admit?: () => RefusalReason | undefined
}

export class HubCore {
  /** As it was given, with its types. */
  readonly contract: object
  readonly limits: LimitBounds
  readonly admission: Admission
  readonly arrivals: Arrivals = new Arrivals()
  readonly counters: Counters = new Counters()
  readonly backplane: Backplane
  readonly channels: Channels
  readonly #publisher: Publisher
  readonly #onError: (error: unknown) => unknown
  readonly #feed: Feed
  readonly #presence = new PresenceBoard()
  readonly #readers = new Set<HubReader>()
  readonly #tracked = new Set<EventStream<object>>()
  readonly #timer: ReturnType<typeof setInterval>
  readonly #readerHub: ReaderHub
  #isDraining = false
  #isClosed = false

  constructor(options: HubOptions<object>) {
    checkOptions(options, hubKinds)
    const { contract, backplane, channels = {}, limits, maxEventBytes = 1_048_576, verifyInterval = 10_000, onError } = options
    if (!(maxEventBytes > 0)) throw new OptionError('maxEventBytes', `is ${maxEventBytes}: it takes a number above 0`)
    milliseconds('verifyInterval', verifyInterval, 1)
    this.contract = contract
    this.backplane = backplane
    this.limits = limitsOf(limits)
    this.admission = new Admission(this.limits, Date.now())
    this.#onError = onError ?? ((error) => console.error('[@sse/server] hub:', error))
    const report = (error: unknown): void => this.#report(error)
    this.channels = new Channels(contract, channels, report)
    checkBackplane(backplane)
    this.#publisher = new Publisher(backplane, this.channels, maxEventBytes, () => void this.counters.published++)
    // Who has closed the hub may close the backplane, too: what was under way then fails, and matters to nobody.
    const reportOpen = (error: unknown): void => {
      if (!this.#isClosed) report(error)
    }
    this.#feed = new Feed(backplane, reportOpen)
    this.#readerHub = {
      backplane,
      feed: this.#feed,
      observe: this.#observe(),
      endOfTurn: new EndOfTurn(),
      deliveryOf: (entry: Entry) => this.channels.delivery(entry),
    }
    this.#timer = setInterval(() => void this.#feed.verify().catch(reportOpen), verifyInterval)
    if (typeof this.#timer === 'object') this.#timer.unref()
  }

  get isDraining(): boolean {
    return this.#isDraining
  }

  async publish(topic: unknown, event: unknown, options: PublishOptions = {}): Promise<Published> {
    this.#checkOpen()
    return this.#publisher.publish(topic, event, options)
  }

  async end(topic: unknown, options: { readonly reason?: string | undefined } = {}): Promise<Published> {
    this.#checkOpen()
    checkOptions(options, { reason: 'string' })
    return this.#publisher.end(topic, options.reason ?? 'ended')
  }

  async subscribe(stream: Stream<object>, given: unknown, options: SubscribeOptions = {}): Promise<void> {
    const opened = eventStreamOf(stream)
    if (this.#isClosed) {
      // Its reader is not to suffer from it: another hub will take it.
      depart(opened)
      throw new HubClosedError()
    }
    const topics = this.channels.listOf(given)
    if (topics.length === 0) throw new ArgumentError('topics', 'are none: give those that the reader is to get')
    checkOptions(options, subscribeKinds)
    const start = startOf(options.from, opened.lastEventId)
    const subtree = topics.find(({ kind }) => kind === 'subtree')
    if (subtree !== undefined && typeof start === 'object' && 'last' in start) {
      throw new OptionError('from', `is { last }, and ${subtree.name} is a subtree: it cannot begin with its last events; give a cursor`)
    }
    const notBefore = timeOf('notBefore', options.notBefore)
    const wanted = topics.map(({ name, kind, channel }): Wanted => ({ name, kind, start, notBefore, text: this.channels.textOf(channel) }))
    // The reader asked for no topics: where there is one, its events have plain types, as on a stream of its own.
    const isNamed = topics.length > 1 || topics[0]?.kind === 'subtree'
    await this.attach(opened, wanted, {
      isNamed,
      identity: options.identity,
      client: undefined,
      admit: () => this.#admit(opened, options),
    })
  }

  async cursor(topics: unknown): Promise<string> {
    this.#checkOpen()
    const names = this.channels.listOf(topics).map(({ name }) => name)
    const { epoch, position } = await this.backplane.state(names, Number.POSITIVE_INFINITY)
    return formatPosition(epoch, position)
  }

  presence(given: unknown): Presence {
    const { topic, channel } = this.channels.topicOf(given, 'ask for')
    if (channel.settings.presence !== true) {
      const option = `channels.${topic.channel}.presence`
      throw new OptionError(option, `is not set, so nobody is counted on ${topic.name}: give createHub { presence: true } for the channel`)
    }
    return this.#presence.of(topic.name)
  }

  disconnect(where: Where, reason: unknown = 'The server asks you to come back.'): number {
    if (typeof where !== 'object' || where === null) {
      throw new ArgumentError('where', `is ${told(where)}: it takes { identity, topic }, or use drain() for everybody`)
    }
    checkOptions(where, whereKinds, 'where')
    if (typeof reason !== 'string') throw new ArgumentError('reason', `is ${told(reason)}: it takes a text for the reader`)
    const { identity } = where
    const topic = where.topic === undefined ? undefined : this.channels.anyOf(where.topic, 'where.topic')
    if (identity === undefined && topic === undefined) {
      throw new ArgumentError('where', 'names nobody: give an identity or a topic, or use drain() for everybody')
    }
    // Who gets the topic through its subtree gets it all the same.
    const names = topic === undefined ? [] : [topic.name, topic.kind === 'topic' ? subtreeNameOf(topic) : undefined]
    const isMeant = (who: Who): boolean =>
      (identity === undefined || who.identity === identity) && (topic === undefined || who.names.some((name) => names.includes(name)))
    const chosen = [...this.#readers].filter(isMeant)
    for (const { stream } of chosen) dismiss(stream, reason)
    this.arrivals.disconnect(isMeant, reason)
    return chosen.length
  }

  track(stream: Stream<object>): void {
    const opened = eventStreamOf(stream)
    if (opened.isOver) return
    this.#tracked.add(opened)
    void opened.closed.then(() => this.#tracked.delete(opened))
  }

  async drain(options: DrainOptions = {}): Promise<void> {
    checkOptions(options, { within: 'number' })
    const { within = 10_000 } = options
    milliseconds('within', within)
    this.#isDraining = true
    const fed = [...this.#readers].map(({ stream }) => stream)
    const tracked = [...this.#tracked].filter((stream) => !fed.includes(stream))
    await drain(fed.map(drainable), tracked.map(drainable), within)
  }

  stats(): HubStats {
    const { published, delivered, replays, replayed, gaps, disconnected, stalled, rewound, refused, deniedTopics, ...left } = this.counters
    const outboxes = { bytes: 0, frames: 0, largest: 0 }
    let { conflated, dropped } = left
    let overflow = gaps.overflow
    for (const { stream } of this.#readers) {
      const { bytes, frames } = stream.outbox
      outboxes.bytes += bytes
      outboxes.frames += frames
      outboxes.largest = Math.max(outboxes.largest, bytes)
      conflated += stream.outbox.conflated
      dropped += stream.outbox.dropped
      overflow += stream.outbox.gaps
    }
    return {
      streams: new Set([...[...this.#readers].map(({ stream }) => stream), ...this.#tracked]).size,
      topics: this.#feed.watched,
      published,
      delivered,
      replays: { count: replays, events: replayed },
      gaps: { ...gaps, overflow },
      overflows: { disconnected, conflated, dropped },
      stalled,
      rewound,
      refused: { ...refused },
      deniedTopics,
      outboxes,
      draining: this.#isDraining,
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    this.#isClosed = true
    this.#isDraining = true
    const streams = [...this.#readers].map(({ stream }) => stream)
    for (const stream of streams) void stream.release({ reason: 'closed', reconnect: true })
    this.#presence.close()
    await this.#feed.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** Feeds a stream until it is over. */
  async attach(stream: EventStream<object>, wanted: readonly Wanted[], { admit, ...whose }: AttachOptions): Promise<void> {
    // Who came in while the door was closing.
    if (this.#isDraining) return depart(stream)
    const reader = new HubReader(this.#readerHub, stream, wanted, whose)
    const { identity } = reader
    stream.feed(reader)
    // Not before: a stream that has its place must not lose it by being subscribed twice.
    const refused = admit?.()
    if (refused !== undefined) {
      const { status, message } = refusalOf(refused)
      this.refuse(refused, status, stream.context.request)
      return turnAway(stream, { code: refused, message, seconds: retryAfter(Math.random()) })
    }
    const running = reader.run()
    this.#readers.add(reader)
    const rooms = wanted.filter(({ kind, name }) => kind === 'topic' && this.channels.named(name)?.settings.presence === true)
    for (const { name } of rooms) this.#presence.enter(name, reader)
    const { request } = stream.context
    diagnose('sse:subscribe', () => ({ stream: reader.number, topics: reader.names, identity, request }))
    void stream.closed.then(({ reason }) => {
      this.#readers.delete(reader)
      for (const { name } of rooms) this.#presence.leave(name, reader)
      this.counters.conflated += stream.outbox.conflated
      this.counters.dropped += stream.outbox.dropped
      this.counters.gaps.overflow += stream.outbox.gaps
      if (reason === 'overflow') this.counters.disconnected++
      if (reason === 'stalled') this.counters.stalled++
      diagnose('sse:unsubscribe', () => ({ stream: reader.number, topics: reader.names, identity, reason }))
    })
    try {
      await running
    } catch (error) {
      this.#readers.delete(reader)
      // Left open it would pass for a quiet stream, and its reader wait for ever.
      stream.giveUp(error)
      throw error
    }
  }

  /** Whether nothing more is to come of any of these topics, for a reader that has seen all that was. */
  hasNothingFor(wanted: readonly Wanted[], state: ShardState): boolean {
    return wanted.every(({ name, start }) => {
      const tail = state.tails.find(({ topic }) => topic === name)
      if (tail?.ended !== true || typeof start !== 'object' || !('after' in start) || start.after === 'unknown') return false
      const after = resumable(start.after, state)
      return after !== undefined && after >= tail.position
    })
  }

  refuse(reason: RefusalReason, status: number, request: string): void {
    this.counters.refused[reason]++
    diagnose('sse:refuse', () => ({ reason, status, request }))
  }

  /** Gives a stream its place until it is over, or says why there is none. */
  #admit(stream: EventStream<object>, { identity, address }: SubscribeOptions): RefusalReason | undefined {
    const place = this.admission.enter(address, Date.now())
    if (typeof place === 'string') return place
    void stream.closed.then(() => place.leave())
    return identity === undefined ? undefined : place.identify(identity)
  }

  /** @throws HubClosedError */
  #checkOpen(): void {
    if (this.#isClosed) throw new HubClosedError()
  }

  #observe(): ReaderObserver {
    const { counters } = this
    return {
      delivered: () => void counters.delivered++,
      replayed: ({ number, names, identity }, events) => {
        counters.replays++
        counters.replayed += events
        diagnose('sse:replay', () => ({ stream: number, topics: names, identity, events }))
      },
      gap: ({ number, identity }, topics, reason: GapReason) => {
        counters.gaps[reason]++
        diagnose('sse:gap', () => ({ stream: number, topics, identity, reason }))
      },
      rewound: () => void counters.rewound++,
      error: (error) => this.#report(error),
    }
  }

  #report(error: unknown): void {
    attempt(
      () => this.#onError(error),
      (thrown) => console.error('[@sse/server] hub:', thrown),
    )
  }
}

/** Lets a reader go, to come back and be authorized anew. */
export function dismiss(stream: EventStream<object>, reason: string): void {
  stream.tell({ type: 'sse.error', code: 'disconnected', message: reason, retry: true })
  void stream.release({ reason: 'disconnected', reconnect: true })
}

/** Lets a reader go for whom there is no place, to come back after some seconds. */
export async function turnAway(
  stream: EventStream<object>,
  { code, message, seconds }: { readonly code: string; readonly message: string; readonly seconds: number },
): Promise<void> {
  stream.tell({ type: 'sse.error', code, message, retry: true })
  await stream.release({ reason: 'refused', reconnect: true }, format({ retry: seconds * 1_000 }))
}

/** @throws ArgumentError for a stream that is none of this package's. */
function eventStreamOf(stream: unknown): EventStream<object> {
  if (stream instanceof EventStream) return stream
  throw new ArgumentError('stream', `is ${kindOf(stream)} that neither respond nor openStream of this very package has made`)
}

/** Lets a reader go that came while the door was closing: it comes back, and another hub will take it. */
function depart(stream: EventStream<object>): void {
  drainable(stream).depart(departures(1, 10_000, Math.random)[0]?.retry ?? 1_000)
}

/** @throws OptionError */
function checkBackplane(backplane: unknown): void {
  const takes = 'it takes memoryBackplane(), or sqliteBackplane({ path })'
  if (typeof backplane === 'function') throw new OptionError('backplane', 'is a function: call it, as memoryBackplane()')
  if (typeof backplane !== 'object' || backplane === null) throw new OptionError('backplane', `is ${told(backplane)}: ${takes}`)
  const { append, state, read, locate, connect }: { readonly [Method in keyof Backplane]?: unknown } = backplane
  for (const [name, method] of Object.entries({ append, state, read, locate, connect })) {
    if (typeof method !== 'function') throw new OptionError('backplane', `has no ${name}(), so it is none: ${takes}`)
  }
}

/**
 * @returns milliseconds since 1970.
 * @throws OptionError
 */
function timeOf(option: string, date: unknown): number | undefined {
  if (date === undefined) return undefined
  if (!(date instanceof Date)) throw new OptionError(option, `is ${told(date)}: it takes a Date`)
  if (Number.isNaN(date.getTime())) throw new OptionError(option, 'is an invalid Date')
  return date.getTime()
}

function drainable(stream: EventStream<object>): Drainable {
  return {
    closed: stream.closed,
    depart: (retry) => void stream.release({ reason: 'drained', reconnect: true }, format({ retry })),
    cut: () => stream.cut('drained'),
  }
}

/** @throws OptionError */
function startOf(from: unknown, lastEventId: string | undefined): Start {
  if (from === 'now') return 'now'
  if (typeof from === 'object' && from !== null && 'last' in from) {
    const { last } = from
    if (typeof last === 'number' && Number.isInteger(last) && last >= 0) return { last }
    throw new OptionError('from.last', `is ${last}: it takes a whole number of events from 0 on`)
  }
  if (from !== undefined && typeof from !== 'string') {
    throw new OptionError('from', `is ${kindOf(from)}: it takes a cursor, 'now' or { last: 10 }`)
  }
  const cursor = from ?? lastEventId
  return cursor === undefined ? 'now' : { after: parsePosition(cursor) ?? 'unknown' }
}
