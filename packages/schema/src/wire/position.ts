/** An event's place in a shard's one order, as its id tells it: `1.<epoch>.<position>-<previous>`. */
export interface Position {
  /** One lifetime of a history. Positions of two epochs cannot be compared. */
  readonly epoch: string
  /** A safe integer, 1 or more for an event; 0 is before the first. */
  readonly at: number
  /**
   * Where the topic's event before this one is: its link. Undefined where the id is no event's, and where events may be
   * left out between the two, because they are conflated or filtered.
   */
  readonly previous: number | undefined
}

/** Writes a position as an id: at most 128 of `A-Za-z0-9-._~`. */
export function formatPosition(epoch: string, at: number, previous?: number): string {
  return `1.${epoch}.${at}${previous === undefined ? '' : `-${previous}`}`
}

/** Reads a position, or undefined for an id that `formatPosition` cannot have written. */
export function parsePosition(id: string): Position | undefined {
  const [, epoch = '', digits, link] = /^1\.(\w{1,64})\.(\d+)(?:-(\d+))?$/.exec(id) ?? []
  const at = Number(digits)
  const previous = link === undefined ? undefined : Number(link)
  // Only the one spelling that is written. Past safe integers a number cannot tell two apart. A link is to what came before.
  return Number.isSafeInteger(at) && !(Number(previous) >= at) && formatPosition(epoch, at, previous) === id
    ? { epoch, at, previous }
    : undefined
}
