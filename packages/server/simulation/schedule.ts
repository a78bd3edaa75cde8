import { boundsOf } from '../src/retention.js'
import { subtree } from './contract.js'
import { drive, enter, realImmediate } from './globals.js'
import { SimulatedNode } from './node.js'
import { Publisher } from './publisher.js'
import { SimulatedReader } from './reader.js'
import { type Moment, Shard } from './shard.js'
import { type Counts, World } from './world.js'

/** How a schedule ended. */
export interface Outcome {
  readonly seed: number
  /** Why the promise does not hold; undefined where it does. */
  readonly failure: string | undefined
  readonly counts: Counts
  readonly trace: readonly string[] | undefined
}

const topicNames = ['orders/1', 'orders/2', 'orders/3', 'users/1/inbox', 'prices/1', 'logs/1']

/** One schedule: what there is, and what happens to it. */
class Schedule {
  readonly world: World
  readonly #shard: Shard
  readonly #nodes: SimulatedNode[] = []
  readonly #readers: SimulatedReader[] = []
  readonly #topics: readonly string[]
  readonly #publisher: Publisher
  readonly #operations: readonly (readonly [() => unknown, number])[]

  constructor(seed: number, isTraced: boolean) {
    this.world = new World(seed, isTraced)
    enter(this.world)
    const { random } = this.world
    this.#topics = topicNames.filter((_, index) => index === 0 || random.chance(0.6))
    const seconds = random.pick([5, 60, 600])
    this.#shard = new Shard(this.world, {
      retain: boundsOf({ events: random.pick([0, 2, 5, 20, 100]), seconds, bytes: random.pick([200, 100_000]) }),
      tails: random.pick([seconds, 1_000_000]) * 1_000,
      topics: random.pick([2, 4, 1_000, 1_000]),
      keys: 60_000,
    })
    this.#publisher = new Publisher(this.world, this.#topics, () => this.#someNode())
    this.#operations = this.#weighted()
  }

  async run(): Promise<void> {
    const { random } = this.world
    const nodes = random.between(1, 3)
    for (let count = 0; count < nodes; count++) this.#startNode()
    for (let count = random.between(0, 3); count > 0; count--) this.#join()
    this.world.slowness = random.pick([0, 5, 50, 500])
    this.world.badness = random.pick([0, 0, 0.01, 0.05])
    for (let count = random.between(20, 80); count > 0; count--) {
      random.weighted(this.#operations)()
      if (random.chance(0.6)) await this.world.sleep(random.chance(0.9) ? random.between(0, 100) : random.between(0, 3_000))
      for (const node of this.#nodes) node.checkBounds()
    }
    await this.#settle()
    await this.#close()
  }

  /** What may happen, and how often. Each schedule has its own mixture, and leaves much out. */
  #weighted(): readonly (readonly [() => unknown, number])[] {
    const { random } = this.world
    const all: readonly (readonly [() => unknown, number])[] = [
      [() => this.#publisher.publish(), 30],
      [() => this.#publisher.burst(), 6],
      [() => this.#publisher.repeat(), 4],
      [() => this.#publisher.end(), 1],
      [() => this.#pass(), 4],
      [() => this.#someReader()?.cut(), 8],
      [() => this.#someReader()?.wedge(), 2],
      [() => this.#pace(), 4],
      [() => this.#join(), 4],
      [() => this.#joinLate(), 2],
      [() => this.#reload(), 3],
      [() => this.#leave(), 1],
      [() => this.#stopNode(), 2],
      [() => this.#up().length < 3 && this.#startNode(), 2],
      [() => this.#breakLink(), 4],
      [() => this.#loseAnnouncement(), 4],
      [() => this.#newEpoch(), 2],
      [() => this.#ambush(), 3],
      [() => this.#finish(), 1],
      [() => this.#disconnect(), 1],
      [() => this.#whisper(), 4],
      [() => void this.#shard.store.sweep(), 2],
    ]
    return all.map(([operation, weight], index) => [operation, index === 0 || random.chance(0.6) ? weight : 0])
  }

  #up(): readonly SimulatedNode[] {
    return this.#nodes.filter(({ isUp }) => isUp)
  }

  #someNode(): SimulatedNode | undefined {
    const up = this.#up()
    return up.length === 0 ? undefined : this.world.random.pick(up)
  }

  #present(): readonly SimulatedReader[] {
    return this.#readers.filter(({ isOver }) => !isOver)
  }

  #someReader(): SimulatedReader | undefined {
    const present = this.#present()
    return present.length === 0 ? undefined : this.world.random.pick(present)
  }

  /** Time passes: things expire, hearts beat. */
  #pass(): Promise<void> {
    return this.world.sleep(this.world.random.between(1_000, 90_000))
  }

  #pace(): void {
    const reader = this.#someReader()
    if (reader === undefined) return
    reader.pace = this.world.random.pick([0, 20, 300, 5_000])
    this.world.say(() => `${reader.name}: takes ${reader.pace} ms for an event`)
  }

  #join(topics: readonly string[] = this.#wanted(), cursor: string = this.#start()): void {
    const present = this.#present()
    if (present.length >= 4) return
    const { random } = this.world
    const [first = ''] = topics
    this.#readers.push(
      new SimulatedReader(this.world, this.#shard, this.#nodes, `reader ${this.#readers.length + 1}`, {
        topics,
        cursor,
        isChecked: random.chance(0.5),
        isPlain: topics.length === 1 && !first.includes('*') && !first.includes('@') && random.chance(0.5),
        pipe: random.pick([
          { socket: 16_384, window: 65_536 },
          { socket: 200, window: 300 },
        ]),
      }),
    )
  }

  #wanted(): readonly string[] {
    const { random } = this.world
    const names = random.chance(0.2) ? [] : [...this.#topics, subtree].filter(() => random.chance(0.5))
    return (names.length === 0 ? [random.pick(this.#topics)] : names).map((name) => {
      if (random.chance(0.8)) return name
      return name === subtree ? `${name}@now` : `${name}@${random.pick(['now', 'last:2', 'last:10'])}`
    })
  }

  /** A cursor to begin at: none, somebody's, or one that is worth nothing. */
  #start(): string {
    const { random } = this.world
    if (random.chance(0.6)) return ''
    if (random.chance(0.8)) return random.pick(['', ...this.#readers.map(({ cursor }) => cursor)])
    const known = this.#readers.map(({ cursor }) => cursor).find((cursor) => cursor.startsWith('1.'))
    return random.pick(['nonsense', '1.foreign.3-2', known === undefined ? '1.x.1' : `${known.slice(0, known.lastIndexOf('.'))}.1000000`])
  }

  /** A reader goes on where another is, with topics that it did not have before. */
  #joinLate(): void {
    const reader = this.#someReader()
    if (reader === undefined || reader.cursor === '') return
    const topics = new Set([...reader.ledger.names, ...this.#topics.filter(() => this.world.random.chance(0.5))])
    this.#join([...topics], reader.cursor)
  }

  /** A page is loaded anew, and goes on where it was. */
  #reload(): void {
    const reader = this.#someReader()
    if (reader === undefined) return
    reader.leave()
    const { kind, cursor } = reader
    const again = (): void => this.#join(kind.topics, cursor)
    if (this.world.random.chance(0.7)) again()
    else this.world.clock.after(this.world.random.between(0, 100_000), again)
  }

  #leave(): void {
    this.#someReader()?.leave()
  }

  #startNode(): void {
    const { random } = this.world
    const name = `node ${this.#nodes.length + 1}`
    this.world.say(() => `${name}: starts`)
    const tiny = { maxBytes: random.between(1_500, 6_000), maxFrames: random.between(3, 40), maxAge: 30_000 }
    const ample = { maxBytes: 1_000_000, maxFrames: 10_000, maxAge: 120_000 }
    this.#nodes.push(new SimulatedNode(this.world, this.#shard, name, random.chance(0.4) ? tiny : ample))
  }

  #stopNode(): void {
    const node = this.#someNode()
    if (node === undefined) return
    const how = this.world.random.pick(['crash', 'close', 'drain'] as const)
    this.world.say(() => `${node.name}: ${how}`)
    void (how === 'drain' ? node.drain(this.world.random.between(0, 5_000)) : node[how]())
  }

  #breakLink(): void {
    const { clock, random } = this.world
    const node = this.#someNode()
    for (const link of node?.backplane.links ?? []) {
      link.break()
      clock.after(random.between(0, 5_000), () => {
        // What comes before the node knows what it has missed is the likeliest to be taken for whole.
        if (random.chance(0.5)) this.#ambush(['before state', 'after state'])
        link.mend()
      })
    }
  }

  #loseAnnouncement(): void {
    const { clock, random } = this.world
    for (const link of this.#someNode()?.backplane.links ?? []) link.lose(random.between(1, 3))
    if (random.chance(0.5)) return
    // Other topics' events take a reader past what is lost, and it goes before anybody has noticed.
    this.#publisher.burst()
    clock.after(random.between(0, 1_000), () => this.#someReader()?.cut())
  }

  #newEpoch(): void {
    const { random } = this.world
    const shard = this.#shard
    random.weighted<() => void>([
      [() => shard.beginEpoch(random.between(0, 3)), 3],
      [() => shard.promote(random.between(0, 6)), 3],
      [() => shard.forget(), 2],
    ])()
    for (const reader of this.#present()) reader.ledger.mislead()
    // Some are told, others find out.
    for (const node of this.#up()) if (random.chance(0.7)) for (const link of node.backplane.links) link.interrupt()
  }

  /** The history changes between what a node has asked of it and what it asks next. */
  #ambush(moments: readonly Moment[] = ['before state', 'after state', 'before read', 'after read']): void {
    const { random } = this.world
    const change = random.pick<() => void>([
      () => this.#newEpoch(),
      () => this.#newEpoch(),
      () => this.#join(),
      () => this.#someReader()?.cut(),
      () => this.#breakLink(),
      () => void this.#shard.store.sweep(),
    ])
    const bursts = random.between(0, 8)
    const publish = (): void => {
      for (let count = 0; count < bursts; count++) this.#publisher.burst()
    }
    const steps = random.chance(0.5) ? [change, publish] : [publish, change]
    this.#shard.ambush(random.pick(moments), async () => {
      for (const step of steps) {
        step()
        await this.world.sleep(random.between(0, 2 * this.world.slowness + 50))
      }
    })
    if (random.chance(0.5)) this.#someReader()?.cut()
  }

  /** Everything that a reader has ends, while it is away. */
  #finish(): void {
    const reader = this.#someReader()
    if (reader === undefined || reader.ledger.names.includes(subtree)) return
    reader.cut()
    for (const topic of reader.ledger.names) this.#publisher.end(topic)
  }

  #disconnect(): void {
    const reader = this.#someReader()
    for (const node of this.#up()) node.hub.disconnect({ identity: reader?.name ?? 'nobody' })
  }

  /** The application sends something of its own to those whose topic it chose. */
  #whisper(): void {
    for (const node of this.#up()) node.whisper(this.world.random.chance(0.3))
  }

  /** All is well again, and stays so until everything must have arrived. */
  async #settle(): Promise<void> {
    this.world.say(() => 'all is well again')
    this.world.slowness = 0
    this.world.badness = 0
    this.#shard.disarm()
    for (const reader of this.#readers) reader.pace = 0
    for (const node of this.#nodes) {
      for (const link of node.backplane.links) {
        link.lose(0)
        link.mend()
      }
    }
    if (this.#up().every(({ isLeaving }) => isLeaving)) this.#startNode()
    await this.world.sleep(100_000)
    const published = this.world.clock.now
    // Who is stuck drops these, too.
    this.#publisher.publishAll()
    await this.world.sleep(4_000)
    for (const reader of this.#readers) if (reader.isOpen) reader.ledger.settleLive(published)
    await this.#publisher.endAgain()
    await this.world.sleep(60_000)
    for (const reader of this.#readers) reader.ledger.settle()
  }

  /** Nothing is left behind. */
  async #close(): Promise<void> {
    for (const reader of this.#readers) reader.close()
    await Promise.all(this.#up().map((node) => node.close()))
    await this.#shard.close()
    await this.world.sleep(100_000)
    const left = this.world.clock.pending.size
    if (left > 0) this.world.fail(`${left} timers are left when everything is closed`)
  }
}

/** Runs the schedule of a seed. The same seed gives the same trace. */
export async function runSchedule(seed: number, isTraced = false): Promise<Outcome> {
  const schedule = new Schedule(seed, isTraced)
  const { world } = schedule
  let isDone = false
  const thrown = (error: unknown): void => world.fail(`something was thrown: ${error instanceof Error ? error.stack : error}`)
  process.on('unhandledRejection', thrown)
  schedule.run().then(() => {
    isDone = true
  }, thrown)
  await drive(() => {
    if (isDone || world.failure !== undefined) return false
    if (world.clock.step()) return true
    // The last timers may have been followed by promises alone.
    world.fail('nothing happens any more')
    return false
  })
  // What is rejected and not handled is told when all ticks are over.
  await new Promise<void>((resolve) => realImmediate(resolve))
  process.off('unhandledRejection', thrown)
  const { failure, counts, trace } = world
  return { seed, failure, counts, trace }
}
