import type { Backplane, Entry, Link } from '../backplane.js'
import { ConformanceError } from './expect.js'

/** How long an announcement may take, in milliseconds. Only a failing case waits for so long. */
const patience = 10_000

/** Keeps what a link was told. */
export interface Recorder {
  readonly link: Link
  readonly entries: readonly Entry[]
  readonly interruptions: () => number
  /** Resolves once an entry with this position was announced. */
  until(position: number): Promise<void>
}

export function record(backplane: Backplane): Recorder {
  const entries: Entry[] = []
  let interruptions = 0
  let look = (): void => {}
  const link = backplane.connect({
    entry: (entry) => {
      entries.push(entry)
      look()
    },
    interrupted: () => {
      interruptions++
    },
  })
  const until = (position: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const came = JSON.stringify(entries.map((entry) => entry.position))
        reject(new ConformanceError(`expected an announcement of position ${position} within ${patience} ms, and ${came} came`))
      }, patience)
      look = () => {
        if (!entries.some((entry) => entry.position === position)) return
        clearTimeout(timer)
        resolve()
      }
      look()
    })
  return { link, entries, interruptions: () => interruptions, until }
}
