import { createHistogram } from 'node:perf_hooks'
import { StreamReader } from './stream-reader.ts'
import { now, readTick, type Tick } from './tick.ts'

/** So many connect at once: a listening socket's queue is short. */
const connecting = 100
/** How many of the last events are remembered, for streams that are behind others. */
const remembered = 1_000

export interface ReadersOptions {
  readonly port: number
  readonly path: string
  readonly streams: number
  /** Of each event's JSON. */
  readonly bytes: number
}

/** Many streams, of which every one must get every event, whole and in order. */
export class Readers {
  readonly #bytes: number
  readonly #latencies = createHistogram()
  /** By number: what was checked once need only be the same for the other streams. */
  readonly #known = new Map<number, { readonly json: string; readonly tick: Tick }>()
  /** How many streams have got so far, by the number of their last event. */
  readonly #progress = new Map<number, number>()
  readonly #waiting = new Set<() => void>()
  #failure: Error | undefined

  private constructor(bytes: number) {
    this.#bytes = bytes
  }

  static async connect({ streams, bytes, ...where }: ReadersOptions): Promise<Readers> {
    const readers = new Readers(bytes)
    for (let first = 0; first < streams; first += connecting) {
      const count = Math.min(connecting, streams - first)
      await Promise.all(Array.from({ length: count }, () => readers.#add(where).opened))
    }
    readers.#progress.set(0, streams)
    return readers
  }

  begin(): void {
    this.#latencies.reset()
  }

  /** Resolves when every stream has this event; rejects with what went wrong, or when time is up. */
  async complete(last: number, within: number): Promise<{ readonly deliveries: number; readonly p50: number; readonly p99: number }> {
    const late = setTimeout(() => {
      const slowest = Math.min(...this.#progress.keys())
      this.#fail(new Error(`A stream has only ${slowest} of ${last} events`))
    }, within)
    while (this.#failure === undefined && !(this.#progress.has(last) && this.#progress.size === 1)) {
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
      this.#waiting.clear()
    }
    clearTimeout(late)
    if (this.#failure !== undefined) throw this.#failure
    return { deliveries: this.#latencies.count, p50: this.#latencies.percentile(50), p99: this.#latencies.percentile(99) }
  }

  #add(where: { readonly port: number; readonly path: string }): StreamReader {
    let last = 0
    const onTick = (json: string, arrived: number): void => {
      const { at } = this.#check(json, last + 1)
      this.#advance(last)
      last++
      this.#latencies.record(Math.max(1, arrived - at))
    }
    return new StreamReader({ ...where, onTick, now }, (error) => this.#fail(error))
  }

  #check(json: string, n: number): Tick {
    const known = this.#known.get(n)
    if (known?.json === json) return known.tick
    const tick = readTick(json, n, this.#bytes)
    if (tick === undefined) throw new Error(`In place of event ${n} a stream got ${json}`)
    this.#known.set(n, { json, tick })
    this.#known.delete(n - remembered)
    return tick
  }

  #advance(from: number): void {
    const count = (this.#progress.get(from) ?? 0) - 1
    if (count > 0) this.#progress.set(from, count)
    else this.#progress.delete(from)
    this.#progress.set(from + 1, (this.#progress.get(from + 1) ?? 0) + 1)
    if (count <= 0) for (const resolve of this.#waiting) resolve()
  }

  #fail(error: Error): void {
    this.#failure ??= error
    for (const resolve of this.#waiting) resolve()
  }
}
