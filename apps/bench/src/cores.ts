import { spawnSync } from 'node:child_process'

/** Where each of the two processes runs. Undefined: wherever the system likes. */
export interface Cores {
  readonly server: number | undefined
  readonly readers: number | undefined
}

/** A core for each, so that the one does not wait for the other; none where there is no `taskset`, or only one core. */
export function twoCores(): Cores {
  // Those that this very process may run on: in a container they need not be the first.
  const { status, stdout } = spawnSync('taskset', ['-cp', String(process.pid)], { encoding: 'utf8' })
  const [server, readers] = status === 0 ? listed(stdout.slice(stdout.lastIndexOf(':') + 1)) : []
  return readers === undefined ? { server: undefined, readers: undefined } : { server, readers }
}

/** The numbers of a list such as `0-3,6`. */
export function listed(list: string): readonly number[] {
  return [...list.matchAll(/(\d+)(?:-(\d+))?/g)].flatMap(([, from = '', to = from]) =>
    Array.from({ length: Number(to) - Number(from) + 1 }, (_, index) => Number(from) + index),
  )
}
