import { parseArgs } from 'node:util'
import { type Contender, contenders, yardstick } from './contenders.ts'

const names = [...contenders.keys()].join(',')

export const help = `npx -y pnpm@12 bench [workload] [options]

Workloads (default: all)
  fan-out                 one publish reaches many streams

Options
  --streams <number>      open streams (1000)
  --batch <numbers>       events of one flush; each number is a case (1,10)
  --rate <number>         events a second, whatever the batch (20)
  --bytes <number>        length of an event's JSON (230)
  --seconds <number>      of each measurement; the warm-up takes half as long (6)
  --rounds <number>       in each of them the servers take turns (5)
  --servers <names>       of ${names} (all); ratios are against ${yardstick}
  --json <file>           all figures, of each round too
  --profile <directory>   CPU profiles of the servers; profiling costs time, so such figures do not count
`

export interface Options {
  /** Undefined: all. */
  readonly workload: string | undefined
  readonly contenders: readonly Contender[]
  readonly streams: number
  readonly batches: readonly number[]
  readonly rate: number
  readonly bytes: number
  readonly seconds: number
  readonly rounds: number
  readonly json: string | undefined
  readonly profile: string | undefined
}

/**
 * Undefined: help was asked for.
 *
 * @throws Error for what cannot be meant.
 */
export function optionsOf(args: readonly string[]): Options | undefined {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      streams: { type: 'string', default: '1000' },
      batch: { type: 'string', default: '1,10' },
      rate: { type: 'string', default: '20' },
      bytes: { type: 'string', default: '230' },
      seconds: { type: 'string', default: '6' },
      rounds: { type: 'string', default: '5' },
      servers: { type: 'string', default: names },
      json: { type: 'string' },
      profile: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return undefined
  const [workload, extra] = positionals
  if (extra !== undefined) throw new Error(`One workload at a time: ${positionals.join(', ')} are ${positionals.length}`)
  return {
    workload,
    contenders: values.servers.split(',').map(contender),
    streams: whole('streams', values.streams, 2),
    batches: values.batch.split(',').map((batch) => whole('batch', batch, 1)),
    rate: positive('rate', values.rate),
    bytes: whole('bytes', values.bytes, 1),
    seconds: positive('seconds', values.seconds),
    rounds: whole('rounds', values.rounds, 1),
    json: values.json,
    profile: values.profile,
  }
}

function whole(option: string, value: string, least: number): number {
  const number = Number(value)
  if (Number.isInteger(number) && number >= least) return number
  throw new Error(`--${option} is ${value}: it takes a whole number from ${least} on`)
}

function positive(option: string, value: string): number {
  const number = Number(value)
  if (number > 0 && Number.isFinite(number)) return number
  throw new Error(`--${option} is ${value}: it takes a number above 0`)
}

function contender(name: string): Contender {
  const known = contenders.get(name)
  if (known !== undefined) return known
  throw new Error(`--servers has ${name}: there are ${names}`)
}
