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
