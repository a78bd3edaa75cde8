import { type Control, formatPosition, type GapReason, type Message, type PresenceControl } from '@sse/schema/wire'
import type { Backplane, Entry, ShardState } from './backplane.js'
import { breath } from './breath.js'
import type { Close } from './close.js'
import type { Delivery } from './delivery.js'
import type { EndOfTurn } from './end-of-turn.js'
import type { EventStream, Feeder } from './event-stream.js'
import type { Audience, Feed } from './feed.js'
import { earliest, type Known, planJoin, type Wanted } from './join-plan.js'
import type { PresenceReader } from './presence.js'
import { replay } from './replay.js'

/** What a reader has from its hub. */
export interface ReaderHub {
  readonly backplane: Backplane
  readonly feed: Feed
  readonly endOfTurn: EndOfTurn
  deliveryOf(entry: Entry): Delivery
  /** Each is counted, and told to whoever observes the hub. */
  readonly observe: ReaderObserver
}

export interface ReaderObserver {
  delivered(): void
  replayed(reader: HubReader, entries: number): void
  gap(reader: HubReader, topics: readonly string[], reason: GapReason): void
  rewound(reader: HubReader): void
  error(error: unknown, reader: HubReader): void
}

/** Entries that wait for a reader while it catches up. Beyond it they are read from the history. */
const mostHeld = 1_000
/** In bytes: before more than this is under way, a replay waits for its reader. */
const replayWindow = 131_072

let readers = 0

/**
 * What one stream reads of a hub: replayed first, then live, without loss, doubling or reordering in between. Whatever makes
 * it doubt what came live sends it back to the history, from its own cursor.
 */
export class HubReader implements Audience, Feeder, PresenceReader {
  /** No other reader of this process has it. */
  readonly number: number = ++readers
  readonly stream: EventStream<object>
  readonly identity: string | undefined
  readonly client: string | undefined
  readonly text: readonly string[]
  readonly #hub: ReaderHub
  readonly #wanted: readonly Wanted[]
  readonly #names: readonly string[]
  readonly #isNamed: boolean
  /** Nothing that was published before this time is shown, whenever it comes. */
  readonly #notBefore: number
  /** Topics that have not ended; subtrees never do. */
  readonly #open: Set<string>
  #epoch = ''
  /** The last position that the reader was told. */
  #cursor = 0
  /** Up to here it has got everything, whatever came live since. */
  #safe = 0
  /** The last position that was vouched for to the reader. */
  #vouched = 0
  /** While it catches up: what came meanwhile. Undefined: it is live. */
  #held: Entry[] | undefined = []
  #heldSize = 0
  /** What is held is not all that came: the history is to be read once more. */
  #isIncomplete = false
  /** Topics and subtrees whose entries after these positions may not have come. */
  #suspects = new Map<string, number>()
  /** What it has up to here came live, or was vouched for; above, from the history. While it catches up. */
  #liveUntil = 0
  #hasJoined = false
  /** Topics with gaps that are to be told. */
  #lost = { reset: new Set<string>(), trimmed: new Set<string>() }

  constructor(
    hub: ReaderHub,
    stream: EventStream<object>,
    wanted: readonly Wanted[],
    {
      isNamed,
      identity,
      client,
    }: { readonly isNamed: boolean; readonly identity: string | undefined; readonly client: string | undefined },
  ) {
    this.#hub = hub
    this.stream = stream
    this.#wanted = wanted
    this.#names = wanted.map(({ name }) => name)
    this.#isNamed = isNamed
    this.#notBefore = Math.max(...wanted.map(({ notBefore = Number.NEGATIVE_INFINITY }) => notBefore))
    this.identity = identity
    this.client = client
    this.text = wanted.flatMap(({ text }) => text)
    this.#open = new Set(this.#names)
  }

  get names(): readonly string[] {
    return this.#names
  }

  get isLive(): boolean {
    return this.#held === undefined
  }

  /** Feeds the stream, whose feeder it is, until it is over, or all its topics are. Rejects where the backplane fails before it was live. */
  async run(): Promise<void> {
    try {
      await this.#read()
    } catch (error) {
      // Who is let go is read for no more: a hub is closed, and its backplane after it, while readers catch up.
      if (!this.stream.isEnding) throw error
      await this.stream.closed
    }
  }

  async #read(): Promise<void> {
    const { feed } = this.#hub
    await feed.watch(this.#names)
    feed.add(this.#names, this)
    try {
      await this.#catchUp()
      await this.stream.closed
    } finally {
      feed.remove(this.#names, this)
      feed.unwatch(this.#names)
    }
  }

  offer(entry: Entry): void {
    if (this.#held === undefined) {
      this.#take(entry)
      return
    }
    this.#heldSize += sizeOf(entry)
    // All of it goes into the outbox at once.
    if (this.#held.length < Math.min(mostHeld, this.#frameWindow) && this.#heldSize < this.#window) this.#held.push(entry)
    else this.#isIncomplete = true
  }

  distrust(name: string, after: number): void {
    // What came live before it went back to the history may lack entries of this topic, too.
    if (this.#held === undefined) this.#advanceSafe()
    const from = Math.max(after, this.#safe)
    if (this.#hasJoined) this.#suspects.set(name, Math.min(from, this.#suspects.get(name) ?? from))
    if (this.#held === undefined) this.#catchUpAgain()
    else this.#isIncomplete = true
  }

  rejoin(): void {
    if (this.#held === undefined) this.#catchUpAgain()
    else this.#isIncomplete = true
  }

  /** Quiet topics have a cursor that grows old; and what is verified need not be remembered by the reader. */
  heartbeat(): Message | Control | undefined {
    const { feed } = this.#hub
    if (this.#held !== undefined || feed.epoch !== this.#epoch) return undefined
    const verified = feed.verified(this.#names)
    if (verified <= this.#vouched) return undefined
    this.#vouched = verified
    const position = formatPosition(this.#epoch, verified)
    // An id takes the reader there: not back from where it is.
    if (verified < this.#cursor) return { type: 'sse.live', topics: [], resumed: true, position }
    this.#cursor = verified
    return { id: position }
  }

  tellPresence(control: PresenceControl): void {
    this.stream.tell(control)
  }

  #catchUpAgain(): void {
    this.#held = []
    this.#liveUntil = this.#cursor
    this.#catchUp().catch((error: unknown) => {
      if (this.stream.isEnding) return
      this.#hub.observe.error(error, this)
      // It comes back, and by then the backplane may, too.
      void this.stream.release({ reason: 'failed', reconnect: true, error })
    })
  }

  async #catchUp(): Promise<void> {
    do {
      this.#held = []
      this.#heldSize = 0
      this.#isIncomplete = false
      const state = await this.#hub.backplane.state(this.#names, this.#hasJoined ? this.#safe : earliest(this.#wanted))
      const known = this.#known(state)
      // What is doubted from here on is at or below the state's position, and will be read, or is read in the next round.
      this.#suspects = new Map()
      if (this.stream.signal.aborted || !(await this.#replay(state, known))) return
    } while (this.#isIncomplete)
    const held = this.#held
    this.#held = undefined
    for (const entry of held ?? []) {
      // One of them may send it back to the history, which has the rest.
      if (this.#held !== undefined) return
      if (entry.position > this.#safe) this.#take(entry)
    }
  }

  /** What it is known to have, once it has joined. */
  #known({ tails }: ShardState): Known | undefined {
    if (!this.#hasJoined) return undefined
    const { feed } = this.#hub
    const names = new Set(this.#names)
    const reached = new Map<string, number>()
    // As of now: what comes while the replay is being planned must not hide what did not come before. Those that are doubted
    // may be forgotten by now, and have no tail.
    for (const topic of new Set([...names, ...this.#suspects.keys(), ...tails.map((tail) => tail.topic)])) {
      reached.set(topic, Math.max(this.#safe, this.#suspects.get(topic) ?? feed.reached(topic, names)))
    }
    return { cursor: { epoch: this.#epoch, at: this.#cursor, previous: undefined }, reached }
  }

  get #window(): number {
    return Math.min(replayWindow, this.stream.settings.outbox.maxBytes / 4)
  }

  get #frameWindow(): number {
    return this.stream.settings.outbox.maxFrames / 4
  }

  /** Whether a replay waits for its reader before this entry. Alone, even the largest finds room. */
  #isFullFor(entry: Entry): boolean {
    const { bytes, frames } = this.stream.outbox
    return frames > 0 && (bytes + sizeOf(entry) >= this.#window || frames >= this.#frameWindow)
  }

  /** Sends what the history has up to the state's position. False where the stream is over. */
  async #replay(state: ShardState, known: Known | undefined): Promise<boolean> {
    const { backplane } = this.#hub
    const plan = await planJoin((topic, from) => backplane.locate(topic, from), this.#wanted, known, state)
    for (const name of plan.reset) this.#lost.reset.add(name)
    for (const name of plan.trimmed) this.#lost.trimmed.add(name)
    let count = 0
    for await (const { lost, entries } of replay((topic, range) => backplane.read(topic, range), plan.topics, state.position)) {
      if (this.stream.signal.aborted) return false
      const foreign = entries.filter((entry) => !isOf(state, entry))
      if (foreign.length > 0 && (await backplane.state([], Number.POSITIVE_INFINITY)).epoch !== state.epoch) {
        // One epoch's positions would be taken for the other's. The reader comes back, and its cursor is judged anew.
        void this.stream.release({ reason: 'failed', reconnect: true })
        return false
      }
      for (const { topic } of foreign) this.#lost.trimmed.add(topic)
      for (const topic of lost) this.#lost.trimmed.add(topic)
      for (const entry of this.#latest(entries)) {
        if (foreign.includes(entry)) continue
        if (entry.position <= this.#cursor && this.#hasJoined) {
          // It came from the history a round before.
          if (entry.position > this.#liveUntil) continue
          // Repaired behind its back: only from before can the reader take it in order.
          this.#rewind()
          return false
        }
        if (this.#isFullFor(entry) && !(await this.stream.room())) return false
        this.#deliver(entry)
        count++
      }
      // One that reads much must not keep the others waiting; nor its own expiry.
      await breath()
      if (!(await this.stream.room())) return false
    }
    if (count > 0) this.#hub.observe.replayed(this, count)
    this.#goOn(state, plan.resumed)
    return !this.stream.isOver
  }

  /** The reader is complete up to the state's position. */
  #goOn(state: ShardState, resumed: boolean): void {
    const isFirst = !this.#hasJoined
    this.#hasJoined = true
    // Not before: whom a replay takes back goes back to where it was in its own epoch.
    this.#epoch = state.epoch
    this.#cursor = state.position
    this.#safe = state.position
    this.#vouched = state.position
    // Once more is only worth a word where there is more to say.
    if (this.#isIncomplete && !isFirst && !this.#hasLost) return
    this.#tellLost()
    const position = formatPosition(state.epoch, state.position)
    this.stream.tell({ type: 'sse.live', topics: this.#names, resumed, position }, position)
    // Ends that came before where it began.
    const over = state.tails.filter(({ topic, ended }) => ended && this.#open.has(topic)).map(({ topic }) => topic)
    for (const topic of over) this.#open.delete(topic)
    if (over.length > 0 && this.#open.size > 0) this.stream.tell({ type: 'sse.end', topics: over, reason: 'ended' })
    this.#endIfAllHave()
  }

  #isShown(delivery: Delivery): boolean {
    const { topic, time } = delivery.entry
    return !(time < this.#notBefore) && (delivery.isPublic || delivery.isVisibleTo({ identity: this.identity, topic }))
  }

  /** Of events of which only the latest counts, the latest that the reader may see. */
  #latest(entries: readonly Entry[]): readonly Entry[] {
    const last = new Map<string, Entry>()
    for (const entry of entries) {
      const delivery = this.#hub.deliveryOf(entry)
      const { key } = delivery
      if (key !== undefined && this.#isShown(delivery)) last.set(key, entry)
    }
    if (last.size === 0) return entries
    return entries.filter((entry) => {
      const { key } = this.#hub.deliveryOf(entry)
      return key === undefined || last.get(key) === entry
    })
  }

  #take(entry: Entry): void {
    // The feed has yet to hear of the epoch that this reader has gone on from.
    if (entry.epoch !== this.#epoch) return
    if (entry.position > this.#cursor) {
      this.#deliver(entry)
      return
    }
    this.#advanceSafe()
    if (entry.position > this.#safe) this.#rewind()
  }

  #advanceSafe(): void {
    const { feed } = this.#hub
    // The feed may have yet to hear of the reader's epoch, or the other way round.
    if (feed.epoch === this.#epoch) this.#safe = Math.max(this.#safe, feed.verified(this.#names))
  }

  #deliver(entry: Entry): void {
    const delivery = this.#hub.deliveryOf(entry)
    const { topic, position } = entry
    if (!delivery.isFit) {
      // In the history it is come by again. There the gap goes before what takes the reader past it.
      if (this.#held === undefined) this.#catchUpAgain()
      else this.#lost.trimmed.add(topic)
      return
    }
    if (entry.kind === 'end') {
      this.#tellLost()
      this.#cursor = position
      this.stream.tell({ type: 'sse.end', topics: [topic], reason: entry.data }, delivery.id)
      this.#open.delete(topic)
      // In a replay, what else there is comes first.
      if (this.#held === undefined) this.#endIfAllHave()
      return
    }
    if (!this.#isShown(delivery)) return
    this.#tellLost()
    this.#cursor = position
    const frame = delivery.frame(this.#isNamed)
    const now = Date.now()
    // One that was made for others long ago has not waited here since.
    this.stream.relay(frame.at < now - 1_000 ? { ...frame, at: now } : frame)
    this.#hub.endOfTurn.add(this.stream)
    this.#hub.observe.delivered()
  }

  #endIfAllHave(): void {
    if (this.#open.size === 0) void this.stream.end()
  }

  get #hasLost(): boolean {
    return this.#lost.reset.size + this.#lost.trimmed.size > 0
  }

  /** Directly before what moves the cursor past it, in one write: the one without the other would be a loss, or told twice. */
  #tellLost(): void {
    if (!this.#hasLost) return
    for (const reason of ['reset', 'trimmed'] as const) {
      const topics = [...this.#lost[reason]]
      if (topics.length === 0) continue
      this.stream.tell({ type: 'sse.gap', topics, reason })
      this.#hub.observe.gap(this, topics, reason)
    }
    this.#lost = { reset: new Set(), trimmed: new Set() }
  }

  /** Takes the reader back to where nothing was missing, and lets it resume there. */
  #rewind(): void {
    this.#hub.observe.rewound(this)
    const close: Close = { reason: 'rewound', reconnect: true }
    void this.stream.release(close, `id: ${formatPosition(this.#epoch, this.#safe)}\n\n`)
  }
}

/** Whether an entry is of an epoch that the state knows. Another one may have begun since it was read; or it is nobody's. */
function isOf(state: ShardState, { epoch }: Entry): boolean {
  return epoch === state.epoch || state.past.some((past) => past.epoch === epoch)
}

/** About how many bytes it takes on its way, and rather more. */
function sizeOf({ data }: Entry): number {
  return 3 * data.length + 256
}
