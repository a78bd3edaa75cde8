/** A promise and what settles it, for a test that waits for something inside a server. */
interface Deferred<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
}

export function deferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

/** Lets everything that is ready happen: `turns` turns of the event loop, whatever the faked timers say. */
export async function turns(count = 1): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** Whether a promise is still unsettled after many turns of the event loop. */
export async function isPending(promise: Promise<unknown>, count = 50): Promise<boolean> {
  let pending = true
  const settled = (): void => {
    pending = false
  }
  promise.then(settled, settled)
  for (let turn = 0; turn < count && pending; turn++) await turns()
  return pending
}
