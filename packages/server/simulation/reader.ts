import {
  ConnectionError,
  checkLinks,
  HttpStatusError,
  type OpenConnection,
  type Subscription,
  subscribe,
  type Transport,
} from '@sse/client'
import { type Message, parsePosition, reservedPrefix } from '@sse/schema/wire'
import type { Payload, Whispers } from './contract.js'
import { Ledger } from './ledger.js'
import type { SimulatedNode } from './node.js'
import { Pipe, type PipeSize } from './pipe.js'
import type { Shard } from './shard.js'
import type { World } from './world.js'

/** What a reader is like. */
export interface ReaderKind {
  /** Topics and subtrees, each as it is asked for: `name` or `name@start`. */
  readonly topics: readonly string[]
  /** Where it begins; empty at the server's beginning. */
  readonly cursor: string
  /** Whether the client checks the links. */
  readonly isChecked: boolean
  /** The application chose the topic. */
  readonly isPlain: boolean
  readonly pipe: PipeSize
}

/** What comes, by type. */
interface Received extends Whispers {
  e: Payload
}

/** A client with its subscription, and what is known of what it had. */
export class SimulatedReader {
  readonly name: string
  readonly kind: ReaderKind
  readonly ledger: Ledger
  /** How long it takes for each event, in milliseconds. */
  pace = 0
  readonly #world: World
  readonly #nodes: readonly SimulatedNode[]
  readonly #subscription: Subscription<Received>
  #pipe: Pipe | undefined
  /** How many events beside the topic it had on this connection. */
  #whispers = 0

  constructor(world: World, shard: Shard, nodes: readonly SimulatedNode[], name: string, kind: ReaderKind) {
    this.#world = world
    this.#nodes = nodes
    this.name = name
    this.kind = kind
    const names = kind.topics.map((topic) => topic.split('@')[0] ?? '')
    this.ledger = new Ledger(world, shard, name, names, kind.isChecked)
    if (kind.cursor !== '') this.ledger.begin(kind.cursor)
    world.say(() => `${name}: subscribes to ${kind.topics.join(', ')} from '${kind.cursor}'${kind.isChecked ? ', checked' : ''}`)
    const query = kind.topics.map((topic) => `topic=${encodeURIComponent(topic)}`).join('&')
    this.#subscription = subscribe<Received>(`http://node/events?${query}`, {
      transport: kind.isChecked ? checkLinks(this.#transport) : this.#transport,
      lastEventId: kind.cursor,
      // Without it, a connection that breaks before `sse.ready` has come is waited on for ever.
      maxSilence: 45_000,
      reconnect: { baseDelay: 100, maxDelay: 3_000 },
      onGap: ({ topics, reason }) => {
        world.say(() => `${name}: gap of ${topics.join(', ')} (${reason})`)
        this.ledger.gap(topics, reason)
      },
      onEnd: ({ topics }) => {
        world.say(() => `${name}: end of ${topics?.join(', ') ?? 'all'}`)
        this.ledger.end(topics)
      },
      onError: (error) => world.say(() => `${name}: ${error.message}`),
      onStateChange: ({ state, reason, error }) => {
        if (error instanceof ConnectionError && error.message.includes('left out')) world.counts.brokenChains++
        world.say(() => `${name}: ${state}${reason === undefined ? '' : `, ${reason}`}${error === undefined ? '' : ` (${error.message})`}`)
        if (state === 'closed' && reason === 'failed') world.fail(`${name} has given up: ${error?.message}`)
      },
    })
    this.#subscription.on('whisper', ({ data }) => {
      if (data.n !== ++this.#whispers) world.fail(`${name} got ${data.n} of what is sent beside the topic, and not ${this.#whispers}`)
    })
    this.#subscription.on('e', ({ data, id, topic }) => this.#take(data, id, topic ?? names[0] ?? ''))
  }

  get cursor(): string {
    return this.#subscription.lastEventId
  }

  get isOpen(): boolean {
    return this.#subscription.state === 'open'
  }

  get isOver(): boolean {
    return this.#subscription.state === 'closed'
  }

  /** Its connection is reset. */
  cut(): void {
    this.#pipe?.break('it is cut')
  }

  wedge(): void {
    this.#pipe?.wedge()
    this.ledger.wedge()
  }

  leave(): void {
    this.#world.say(() => `${this.name}: leaves at ${this.cursor}`)
    this.#subscription.close()
    this.ledger.leave(this.cursor)
  }

  close(): void {
    this.#subscription.close()
  }

  #take(data: Payload, id: string, topic: string): Promise<void> | undefined {
    this.#world.say(() => `${this.name}: event ${data.n} of ${topic} (${id})`)
    this.ledger.event(topic, id, data)
    return this.pace > 0 ? this.#world.sleep(this.pace) : undefined
  }

  readonly #transport: Transport = async ({ url, lastEventId, signal }) => {
    const world = this.#world
    world.counts.connections++
    this.ledger.connect(lastEventId, this.#pipe?.wasTakenBack === true)
    const pipe = new Pipe(world, this.name, this.kind.pipe)
    this.#pipe = pipe
    this.#whispers = 0
    const left = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => {
        pipe.abort()
        reject(signal.reason)
      })
    })
    const status = await Promise.race([this.#ask(url, lastEventId, pipe), left])
    if (status === 204) {
      this.ledger.dismiss()
      return undefined
    }
    if (status !== 200) throw new HttpStatusError('GET /events', status)
    return this.#watched(pipe, lastEventId)
  }

  async #ask(url: URL, lastEventId: string, pipe: Pipe): Promise<number> {
    const world = this.#world
    await world.sleep(world.delay())
    const up = this.#nodes.filter(({ isUp }) => isUp)
    if (up.length === 0 || world.fails()) throw new Error('refused')
    const node = world.random.pick(up)
    this.ledger.reach(node.name)
    world.say(() => `${this.name}: asks ${node.name} from '${lastEventId}'`)
    const topics = url.searchParams.getAll('topic')
    const status = await node.answer({ topics, lastEventId, isPlain: this.kind.isPlain, identity: this.name }, pipe)
    await world.sleep(world.delay())
    return status
  }

  /** Reads the pipe, and looks at what a native EventSource would see. */
  #watched(pipe: Pipe, lastEventId: string): OpenConnection {
    let before: readonly Message[] = []
    let highest = parsePosition(lastEventId)
    return {
      read: async () => {
        // Who reads on has taken all that came before.
        for (const { id, event, data } of before) {
          if (id !== undefined && (data === undefined || event === 'sse.live')) this.ledger.vouch(id)
        }
        const messages = await pipe.read()
        before = messages ?? []
        for (const { id = '', event, data } of before) {
          const vouched = event === 'sse.live' ? JSON.parse(data ?? '').position : data === undefined ? id : ''
          if (vouched !== '') this.ledger.verify(vouched)
          const position = parsePosition(id)
          if (position === undefined) continue
          const isEvent = data !== undefined && event?.startsWith(reservedPrefix) !== true
          if (isEvent && position.epoch === highest?.epoch && position.at <= highest.at) {
            this.#world.fail(`${this.name} was sent ${id} on a stream that was at ${highest.epoch}.${highest.at} before`)
          }
          highest = position
        }
        return messages
      },
    }
  }
}
