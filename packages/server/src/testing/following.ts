import type { Reading } from './reading.js'

/** A reader that comes back to where it was whenever its connection is over, as readers do. */
export interface Follower {
  /** One for each connection. */
  readonly readings: readonly Reading[]
  /** The data of all events so far, in the order in which they came. */
  readonly data: readonly string[]
  /** Where it is. */
  readonly cursor: string | undefined
  /** Reads until so many events are there, on as many connections as that takes. */
  take(count: number): Promise<this>
}

/**
 * @param open connects, at a cursor or anew.
 * @param pace awaited before each chunk is read.
 */
export async function follow(
  open: (cursor: string | undefined) => Promise<Reading>,
  pace: () => Promise<unknown> = async () => {},
): Promise<Follower> {
  const readings = [await open(undefined)]
  const follower: Follower = {
    readings,
    get data() {
      return readings.flatMap(({ events }) => events.map(({ data }) => data))
    },
    get cursor() {
      return readings.flatMap(({ cursor }) => cursor ?? []).at(-1)
    },
    take: async (count) => {
      while (follower.data.length < count) {
        await pace()
        const last = readings.at(-1)
        const isOpen = await last?.more().catch(() => false)
        if (isOpen !== true) readings.push(await open(follower.cursor))
      }
      return follower
    },
  }
  return follower
}
