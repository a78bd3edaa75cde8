import { Child } from '../child.ts'
import { cores } from '../cores.ts'
import { done, listening, memory, published, type ReadersRequest, received, type ServerRequest, usage } from '../messages.ts'
import type { Peer } from '../servers/peers.ts'

export interface FanOutOptions {
  readonly servers: readonly Peer[]
  readonly streams: number
  /** Events of one flush. Each number is a case of its own. */
  readonly batches: readonly number[]
  /** Events a second, whatever the batch. */
  readonly rate: number
  /** Of each event's JSON. */
  readonly bytes: number
  /** Of the window that is measured. */
  readonly seconds: number
  readonly rounds: number
  /** Where the server's CPU profiles go. Undefined: none is made. */
  readonly profile: string | undefined
  /** Told before each measurement. */
  readonly onProgress: (what: string) => void
}

/** What one server did in one round. */
export interface FanOutResult {
  readonly server: Peer
  readonly batch: number
  readonly round: number
  readonly deliveries: number
  /** CPU time of the server's process for each delivery, in microseconds. */
  readonly user: number
  readonly system: number
  /** The part of one core that the server took. At 1 or above it was not fast enough for the rate. */
  readonly load: number
  /** From before the publish to the reader, in milliseconds. */
  readonly p50: number
  readonly p99: number
  /** What each open stream adds to the server's resident memory before anything is sent, in bytes. */
  readonly rss: number
}

/** One publish reaches many streams. The servers take turns, so that a slow minute of the machine hits them all. */
export async function fanOut(options: FanOutOptions): Promise<readonly FanOutResult[]> {
  const results: FanOutResult[] = []
  for (let round = 1; round <= options.rounds; round++) {
    for (const batch of options.batches) {
      for (const server of options.servers) {
        options.onProgress(`round ${round} of ${options.rounds}: ${server}, ${batch} a flush`)
        results.push(await measure(server, batch, round, options))
      }
    }
  }
  return results
}

async function measure(
  name: Peer,
  batch: number,
  round: number,
  { streams, rate, bytes, seconds, profile }: FanOutOptions,
): Promise<FanOutResult> {
  const pinned = cores()
  const profiling =
    profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`, `--cpu-prof-name=${name}-${batch}-${round}.cpuprofile`]
  await using server = new Child<ServerRequest>('./server-process.ts', [name], {
    core: pinned.server,
    nodeOptions: ['--expose-gc', ...profiling],
  })
  const where = await server.answer(listening)
  // The readers end first, so that the server sees them leave and not the other way round.
  await using readers = new Child<ReadersRequest>('./readers-process.ts', [], { core: pinned.readers })
  const alone = await server.ask({ ask: 'memory' }, memory)
  await readers.ask({ ask: 'connect', ...where, streams, bytes }, done)
  const idle = await server.ask({ ask: 'memory' }, memory)

  const flushes = (time: number): number => Math.max(1, Math.round((time * rate) / batch))
  const publish = { ask: 'publish', batch, bytes, rate: rate / batch } as const
  const within = 30_000
  // Until everything is compiled and every buffer has its size.
  const warm = await server.ask({ ...publish, flushes: flushes(seconds / 2) }, published)
  await readers.ask({ ask: 'await', last: warm.last, within }, received)

  await readers.ask({ ask: 'begin' }, done)
  const before = await server.ask({ ask: 'usage' }, usage)
  const began = performance.now()
  const { last } = await server.ask({ ...publish, flushes: flushes(seconds) }, published)
  const { deliveries, p50, p99 } = await readers.ask({ ask: 'await', last, within }, received)
  const took = (performance.now() - began) * 1_000
  const after = await server.ask({ ask: 'usage' }, usage)

  const user = after.user - before.user
  const system = after.system - before.system
  return {
    server: name,
    batch,
    round,
    deliveries,
    user: user / deliveries,
    system: system / deliveries,
    load: (user + system) / took,
    p50: p50 / 1_000,
    p99: p99 / 1_000,
    rss: (idle.rss - alone.rss) / streams,
  }
}
