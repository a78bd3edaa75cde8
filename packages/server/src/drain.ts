/** When a stream is closed, and how long its reader then waits, both in milliseconds. */
export interface Departure {
  readonly at: number
  readonly retry: number
}

/** The shortest wait before a reader comes back: the node that it comes back to should not be this one. */
const leastRetry = 500

/**
 * Spreads the closing of so many streams evenly over a window, and the coming back of each over another, so that whoever
 * takes them over gets no storm.
 */
export function departures(count: number, within: number, random: () => number): readonly Departure[] {
  return Array.from({ length: count }, (_, index) => ({
    at: Math.floor((within * index) / count),
    retry: leastRetry + Math.floor(random() * Math.max(leastRetry, within / 2)),
  }))
}

/** A stream as a drain sees it. */
export interface Drainable {
  readonly closed: Promise<unknown>
  /** Lets its reader go, to come back after so many milliseconds. */
  depart(retry: number): void
  /** Breaks it off. */
  cut(): void
}

/** What a timer holds, in milliseconds: a longer one would fire at once. */
const longestTimer = 2 ** 31 - 1

/** How long after the window a reader that takes nothing any more is waited for, in milliseconds. */
const patience = 1_000

/**
 * Lets go of all streams over a window. Those that may finish by themselves have the whole of it. Resolves when the last one
 * is closed.
 */
export async function drain(endless: readonly Drainable[], finite: readonly Drainable[], within: number): Promise<void> {
  const all = [...endless, ...finite]
  const plan = departures(all.length, within, Math.random)
  const timers = all.map((stream, index) => {
    const { at, retry } = plan[index] ?? { at: within, retry: within }
    return setTimeout(() => stream.depart(retry), index < endless.length ? at : within)
  })
  // It would hold the server up until its write deadline.
  timers.push(setTimeout(() => all.map((stream) => stream.cut()), Math.min(within + patience, longestTimer)))
  await Promise.all(all.map(({ closed }) => closed))
  timers.forEach(clearTimeout)
}
