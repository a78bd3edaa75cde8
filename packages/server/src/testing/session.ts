import type { AnyEvents, DecodedPayloads } from '@sse/schema'
import type { Close } from '../close.js'
import type { ErrorContext, StreamOptions } from '../options.js'
import type { Stream } from '../stream.js'
import type { Adapter, Ask } from './adapters.js'
import { deferred } from './deferred.js'
import type { Incoming } from './incoming.js'

/** Both ends of one open stream, and what its application was told. Disposing of it stops the server. */
interface Session<Payloads extends object> extends AsyncDisposable {
  readonly stream: Stream<Payloads>
  readonly incoming: Incoming
  readonly errors: readonly { readonly error: unknown; readonly context: ErrorContext }[]
  readonly closes: readonly Close[]
}

/** Opens one stream whose producer does nothing: the test itself sends. */
export async function openSession<E extends AnyEvents = AnyEvents>(
  adapter: Adapter,
  options: StreamOptions<E> = {},
  ask: Ask = {},
): Promise<Session<DecodedPayloads<E>>> {
  const opened = deferred<Stream<DecodedPayloads<E>>>()
  const errors: { error: unknown; context: ErrorContext }[] = []
  const closes: Close[] = []
  const onError = (error: unknown, context: ErrorContext): void => void errors.push({ error, context })
  const onClose = (close: Close): void => void closes.push(close)
  const served = await adapter.serve<E>({ onError, onClose, ...options }, (stream) => {
    opened.resolve(stream)
    return stream.closed
  })
  const incoming = await served.ask(ask)
  return { stream: await opened.promise, incoming, errors, closes, [Symbol.asyncDispose]: () => served[Symbol.asyncDispose]() }
}

/** What a promise rejects with. A promise that resolves fails the test. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}
