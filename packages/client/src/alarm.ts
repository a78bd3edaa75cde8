/** The longest that an alarm trusts a timer, in milliseconds. */
const step = 5_000

export interface Alarm {
  /** Looks at the clock: rings now if it should have rung. */
  look(): void
  stop(): void
}

/**
 * Rings once, when so much time has passed; by the clock, too, for timers stand still while the machine sleeps. A single timer of
 * more than 31 bits would ring at once.
 */
export function startAlarm(milliseconds: number, ring: () => void): Alarm {
  let left = milliseconds
  let began = Date.now()
  let timer: ReturnType<typeof setTimeout>
  const wait = (): void => {
    const part = Math.min(left, step)
    timer = setTimeout(look, part, part)
  }
  const look = (waited = 0): void => {
    const now = Date.now()
    // A clock that is set back must not make it wait longer.
    left -= Math.max(waited, now - began)
    began = now
    clearTimeout(timer)
    if (left > 0) wait()
    else ring()
  }
  wait()
  return { look: () => look(), stop: () => clearTimeout(timer) }
}
