/// <reference lib="esnext.disposable" preserve="true" />
import { type AnyEvents, fromJson, SseError } from '@sse/schema'
import { type Control, type ReadyControl, readControl, reservedPrefix } from '@sse/schema/wire'
import { ConnectionError, GapError, HandlerError, HttpStatusError, ServerError, SilenceError } from './errors.js'
import { type Consumer, createLoop } from './loop.js'
import type { ConnectOptions } from './options.js'
import { clampWait, isTransient, type ReconnectOptions, reconnectDelay } from './reconnect.js'
import type { Snapshot, State, StateReason } from './state.js'
import { fetchTransport } from './transport/fetch.js'

/** An event as it is received: what was sent, where the stream stood, and the topic where there are several. */
export type EventIn<Payloads, Type extends keyof Payloads = keyof Payloads> = {
  [K in Type & string]: {
    type: K
    data: Payloads[K]
    /** The last event ID as of this event; empty where the server gives none. */
    id: string
    topic: string | undefined
  }
}[Type & string]

/** A client's interest in a stream. It outlives connections: it reconnects and resumes until it is closed or over. */
export interface Subscription<Payloads extends object> extends AsyncIterable<EventIn<Payloads>, undefined>, AsyncDisposable {
  /**
   * Calls the handler with each event of that type from here on. An asynchronous handler's promise holds the next event
   * back. What it throws goes to `onError`, and does not keep the event from others. Returns the function that ends it.
   *
   * While nobody listens nothing is read: nothing is lost, and the server waits.
   */
  on<Type extends keyof Payloads & string>(type: Type, handler: (event: EventIn<Payloads, Type>) => unknown): () => void
  /**
   * A loop over all events from here on. It ends on the server's end, `close()` or abort, and throws on a failure that no
   * further attempt would mend. Leaving it closes the subscription if nobody else listens.
   */
  [Symbol.asyncIterator](): AsyncIterator<EventIn<Payloads>, undefined>
  readonly state: State
  /** The state with its circumstances; the same object until something changes, for UI bindings. */
  getSnapshot(): Snapshot
  /** Where the reader is, empty at its beginning: what a later subscription's `lastEventId` option takes to go on from here. */
  readonly lastEventId: string
  /** Closes for good. What was not yet handed over is dropped. */
  close(): void
  /** Closes, and resolves when the connection is gone. */
  [Symbol.asyncDispose](): Promise<void>
}

/** What the open connection has said about itself. */
interface Session {
  /** True once it said anything. */
  begun?: boolean
  ready?: ReadyControl
}

export function createSubscription<Payloads extends object>(
  url: URL,
  options: ConnectOptions,
  events: AnyEvents | undefined,
): Subscription<Payloads> {
  const { body, headers, method = body === undefined ? 'GET' : 'POST', reconnect, signal, endOn, onError, onGap } = options
  const policy: ReconnectOptions = typeof reconnect === 'object' ? reconnect : {}
  const consumers = new Set<Consumer<EventIn<Payloads>>>()
  const types = new Set(events?.types)
  let snapshot: Snapshot = { state: 'connecting', attempt: 0, retryAt: undefined, error: undefined, reason: undefined }
  let attempt = new AbortController()
  let wake = (): void => {}
  let lastEventId = options.lastEventId ?? ''
  /** Failed attempts in a row. */
  let failures = 0
  /** The reconnection time that the server asked for. */
  let asked = 0
  let session: Session = {}
  let openedAt = 0

  const report = (thrown: unknown): undefined => {
    const error = thrown instanceof SseError ? thrown : new HandlerError(`a handler threw: ${thrown}`, { cause: thrown })
    call(onError ?? reportUnhandled, error, (cause) => reportUnhandled(new HandlerError('onError threw', { cause })))
  }

  /** Calls the application, whose errors must not end the stream. A promise where it is asynchronous. */
  const call = <T>(handler: ((value: T) => unknown) | undefined, value: T, failed = report): Promise<unknown> | undefined => {
    try {
      const result = handler?.(value)
      return result instanceof Promise ? result.catch(failed) : undefined
    } catch (thrown) {
      return failed(thrown)
    }
  }

  const change = (state: State, reason?: StateReason, error?: Error, retryAt?: number): void => {
    snapshot = { state, attempt: failures, retryAt, error, reason }
    call(options.onStateChange, snapshot)
  }

  const isClosed = (): boolean => snapshot.state === 'closed'

  const close = (reason: StateReason, error?: Error): undefined => {
    if (isClosed()) return
    change('closed', reason, error)
    signal?.removeEventListener('abort', onAbort)
    attempt.abort()
    wake()
    let thrown = false
    for (const { end } of consumers) thrown = end?.(error) || thrown
    // An event that is being handed over reaches no further consumer, nor waits for a loop that has ended.
    consumers.clear()
    // A loop throws it; only where there is none would nobody hear of it.
    if (error && (onError || !thrown)) report(error)
  }

  const onAbort = (): undefined => close('aborted')

  const end = (reason: string, topics?: readonly string[]): undefined => {
    call(options.onEnd, { reason, topics })
    if (!topics) close('ended')
  }

  /** Resolves after that time, or when woken. */
  const sleep = (milliseconds?: number): Promise<void> =>
    new Promise((resolve) => {
      // A callback may have closed it just now: nobody would wake it any more.
      if (isClosed()) return resolve()
      const timer = milliseconds === undefined ? undefined : setTimeout(resolve, milliseconds)
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })

  const listen = (consumer: Consumer<EventIn<Payloads>>): (() => void) => {
    consumers.add(consumer)
    // While open, it sleeps only for want of a consumer.
    if (snapshot.state === 'open') wake()
    return () => consumers.delete(consumer)
  }

  const takeControl = (control: Control): Promise<unknown> | undefined => {
    if (control.type === 'sse.ready') session.ready = control
    if (control.type === 'sse.end') end(control.reason, control.topics)
    if (control.type === 'sse.error') {
      const error = new ServerError(control.code, control.message)
      if (control.retry || control.topics) report(error)
      else close('failed', error)
    }
    if (control.type !== 'sse.gap') return undefined
    const { reason, topics } = control
    return onGap ? call(onGap, { reason, topics }) : report(new GapError(reason, topics))
  }

  /** Decodes an event and gives it to every consumer; the slowest sets the pace. */
  const takeEvent = (event: string, data: string, id: string): Promise<unknown> | undefined => {
    if (data === endOn) return end(data)
    const { ready } = session
    // Another's server may use `#` as it likes.
    const [type = '', topic] = ready ? event.split('#').reverse() : [event]
    if (events && !events.types.includes(type)) return call(options.onUnknown, { type, data, id, topic })
    let busy: Promise<unknown> | undefined
    try {
      const isText = options.format === 'text' || ready?.text.includes(type)
      const decoded = events ? events.decode(type, data) : isText ? data : fromJson(type, data)
      for (const consumer of consumers) {
        // The one place where data gets its type: `events` has checked it, or the type argument vouches for the server.
        const one = consumer.take({ type, data: decoded, id, topic } as EventIn<Payloads>)
        // Nearly every event finds one consumer, at once done with it; only for a busy one a promise is made.
        busy = busy ? Promise.all([busy, one]) : one
      }
    } catch (error) {
      report(error)
    }
    return busy
  }

  /** Connects and reads. Returns when nothing more is to come, or it was closed; throws what broke it off. */
  const connect = async (refresh: boolean): Promise<void> => {
    const connection = await (options.transport ?? fetchTransport)({
      url,
      method,
      headers: typeof headers === 'function' ? await headers({ refresh }) : headers,
      options,
      types: [...types],
      lastEventId,
      foreign: session.begun === true && !session.ready,
      signal: attempt.signal,
    })
    if (!connection || isClosed()) return
    session = {}
    openedAt = Date.now()
    change('open')
    for (;;) {
      if (consumers.size === 0) await sleep()
      // Two heartbeats may be late.
      const limit = (session.ready?.heartbeat ?? 0) * 2 || options.maxSilence
      // A longer timer would fire at once.
      const timer =
        limit && setTimeout(() => attempt.abort(new SilenceError(`nothing arrived for ${limit} ms`)), Math.min(limit, 2 ** 31 - 1))
      const messages = await connection.read().finally(() => clearTimeout(timer))
      if (!messages) break
      for (const message of messages) {
        // Whoever left in the midst of a chunk may come back, or another: the rest of it waits.
        if (consumers.size === 0) await sleep()
        if (isClosed()) return
        const { id, event = 'message', data, retry } = message
        const { ready } = session
        // WHATWG HTML §9.2.6: a `retry` counts at its own line.
        if (retry !== undefined) asked = clampWait(retry)
        // Control counts only on a stream that begins with sse.ready; there, the protocol's types and ids are its own.
        const reserved = event.startsWith(reservedPrefix)
        const control = reserved && (ready || !session.begun) && readControl(message, ready?.key)
        session.begun ||= data !== undefined
        const isEvent = data !== undefined && !(ready && reserved)
        // An empty id takes the position back.
        const position = id !== undefined && (control || !ready || !id.startsWith(reservedPrefix)) ? id : lastEventId
        const busy = control ? takeControl(control) : isEvent ? takeEvent(event, data, position) : undefined
        if (busy) await busy
        // The position is where the reader is: past an event only once that was handed over.
        lastEventId = position
      }
    }
    // Another's answer to a POST is over when it is over, unless it marks its end; our servers always say so.
    if (session.ready || method === 'GET' || endOn) throw new ConnectionError('the stream broke off')
  }

  const run = async (): Promise<void> => {
    let refresh = false
    // Whoever subscribes can first attach handlers and look at the state.
    await undefined
    if (signal?.aborted) onAbort()
    while (!isClosed()) {
      attempt = new AbortController()
      change('connecting')
      let error: Error
      try {
        await connect(refresh)
        return isClosed() ? undefined : end('ended')
      } catch (thrown) {
        const cause: unknown = attempt.signal.aborted ? attempt.signal.reason : thrown
        error = cause instanceof SseError ? cause : new ConnectionError('the connection failed', { cause })
      } finally {
        // Whatever ended it, its socket must not outlive it.
        attempt.abort()
      }
      if (isClosed()) return
      const { status = 0, retryAfter = 0 } = error instanceof HttpStatusError ? error : {}
      // A token may just have run out: once, fresh headers get a try at once.
      refresh = !refresh && typeof headers === 'function' && (status === 401 || status === 403)
      if (refresh) continue
      // A connection that breaks off right away is no success, or a crashing server would be stormed.
      const stable = snapshot.state === 'open' && Date.now() - openedAt >= (policy.stableAfter ?? 5_000)
      failures = stable ? 1 : failures + 1
      // A second request may mean a second order: only where it can resume, or the caller said so.
      const repeats = reconnect === true || (reconnect !== false && (method === 'GET' || lastEventId))
      if (!repeats || !isTransient(error) || failures >= (policy.maxAttempts ?? Number.POSITIVE_INFINITY)) return close('failed', error)
      const delay = reconnectDelay(policy, failures, Math.max(asked, retryAfter), Math.random())
      change('waiting', error instanceof SilenceError ? 'silent' : 'lost', error, Date.now() + delay)
      await sleep(delay)
    }
  }

  signal?.addEventListener('abort', onAbort)
  const running = run()

  return {
    get state() {
      return snapshot.state
    },
    get lastEventId() {
      return lastEventId
    },
    getSnapshot: () => snapshot,
    on: (type, handler) => {
      types.add(type)
      return listen({ take: (event) => (isOf(event, type) ? call(handler, event) : undefined) })
    },
    close: () => close('closed'),
    [Symbol.asyncIterator]: () => {
      const loop = createLoop<EventIn<Payloads>>(() => {
        leave()
        if (consumers.size === 0) close('closed')
      })
      const leave = listen(loop)
      if (isClosed()) loop.end(snapshot.error)
      return loop.iterator
    },
    [Symbol.asyncDispose]: () => {
      close('closed')
      return running
    },
  }
}

function isOf<Payloads, Type extends keyof Payloads>(event: EventIn<Payloads>, type: Type): event is EventIn<Payloads, Type> {
  return event.type === type
}

/** Tells an error that nobody handles: in Node as a process warning, elsewhere as the platform tells those of handlers. */
function reportUnhandled(error: unknown): undefined {
  // Node has no reportError, and those of Deno and Bun end the process; all three have Node's process.
  const { process } = globalThis as { process?: { emitWarning?(warning: unknown): void } }
  if (process?.emitWarning === undefined) reportError(error)
  else process.emitWarning(error)
}
