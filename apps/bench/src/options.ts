import { parseArgs } from 'node:util'
import { isPeer, type Peer, peers } from './servers/peers.ts'

export const help = `npx -y pnpm@12 bench [fan-out] [options]

  --streams 1000        open streams
  --batch 1,10          events of one flush; each number is a case
  --rate 20             events a second, whatever the batch
  --bytes 230           length of an event's JSON
  --seconds 10          of each measurement; the warm-up takes half as long
  --rounds 5            the servers take turns in each
  --servers ${Object.keys(peers).join(',')}
  --json file           all figures, of each round too
  --profile directory   CPU profiles of the servers (profiling costs time: such figures do not count)
`

export interface Options {
  readonly workload: string | undefined
  readonly servers: readonly Peer[]
  readonly streams: number
  readonly batches: readonly number[]
  readonly rate: number
  readonly bytes: number
  readonly seconds: number
  readonly rounds: number
  readonly json: string | undefined
  readonly profile: string | undefined
}

/** Undefined: help was asked for. @throws Error for what cannot be meant. */
export function optionsOf(args: readonly string[]): Options | undefined {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      streams: { type: 'string', default: '1000' },
      batch: { type: 'string', default: '1,10' },
      rate: { type: 'string', default: '20' },
      bytes: { type: 'string', default: '230' },
      seconds: { type: 'string', default: '10' },
      rounds: { type: 'string', default: '5' },
      servers: { type: 'string', default: Object.keys(peers).join(',') },
      json: { type: 'string' },
      profile: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return undefined
  return {
    workload: positionals[0],
    servers: values.servers.split(',').map(peer),
    streams: positive('streams', values.streams),
    batches: values.batch.split(',').map((batch) => positive('batch', batch)),
    rate: positive('rate', values.rate),
    bytes: positive('bytes', values.bytes),
    seconds: positive('seconds', values.seconds),
    rounds: positive('rounds', values.rounds),
    json: values.json,
    profile: values.profile,
  }
}

function positive(option: string, value: string): number {
  const number = Number(value)
  if (number > 0) return number
  throw new Error(`--${option} is ${value}: it takes a number above 0`)
}

function peer(name: string): Peer {
  if (isPeer(name)) return name
  throw new Error(`--servers has ${name}: there are ${Object.keys(peers).join(', ')}`)
}
