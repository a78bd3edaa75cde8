import { Child } from './child.ts'
import type { Contender } from './contenders.ts'
import type { Cores } from './cores.ts'
import type { Figures } from './measurement.ts'
import { cpu, done, listening, memory, published, type ReadersRequest, received, type ServerRequest } from './messages.ts'

/** What is asked of a server. */
export interface Load {
  readonly streams: number
  /** Events of one flush. */
  readonly batch: number
  /** Events a second, whatever the batch. */
  readonly rate: number
  /** Of each event's JSON. */
  readonly bytes: number
  /** How long it is measured, in seconds. The warm-up before it takes half as long. */
  readonly seconds: number
}

export interface MeasureOptions {
  readonly cores: Cores
  /** Of the server's CPU profile. Undefined: none is made. */
  readonly profile: { readonly directory: string; readonly name: string } | undefined
}

/** In milliseconds. After it, what a stream still lacks is taken for lost. */
const patience = 30_000

/**
 * Measures a server in a process of its own, with its readers in another.
 *
 * @throws Error (rejects) where a stream did not get every event once, in order and as it was sent.
 */
export async function measure(
  { file, args = [] }: Contender,
  { streams, batch, rate, bytes, seconds }: Load,
  { cores, profile }: MeasureOptions,
): Promise<Figures> {
  const profiling =
    profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile.directory}`, `--cpu-prof-name=${profile.name}.cpuprofile`]
  await using server = new Child<ServerRequest>(file, { args, core: cores.server, nodeOptions: ['--expose-gc', ...profiling] })
  // The readers end first, so that they do not take the server's end for a failure.
  await using readers = new Child<ReadersRequest>(new URL('./readers-process.ts', import.meta.url), { core: cores.readers })
  const where = await server.next(listening)
  const connect = (count: number): Promise<object> => readers.ask({ ask: 'connect', ...where, streams: count, bytes }, done)
  const publish = (time: number): Promise<{ readonly last: number }> =>
    server.ask({ ask: 'publish', flushes: Math.max(1, Math.round((time * rate) / batch)), batch, bytes, rate: rate / batch }, published)

  // The first streams load and compile what all others use, too: they are not counted.
  const first = Math.ceil(streams / 5)
  await connect(first)
  const before = await server.ask({ ask: 'memory' }, memory)
  await connect(streams - first)
  const idle = await server.ask({ ask: 'memory' }, memory)

  // Until everything is compiled and every buffer has its size.
  const warm = await publish(seconds / 2)
  await readers.ask({ ask: 'await', last: warm.last, within: patience }, received)

  await readers.ask({ ask: 'begin' }, done)
  const began = { at: performance.now(), server: await server.ask({ ask: 'cpu' }, cpu), readers: await readers.ask({ ask: 'cpu' }, cpu) }
  const { last } = await publish(seconds)
  const got = await readers.ask({ ask: 'await', last, within: patience }, received)
  const ended = { at: performance.now(), server: await server.ask({ ask: 'cpu' }, cpu), readers: await readers.ask({ ask: 'cpu' }, cpu) }

  // Behind the last event nothing is due, so only another one shows whether something came all the same.
  const after = await publish(0)
  await readers.ask({ ask: 'await', last: after.last, within: patience }, received)

  const took = (ended.at - began.at) * 1_000
  const user = ended.server.user - began.server.user
  const system = ended.server.system - began.server.system
  return {
    deliveries: got.deliveries,
    cpu: (user + system) / got.deliveries,
    user: user / got.deliveries,
    system: system / got.deliveries,
    p50: got.p50 / 1_000,
    p99: got.p99 / 1_000,
    p999: got.p999 / 1_000,
    rss: (idle.rss - before.rss) / (streams - first),
    heap: (idle.heap - before.heap) / (streams - first),
    bytes: got.bytes / got.deliveries,
    serverLoad: (user + system) / took,
    readersLoad: (ended.readers.user + ended.readers.system - began.readers.user - began.readers.system) / took,
  }
}
