import { type Payload, topicNamed } from './contract.js'
import type { SimulatedNode } from './node.js'
import type { World } from './world.js'

/** Whoever publishes, to whatever node is up. */
export class Publisher {
  readonly #world: World
  readonly #topics: readonly string[]
  readonly #someNode: () => SimulatedNode | undefined
  /** It publishes no more to these. */
  readonly #ended = new Set<string>()
  readonly #keys: { readonly topic: string; readonly payload: Payload; readonly key: string }[] = []
  #published = 0

  constructor(world: World, topics: readonly string[], someNode: () => SimulatedNode | undefined) {
    this.#world = world
    this.#topics = topics
    this.#someNode = someNode
  }

  publish(topic: string | undefined = this.#someTopic()): void {
    if (topic === undefined) return
    const { random } = this.#world
    const text = random.chance(0.1) ? 'é😀'.repeat(random.between(1, 60)) : 'x'.repeat(random.between(0, 20))
    const payload = { n: ++this.#published, key: random.pick(['a', 'b']), text }
    if (random.chance(0.7)) return void this.#send(topic, payload, undefined)
    const keyed = { topic, payload, key: `k${payload.n}` }
    this.#keys.push(keyed)
    void this.#send(topic, payload, keyed.key)
  }

  burst(): void {
    const { random } = this.#world
    const topic = this.#someTopic()
    for (let count = random.between(2, 12); count > 0; count--) this.publish(random.chance(0.5) ? topic : this.#someTopic())
  }

  /** The same once more, as whoever does not know whether it was appended. */
  repeat(): void {
    if (this.#keys.length === 0) return
    const { topic, payload, key } = this.#world.random.pick(this.#keys)
    if (!this.#ended.has(topic)) void this.#send(topic, payload, key)
  }

  end(topic: string | undefined = this.#someTopic()): void {
    if (topic === undefined) return
    this.#ended.add(topic)
    this.#world.say(() => `publisher: ends ${topic}`)
    this.#someNode()
      ?.hub.end(topicNamed(topic))
      .catch((error: unknown) => this.#world.say(() => `publisher: the end of ${topic} may not be there: ${error}`))
  }

  /** Something to every topic that goes on. */
  publishAll(): void {
    for (const topic of this.#topics) if (!this.#ended.has(topic)) this.publish(topic)
  }

  /** Ends what was to be ended, where that is undecided. */
  async endAgain(): Promise<void> {
    for (const topic of this.#ended) await this.#someNode()?.hub.end(topicNamed(topic))
  }

  #someTopic(): string | undefined {
    const open = this.#topics.filter((topic) => !this.#ended.has(topic))
    return open.length === 0 ? undefined : this.#world.random.pick(open)
  }

  /** Where it is undecided whether it was appended, it is tried again; with its key, or not at all. */
  async #send(topic: string, payload: Payload, key: string | undefined): Promise<void> {
    for (let tries = 0; tries < 20 && !this.#ended.has(topic); tries++) {
      const node = this.#someNode()
      try {
        if (node === undefined) throw new Error('no node is up')
        await node.hub.publish(topicNamed(topic), { type: 'e', data: payload }, { key })
        return
      } catch (error) {
        this.#world.say(() => `publisher: event ${payload.n} of ${topic} may not be there: ${error}`)
        if (key === undefined) return
        await this.#world.sleep(200)
      }
    }
  }
}
