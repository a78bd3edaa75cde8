import type { Append, Appended, Backplane, Entry, Link, Listener, Range, ShardState } from '../src/backplane.js'
import { Lane } from './lane.js'
import type { Shard } from './shard.js'
import type { ShardLink } from './shard-link.js'
import type { World } from './world.js'

/** The way to the storage is interrupted. */
class UnreachableError extends Error {}

/** What a node has of the shard: the same, over a network that delays, loses, doubles and breaks off. */
export class NodeBackplane implements Backplane {
  readonly #world: World
  readonly #shard: Shard
  readonly #name: string
  readonly links: NodeLink[] = []

  constructor(world: World, shard: Shard, name: string) {
    this.#world = world
    this.#shard = shard
    this.#name = name
  }

  async append(append: Append): Promise<Appended> {
    await this.#travel()
    const appended = await this.#shard.store.append(append)
    // It was appended, and who asked for it cannot know.
    await this.#travel()
    return appended
  }

  async state(names: readonly string[], after: number): Promise<ShardState> {
    await this.#travel()
    await this.#shard.meet('before state')
    const state = await this.#shard.store.state(names, after)
    await this.#shard.meet('after state')
    await this.#travel()
    return state
  }

  async read(topic: string, range: Range): Promise<readonly Entry[]> {
    await this.#travel()
    await this.#shard.meet('before read')
    const entries = await this.#shard.store.read(topic, range)
    await this.#shard.meet('after read')
    await this.#travel()
    return entries
  }

  async locate(topic: string, from: { readonly last: number } | { readonly since: number }): Promise<number> {
    await this.#travel()
    return this.#shard.store.locate(topic, from)
  }

  connect(listener: Listener): Link {
    const link = new NodeLink(this.#world, this.#shard, listener, this.#name)
    this.links.push(link)
    return link
  }

  sweep(): Promise<void> {
    return this.#shard.store.sweep()
  }

  async close(): Promise<void> {
    for (const link of this.links) await link.close()
  }

  async #travel(): Promise<void> {
    await this.#world.travel()
    if (this.#world.fails()) throw new UnreachableError(`${this.#name} does not reach the storage`)
  }
}

/** A node's announcements, on their way. */
export class NodeLink implements Link {
  readonly #world: World
  readonly #shard: Shard
  readonly #name: string
  readonly #listener: Listener
  readonly #source: ShardLink
  readonly #announcements: Lane
  readonly #commands: Lane
  /** Nothing arrives while it is so. */
  #isBroken = false
  #isClosed = false
  /** How many of the next entries are lost without a word. */
  #toLose = 0

  constructor(world: World, shard: Shard, listener: Listener, name: string) {
    this.#world = world
    this.#shard = shard
    this.#name = name
    this.#listener = listener
    this.#announcements = new Lane(world)
    this.#commands = new Lane(world)
    this.#source = shard.connect({ entry: (entry) => this.#announce(entry), interrupted: () => this.interrupt() })
  }

  watch(names: readonly string[]): Promise<void> {
    return new Promise((resolve) => {
      this.#commands.send(() => {
        this.#source.watch(names)
        this.#world.clock.after(this.#world.delay(), resolve)
      })
    })
  }

  unwatch(names: readonly string[]): void {
    this.#commands.send(() => this.#source.unwatch(names))
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#source.close()
  }

  /** The next few entries are lost on the way, and nobody notices. */
  lose(entries: number): void {
    this.#toLose = entries
  }

  /** The connection breaks, with what was on its way. */
  break(): void {
    this.#world.say(() => `${this.#name}: its announcements break off`)
    this.#isBroken = true
    this.#announcements.drop()
  }

  /** It is made anew: what comes from here on arrives, after the node was told of the hole. */
  mend(): void {
    if (!this.#isBroken) return
    this.#world.say(() => `${this.#name}: its announcements come again`)
    this.#isBroken = false
    this.interrupt()
  }

  interrupt(): void {
    this.#announcements.send(() => {
      if (!this.#isClosed) this.#listener.interrupted()
    })
  }

  #announce(entry: Entry): void {
    if (this.#isBroken || this.#isClosed) return
    if (this.#toLose > 0) {
      this.#toLose--
      this.#shard.lose(entry, this.#name)
      this.#world.say(() => `${this.#name}: the announcement of ${entry.topic} at ${entry.position} is lost`)
      return
    }
    const copies = this.#world.fails() ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      this.#announcements.send(() => {
        if (!this.#isClosed) this.#listener.entry(entry)
      })
    }
  }
}
