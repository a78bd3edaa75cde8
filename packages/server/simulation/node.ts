import { endId } from '@sse/schema/wire'
import type { AuthorizeNames } from '../src/authorize.js'
import { coreOf, createHub, type HubCore } from '../src/create-hub.js'
import { EventStream } from '../src/event-stream.js'
import { decide } from '../src/handler.js'
import type { Hub } from '../src/hub.js'
import { type Settings, settingsOf } from '../src/options.js'
import type { OutboxLimits } from '../src/outbox.js'
import { produce } from '../src/producer.js'
import type { Outgoing } from '../src/stream.js'
import { type Channels, contract, topicNamed, type Whispers } from './contract.js'
import { NodeBackplane } from './node-backplane.js'
import type { Pipe } from './pipe.js'
import type { Shard } from './shard.js'
import type { World } from './world.js'

/** What a client asks a node for. */
export interface Asked {
  readonly topics: readonly string[]
  readonly lastEventId: string
  /** The application chose the one topic: the reader is not told its name. */
  readonly isPlain: boolean
  readonly identity: string
}

/** One process with a hub. */
export class SimulatedNode {
  readonly name: string
  readonly backplane: NodeBackplane
  readonly hub: Hub<Channels>
  readonly #world: World
  readonly #core: HubCore
  readonly #settings: Settings
  readonly #outbox: OutboxLimits
  readonly #pipes = new Set<Pipe>()
  /** How many events of its own the application has sent on each stream whose topic it chose. */
  readonly #whispered = new Map<EventStream<Whispers>, number>()
  isUp = true
  /** It takes no new stream, and will be gone soon. */
  isLeaving = false

  constructor(world: World, shard: Shard, name: string, outbox: OutboxLimits) {
    this.#world = world
    this.name = name
    this.backplane = new NodeBackplane(world, shard, name)
    this.hub = createHub({
      contract,
      backplane: this.backplane,
      channels: { price: { conflate: ({ data }) => data.key }, log: { overflow: 'drop-oldest' } },
      onError: (error) => world.say(() => `${name}: ${error}`),
    })
    this.#core = coreOf(this.hub)
    this.#outbox = outbox
    this.#settings = settingsOf({ outbox, onError: (error) => world.say(() => `${name}: ${error}`) })
  }

  /** The answer's status; with 200, the stream is on the pipe. */
  async answer({ topics, lastEventId, isPlain, identity }: Asked, pipe: Pipe): Promise<number> {
    if (lastEventId === endId) return 204
    if (isPlain) {
      const [name = ''] = topics
      const stream = this.#open<Whispers>(lastEventId, pipe)
      this.#whispered.set(stream, 0)
      void stream.closed.then(() => this.#whispered.delete(stream))
      void produce(stream, (opened) => this.hub.subscribe(opened, [topicNamed(name)], { identity }))
      return 200
    }
    const authorize: AuthorizeNames<undefined> = (_, names, subtrees) => ({
      allow: [...names, ...subtrees].map((name) => ({ name })),
      identity,
    })
    const outcome = await decide(this.#core, this.#settings, authorize, {
      original: undefined,
      name: 'GET /events',
      origin: undefined,
      isBrowser: false,
      client: undefined,
      address: () => undefined,
      asked: async () => ({ topics, reconnectedAt: lastEventId === '' ? undefined : lastEventId, cursor: undefined }),
      whenGone: (callback) => pipe.whenGone(callback),
    })
    if (!('run' in outcome)) return outcome.status
    if (pipe.isDead || !this.isUp) {
      outcome.give()
      return 503
    }
    const stream = this.#open<object>(lastEventId, pipe)
    outcome.run(stream).catch((error: unknown) => stream.fail(error))
    return 200
  }

  /** Gone from one moment to the next, with all its connections. */
  crash(): Promise<void> {
    this.isUp = false
    for (const pipe of this.#pipes) pipe.break(`${this.name} is gone`)
    return this.hub.close()
  }

  close(): Promise<void> {
    this.isUp = false
    return this.hub.close()
  }

  async drain(within: number): Promise<void> {
    this.isLeaving = true
    await this.hub.drain({ within })
    await this.close()
  }

  /**
   * The application sends an event of its own, where it chose the topic.
   *
   * @param isWrong whether it gives an id, which would be taken for a position: that is refused.
   */
  whisper(isWrong: boolean): void {
    for (const [stream, before] of this.#whispered) {
      if (!isWrong) this.#whispered.set(stream, before + 1)
      const event: Outgoing<Whispers> = isWrong
        ? { type: 'whisper', data: { n: 0 }, id: `own-${before}` }
        : { type: 'whisper', data: { n: before + 1 } }
      stream.send(event).catch((error: unknown) => this.#world.say(() => `${this.name}: ${error}`))
    }
  }

  checkBounds(): void {
    const { largest, frames } = this.hub.stats().outboxes
    const { maxBytes, maxFrames } = this.#outbox
    // A frame that is larger alone passes where nothing else waits.
    if (largest > Math.max(maxBytes, 1_000) || frames > maxFrames * this.#pipes.size) {
      this.#world.fail(`${this.name}: an outbox holds ${largest} bytes, all of them ${frames} frames`)
    }
  }

  #open<Payloads extends object>(lastEventId: string, pipe: Pipe): EventStream<Payloads> {
    const stream = new EventStream<Payloads>(pipe, this.#settings, {
      request: 'GET /events',
      lastEventId: lastEventId === '' ? undefined : lastEventId,
    })
    pipe.attach(stream)
    this.#pipes.add(pipe)
    void stream.closed.then(({ reason }) => {
      this.#pipes.delete(pipe)
      if (reason !== 'rewound') return
      pipe.takeBack()
      this.#world.counts.rewinds++
    })
    stream.open()
    return stream
  }
}
