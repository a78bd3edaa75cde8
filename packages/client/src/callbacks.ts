import { HandlerError, isOurs } from './errors.js'
import type { ListenOptions } from './options.js'

/** Whether the application was successful: false, or a promise of it, where not. Such a promise never rejects. */
export type Outcome = Promise<false | undefined> | false | undefined

/** Calls into the application, whose errors must not end the stream. */
export interface Callbacks {
  /** Calls it, where there is one; what it throws is reported. */
  call<T>(handler: ((value: T) => unknown) | undefined, value: T): Outcome
  /** Tells `onError`, or whoever hears of errors that nobody handles. */
  report(thrown: unknown): false
}

/** @param options looked at when there is something to tell. */
export function createCallbacks(options: Pick<ListenOptions, 'onError'>): Callbacks {
  const call = <T>(handler: ((value: T) => unknown) | undefined, value: T, failed: (thrown: unknown) => false = report): Outcome => {
    try {
      const result = handler?.(value)
      return result instanceof Promise ? result.then(() => undefined, failed) : undefined
    } catch (thrown) {
      return failed(thrown)
    }
  }
  const report = (thrown: unknown): false => {
    const error = isOurs(thrown) ? thrown : new HandlerError(`a handler threw: ${thrown}`, { cause: thrown })
    call(options.onError ?? reportUnhandled, error, (cause) => reportUnhandled(new HandlerError('onError threw', { cause })))
    return false
  }
  return { call, report }
}

/** That of both. */
export function both(one: Outcome, other: Outcome): Outcome {
  // Of one alone it is its own promise: whoever leaves a loop finds the cursor behind its last event at once.
  if (one === undefined) return other
  if (other === undefined) return one
  return Promise.all([one, other]).then(([a, b]) => a ?? b)
}

/** Tells an error that nobody handles: in Node as a process warning, elsewhere as the platform tells those of handlers. */
function reportUnhandled(error: unknown): false {
  // Node has no reportError, and those of Deno and Bun end the process; all three have Node's process.
  const { process } = globalThis as { process?: { emitWarning?(warning: unknown): void } }
  if (process?.emitWarning) process.emitWarning(error)
  else reportError(error)
  return false
}
