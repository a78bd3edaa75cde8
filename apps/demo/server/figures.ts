import { setTimeout as pause } from 'node:timers/promises'
import type { HubStats } from '@sse/server/node'
import { contract } from '../contract.js'
import type { DemoHub } from './hub.js'
import type { SlowReader } from './slow-reader.js'

/** How often it looks, in milliseconds: a gauge is seen to move. */
const interval = 200

/** Publishes what the hub counts, and how the slow reader is doing: whenever it has changed, while somebody reads. */
export class Figures {
  readonly #hub: DemoHub
  readonly #slowReader: SlowReader
  readonly #stop = new AbortController()
  #published = 0
  #last = ''

  constructor(hub: DemoHub, slowReader: SlowReader) {
    this.#hub = hub
    this.#slowReader = slowReader
  }

  /** Looks once. False: nothing has changed, or nobody reads. */
  async look(): Promise<boolean> {
    const hub = this.#hub.stats()
    const slowReader = this.#slowReader.state ?? null
    const now = JSON.stringify([apartFrom(this.#published, hub), slowReader])
    if (hub.streams === 0 || now === this.#last) return false
    await this.#hub.publish(contract.figures(), { type: 'figures', data: { at: new Date(), hub, slowReader } })
    this.#last = now
    this.#published += 1
    return true
  }

  /** Resolves when it is stopped. */
  async run(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      await this.look().catch((error: unknown) => console.error('figures:', error))
      await pause(interval, undefined, { signal }).catch(() => {})
    }
  }

  stop(): void {
    this.#stop.abort()
  }
}

/** The figures without those of their own publishing, which would change them for ever. */
function apartFrom(own: number, { published, delivered: _, ...others }: HubStats): object {
  return { ...others, published: published - own }
}
