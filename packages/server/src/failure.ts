import type { ErrorControl } from '@sse/schema/wire'
import { ReaderError } from './errors.js'

/** What a reader is told of what the producer threw. */
export function failure(error: unknown): ErrorControl {
  if (error instanceof ReaderError) return { type: 'sse.error', code: error.code, message: error.message, retry: error.retry }
  // Its text may hold paths, queries, secrets; the reader gets none of it.
  return { type: 'sse.error', code: 'internal', message: 'The server failed to go on with this stream.', retry: true }
}

/** Whether a failure is only how the producer was told by the signal. */
export function isAbort(error: unknown, signal: AbortSignal): boolean {
  return error === signal.reason || (error instanceof Error && (error.name === 'AbortError' || error.cause === signal.reason))
}

/** Calls what the application gave and hands on what it throws, or rejects with: an unhandled rejection ends the process. */
export function attempt(call: () => unknown, failed: (error: unknown) => void): void {
  try {
    Promise.resolve(call()).catch(failed)
  } catch (error) {
    failed(error)
  }
}
