import { createHistogram } from 'node:perf_hooks'
import type { Received } from './messages.ts'
import { StreamReader } from './stream-reader.ts'
import { now, readTick, type Tick } from './tick.ts'

/** So many connect at once: a listening socket's queue is short. */
const connecting = 100
/** How many of the last events are remembered, for streams that are behind others. */
const remembered = 1_000

export interface ConnectOptions {
  readonly port: number
  readonly path: string
  readonly streams: number
  /** Of each event's JSON. */
  readonly bytes: number
}

/** Many streams, of which every one must get every event once, in order and as it was sent, or all of them have failed. */
export class Readers {
  readonly #latencies = createHistogram()
  #bytes = 0
  /** By number: what was checked on one stream must be the very same on the others. */
  readonly #known = new Map<number, { readonly json: string; readonly tick: Tick }>()
  /** How many streams have got so far, by the number of their last event. */
  readonly #progress = new Map<number, number>()
  readonly #waiting = new Set<() => void>()
  #failure: Error | undefined

  /** Before the first event is sent. Resolves when the streams are open. */
  async connect({ streams, bytes, ...where }: ConnectOptions): Promise<void> {
    this.#progress.set(0, (this.#progress.get(0) ?? 0) + streams)
    for (let first = 0; first < streams; first += connecting) {
      const count = Math.min(connecting, streams - first)
      await Promise.all(Array.from({ length: count }, () => this.#open(where, bytes).opened))
    }
  }

  begin(): void {
    this.#latencies.reset()
    this.#bytes = 0
  }

  /**
   * Resolves when every stream has this event, and so all before it.
   *
   * @param within milliseconds.
   * @throws Error (rejects) that says what a stream got that it should not have got, or lacks when time is up.
   */
  async complete(last: number, within: number): Promise<Received> {
    const late = setTimeout(() => {
      const slowest = Math.min(...this.#progress.keys())
      this.#fail(new Error(`After ${within / 1_000} s a stream has only ${slowest} of ${last} events`))
    }, within)
    while (this.#failure === undefined && !(this.#progress.has(last) && this.#progress.size === 1)) {
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
      this.#waiting.clear()
    }
    clearTimeout(late)
    if (this.#failure !== undefined) throw this.#failure
    return {
      deliveries: this.#latencies.count,
      bytes: this.#bytes,
      p50: this.#latencies.percentile(50),
      p99: this.#latencies.percentile(99),
      p999: this.#latencies.percentile(99.9),
    }
  }

  #open(where: { readonly port: number; readonly path: string }, bytes: number): StreamReader {
    let last = 0
    let arrived = 0
    return new StreamReader({
      ...where,
      onPiece: (length) => {
        arrived = now()
        this.#bytes += length
      },
      onTick: (json) => {
        const { at } = this.#check(json, last + 1, bytes)
        if (at > arrived) throw new Error(`A stream got event ${last + 1} before it was sent`)
        this.#advance(last)
        last++
        // The histogram takes no 0.
        this.#latencies.record(Math.max(1, arrived - at))
      },
      onFailure: (error) => this.#fail(error),
    })
  }

  #check(json: string, n: number, bytes: number): Tick {
    const known = this.#known.get(n)
    if (known?.json === json) return known.tick
    const tick = readTick(json, n, bytes)
    if (tick === undefined) throw new Error(`Where event ${n} was due, a stream got ${json}`)
    if (known !== undefined) throw new Error(`Two streams got event ${n} each in its own way: ${known.json} and ${json}`)
    this.#known.set(n, { json, tick })
    this.#known.delete(n - remembered)
    return tick
  }

  #advance(from: number): void {
    const left = (this.#progress.get(from) ?? 0) - 1
    if (left > 0) this.#progress.set(from, left)
    else this.#progress.delete(from)
    this.#progress.set(from + 1, (this.#progress.get(from + 1) ?? 0) + 1)
    if (left <= 0) for (const resolve of this.#waiting) resolve()
  }

  #fail(error: Error): void {
    this.#failure ??= error
    for (const resolve of this.#waiting) resolve()
  }
}
