import { spawnSync } from 'node:child_process'

/** A core for the server and another for the readers, or neither where processes cannot be pinned. */
export function cores(): { readonly server: number | undefined; readonly readers: number | undefined } {
  // The cores that this very process may run on: in a container they need not be the first.
  const { status, stdout } = spawnSync('taskset', ['-cp', String(process.pid)], { encoding: 'utf8' })
  const allowed = status === 0 ? listed(stdout.slice(stdout.lastIndexOf(':') + 1)) : []
  const [server, readers] = allowed
  return readers === undefined ? { server: undefined, readers: undefined } : { server, readers }
}

/** The numbers of a list as `0-3,6`. */
function listed(list: string): readonly number[] {
  return list.split(',').flatMap((range) => {
    const [from = Number.NaN, to = from] = range.split('-').map(Number)
    return Number.isInteger(from) && Number.isInteger(to) ? Array.from({ length: to - from + 1 }, (_, index) => from + index) : []
  })
}
