import { kindOf } from './arguments.js'
import { ArgumentError } from './errors.js'

/** What `sendAll` reads. */
export type Source<T> = Iterable<T> | AsyncIterable<T> | ReadableStream<T>

/**
 * Sends the items of a source one by one, asking for the next only when `send` said that there is room. Items that are
 * null or undefined are skipped. Resolves true at the source's end, and false as soon as `send` does or `signal` aborts;
 * then the source is told by its iterator's `return`, even while it is still busy with an item that nobody waits for.
 *
 * @throws what the source or `send` throws.
 */
export async function pump<T>(source: Source<T>, signal: AbortSignal, send: (item: NonNullable<T>) => Promise<boolean>): Promise<boolean> {
  const iterator = iteratorOf(source)
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      signal.removeEventListener('abort', stop)
      // Not at once, for a generator that is running cannot be returned. The reader has left: what the source throws while
      // it cleans up has no one to go to.
      Promise.resolve()
        .then(() => returned(iterator))
        .catch(() => {})
      resolve(false)
    }
    if (signal.aborted) return stop()
    signal.addEventListener('abort', stop)
    run(iterator, signal, send).then(
      (complete) => {
        signal.removeEventListener('abort', stop)
        resolve(complete)
      },
      (error: unknown) => {
        signal.removeEventListener('abort', stop)
        reject(error)
      },
    )
  })
}

async function run<T>(
  iterator: Iterator<T> | AsyncIterator<T>,
  signal: AbortSignal,
  send: (item: NonNullable<T>) => Promise<boolean>,
): Promise<boolean> {
  for (;;) {
    const next = await iterator.next()
    if (signal.aborted) return false
    if (next.done === true) return true
    let more = false
    try {
      const item = await next.value
      more = item === null || item === undefined || (await send(item))
    } catch (error) {
      // The source must not stay open behind it; what it throws while it cleans up would hide the cause.
      if (!signal.aborted) await returned(iterator).catch(() => {})
      throw error
    }
    if (more) continue
    if (!signal.aborted) await returned(iterator)
    return false
  }
}

/** Tells a source that nobody asks it any more. Async, so that what a sync iterator throws rejects, too. */
async function returned<T>(iterator: Iterator<T> | AsyncIterator<T>): Promise<void> {
  await iterator.return?.()
}

function iteratorOf<T>(source: Source<T>): Iterator<T> | AsyncIterator<T> {
  // A string is iterable, too, but `in` takes only objects.
  const object: Source<T> = Object(source)
  if ('getReader' in object) return readerIterator(object)
  if (Symbol.asyncIterator in object) return object[Symbol.asyncIterator]()
  if (Symbol.iterator in object) return object[Symbol.iterator]()
  throw new ArgumentError('source', `is ${kindOf(source)}: sendAll takes an iterable, an async iterable or a ReadableStream`)
}

/**
 * In place of a ReadableStream's own iterator, which some runtimes lack, and whose `return` waits for the read under way:
 * an upstream that is silent would never be cancelled.
 */
function readerIterator<T>(stream: ReadableStream<T>): AsyncIterator<T> {
  const reader = stream.getReader()
  return {
    next: async () => {
      const { done, value } = await reader.read()
      return done ? { done, value: undefined } : { done, value }
    },
    return: async () => {
      await reader.cancel()
      return { done: true, value: undefined }
    },
  }
}
