import { reconnectDelay } from '../reconnect.js'

/** Numbers from 0 to 1 that look random, and are the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/**
 * When each of so many clients is back, in milliseconds after all of them lost their server at once, by the default policy.
 *
 * @param away how long the server refuses everybody.
 */
export function returnsOf(clients: number, away: number, random: () => number): number[] {
  return Array.from({ length: clients }, () => {
    let at = 0
    for (let failures = 1; failures === 1 || at < away; failures++) at += reconnectDelay({}, failures, 0, random())
    return at
  })
}

/** How many of the values lie in each of so many parts of what begins at `from`, all of the same width. */
export function spread(values: readonly number[], from: number, width: number, parts: number): number[] {
  const counts = Array.from({ length: parts }, () => 0)
  for (const value of values) {
    const part = Math.floor((value - from) / width)
    if (part in counts) counts[part] = (counts[part] ?? 0) + 1
  }
  return counts
}

/** A bar of text for each count, with where its part begins and what share of all it is. */
export function histogram(counts: readonly number[], from: number, width: number, unit: string): string {
  const all = counts.reduce((sum, count) => sum + count, 0)
  const last = String(from + width * (counts.length - 1)).length
  return counts
    .map((count, part) => {
      const share = (count / all) * 100
      return `${String(from + part * width).padStart(last)} ${unit} ${'█'.repeat(Math.round(share))} ${share.toFixed(1)} %\n`
    })
    .join('')
}
