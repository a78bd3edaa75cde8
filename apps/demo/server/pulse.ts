import os from 'node:os'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { DecodedPayloads } from '@sse/schema'
import type { Stream } from '@sse/server'
import type { Host, pulseEvents, Sample } from '../contract.js'
import { EventLog } from './event-log.js'

const interval = 500
/** Two minutes: a reader that was away for less gets every sample. */
const kept = 240
/** The histogram measures its own timer, which is never earlier than this, in milliseconds. */
const resolution = 10

/** Samples this machine, once for all readers. */
export class Pulse {
  readonly #log = new EventLog<Sample>(kept)
  readonly #host: Host
  /** Tells the samples of this process from those of another; numbers alone would begin anew unnoticed. */
  readonly #epoch: string
  readonly #delay = monitorEventLoopDelay({ resolution })
  readonly #timer: NodeJS.Timeout
  #cpu: CpuTime = cpuTime()

  constructor(startedAt: Date = new Date()) {
    this.#host = { cores: os.cpus().length, memoryTotal: os.totalmem(), node: process.version, pid: process.pid, startedAt }
    this.#epoch = startedAt.getTime().toString(36)
    this.#delay.enable()
    this.#timer = setInterval(() => this.#log.append(this.#sample()), interval)
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#delay.disable()
  }

  /** Fills a stream: who this is, what the reader missed, and then every sample. */
  async fill(stream: Stream<DecodedPayloads<typeof pulseEvents>>): Promise<void> {
    await stream.send({ type: 'host', data: this.#host })
    const { after, missed } = position(stream.lastEventId, this.#epoch, this.#log)
    if (missed !== undefined) await stream.gap(missed)
    await stream.sendAll(this.#log.follow(after, stream.signal), ({ n, value }) => ({
      type: 'sample',
      data: value,
      id: `${this.#epoch}-${n}`,
    }))
  }

  #sample(): Sample {
    const before = this.#cpu
    this.#cpu = cpuTime()
    const sample: Sample = {
      seq: this.#log.last + 1,
      at: new Date(),
      cpu: Math.round(busyShare(before, this.#cpu) * 1000) / 1000,
      memoryUsed: os.totalmem() - os.freemem(),
      delay: {
        mean: lateness(this.#delay.mean),
        p99: lateness(this.#delay.percentile(99)),
        max: lateness(this.#delay.max),
      },
    }
    this.#delay.reset()
    return sample
  }
}

/** Where a reader goes on, and why it missed something, if it did. Its id comes from outside: anything may stand there. */
export function position(
  lastEventId: string | undefined,
  epoch: string,
  log: Pick<EventLog<unknown>, 'first' | 'last'>,
): { readonly after: number; readonly missed: 'reset' | 'trimmed' | undefined } {
  if (lastEventId === undefined) return { after: 0, missed: undefined }
  const [, readEpoch, digits] = /^([0-9a-z]+)-(\d+)$/.exec(lastEventId) ?? []
  const after = Number(digits)
  if (readEpoch !== epoch || !(after <= log.last)) return { after: 0, missed: 'reset' }
  return { after, missed: after + 1 < log.first ? 'trimmed' : undefined }
}

interface CpuTime {
  readonly busy: number
  readonly total: number
}

function cpuTime(): CpuTime {
  let busy = 0
  let total = 0
  for (const { times } of os.cpus()) {
    const working = times.user + times.nice + times.sys + times.irq
    busy += working
    total += working + times.idle
  }
  return { busy, total }
}

/** From 0 to 1; 0 where the system has not moved its clocks in between. */
export function busyShare(before: CpuTime, after: CpuTime): number {
  const total = after.total - before.total
  return total <= 0 ? 0 : Math.min(1, Math.max(0, (after.busy - before.busy) / total))
}

/** Nanoseconds of the histogram as milliseconds that the loop was late; NaN, if it holds none, as 0. */
function lateness(nanoseconds: number): number {
  const late = nanoseconds / 1e6 - resolution
  return late > 0 ? Math.round(late * 100) / 100 : 0
}
