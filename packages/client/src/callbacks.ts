import { HandlerError, isOurs, type SubscriptionError } from './errors.js'

/** Calls into the application, whose errors must not end the stream. */
export interface Callbacks {
  /** Calls it, where there is one; what it throws is reported. A promise where it is asynchronous, which never rejects. */
  call<T>(handler: ((value: T) => unknown) | undefined, value: T): Promise<unknown> | undefined
  /** Tells `onError`, or whoever hears of errors that nobody handles. */
  report(thrown: unknown): undefined
}

export function createCallbacks(onError: ((error: SubscriptionError) => unknown) | undefined): Callbacks {
  const call = <T>(
    handler: ((value: T) => unknown) | undefined,
    value: T,
    failed: (thrown: unknown) => undefined = report,
  ): Promise<unknown> | undefined => {
    try {
      const result = handler?.(value)
      return result instanceof Promise ? result.catch(failed) : undefined
    } catch (thrown) {
      return failed(thrown)
    }
  }
  const report = (thrown: unknown): undefined => {
    const error = isOurs(thrown) ? thrown : new HandlerError(`a handler threw: ${thrown}`, { cause: thrown })
    call(onError ?? reportUnhandled, error, (cause) => reportUnhandled(new HandlerError('onError threw', { cause })))
  }
  return { call, report }
}

/** Tells an error that nobody handles: in Node as a process warning, elsewhere as the platform tells those of handlers. */
function reportUnhandled(error: unknown): undefined {
  // Node has no reportError, and those of Deno and Bun end the process; all three have Node's process.
  const { process } = globalThis as { process?: { emitWarning?(warning: unknown): void } }
  if (process?.emitWarning) process.emitWarning(error)
  else reportError(error)
}
