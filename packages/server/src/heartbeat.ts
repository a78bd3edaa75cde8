/** The part of the promised silence that a heartbeat may come early: streams opened together do not beat together. */
const jitter = 0.2

/** The wait before the next heartbeat, never longer than `interval`, for that is what `sse.ready` announces. */
export function heartbeatDelay(interval: number, random: number): number {
  return interval * (1 - jitter * random)
}

/** Calls `beat` again and again, at most `interval` milliseconds apart; never if that is 0. Returns the stop. */
export function startHeartbeat(interval: number, beat: () => void): () => void {
  if (interval === 0) return () => {}
  let timer = setTimeout(tick, heartbeatDelay(interval, Math.random()))
  function tick(): void {
    timer = setTimeout(tick, heartbeatDelay(interval, Math.random()))
    beat()
  }
  return () => clearTimeout(timer)
}
