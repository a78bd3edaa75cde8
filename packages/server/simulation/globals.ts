import { Clock } from './clock.js'
import { Random } from './random.js'

/** Where the shipped code finds time and chance while a schedule runs. */
let clock = new Clock(new Random(0))
let random = new Random(0)

/** The next schedule begins. */
export function enter(next: { readonly clock: Clock; readonly random: Random }): void {
  clock = next.clock
  random = next.random
}

/** What `run` makes takes its random bytes from a seed of its own: what was made by it once can be made again. */
export function seeded<T>(seed: number, run: () => T): T {
  const before = random
  random = new Random(seed)
  try {
    return run()
  } finally {
    random = before
  }
}

/** Node's own, for whoever has to let this process breathe. */
export const realImmediate: (run: () => void) => void = globalThis.setImmediate.bind(globalThis)
export const realNow: () => number = performance.now.bind(performance)

/** Puts virtual time and seeded chance in the place of the platform's: the shipped code runs as it is. */
export function install(): void {
  const own: Record<string, unknown> = {
    setTimeout: (run: () => void, delay = 0) => clock.set(run, delay),
    setInterval: (run: () => void, delay = 0) => clock.repeat(run, delay),
    setImmediate: (run: () => void) => clock.set(run, 0),
    clearTimeout: (timer: unknown) => clock.clear(timer),
    clearInterval: (timer: unknown) => clock.clear(timer),
    clearImmediate: (timer: unknown) => clock.clear(timer),
  }
  for (const [name, value] of Object.entries(own)) Object.defineProperty(globalThis, name, { value, configurable: true, writable: true })
  Date.now = () => clock.now
  performance.now = () => clock.now
  Math.random = () => random.next()
  Object.defineProperty(crypto, 'getRandomValues', {
    value: fill,
    configurable: true,
  })
}

function fill<T extends Uint8Array | Uint32Array>(into: T): T {
  for (let index = 0; index < into.length; index++) into[index] = random.word()
  return into
}

/**
 * Runs what comes until there is nothing more, with all promises settled in between: the queue of microtasks runs empty
 * before Node takes the next tick.
 *
 * @param step lets the next thing happen; false at the end.
 */
export function drive(step: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const turn = (): void => {
      try {
        if (!step()) return void resolve()
      } catch (error) {
        return void reject(error)
      }
      queueMicrotask(() => process.nextTick(turn))
    }
    process.nextTick(turn)
  })
}
