import { methodOf } from './check.js'
import { ConnectionError, HeadersError, HttpStatusError, isOurs, SilenceError, type SubscriptionError } from './errors.js'
import type { ConnectOptions } from './options.js'
import { clampWait, isTransient, type ReconnectOptions, reconnectDelay } from './reconnect.js'
import { type Reading, readMessage, type Session } from './session.js'
import type { Snapshot, State, StateReason } from './state.js'
import { fetchTransport } from './transport/fetch.js'
import { nameOf, type OpenConnection } from './transport/transport.js'

/** Whom a connection reads for. */
export interface Reader {
  /** How many listen. While nobody does, nothing is read. */
  count(): number
  /** The names of event types known so far. */
  readonly types: ReadonlySet<string>
  /** Takes what was read. A promise for as long as it is busy with it: the next waits. */
  take(reading: Reading): Promise<unknown> | undefined
  onChange(snapshot: Snapshot): void
  /** Nothing more is to come, or no further attempt would mend the error: the reader closes it. */
  onOver(error?: SubscriptionError): void
}

/** The way to the server: it connects, reads, waits and comes back, until it is closed. */
export interface Connection {
  getSnapshot(): Snapshot
  /** Where the reader is. */
  readonly lastEventId: string
  /** Runs it until it is closed. */
  run(): Promise<void>
  /** Somebody began to listen. */
  wake(): void
  /** False if it was closed already. */
  close(reason: StateReason, error: SubscriptionError | undefined): boolean
  /** Resolves when what the transport is doing is over. The application's own functions are not waited for. */
  settled(): Promise<unknown>
}

export function createConnection(url: URL, options: ConnectOptions, reader: Reader): Connection {
  const { headers, reconnect, endOn, connectTimeout = 30_000 } = options
  const method = methodOf(options)
  const name = nameOf({ method, url })
  const policy: ReconnectOptions = typeof reconnect === 'object' ? reconnect : {}
  let attempt = new AbortController()
  let session: Session = {}
  let lastEventId = options.lastEventId ?? ''
  /** Failed attempts in a row. */
  let failures = 0
  /** The reconnection time that the server asked for. */
  let asked = 0
  let openedAt = 0
  let wake = (): void => {}
  /** What the transport is doing, or did last. */
  let pending: Promise<unknown> | undefined

  const made = (state: State, reason?: StateReason, error?: SubscriptionError, retryAt?: number): Snapshot => ({
    state,
    attempt: failures,
    retryAt,
    error,
    reason,
  })

  let snapshot = made('connecting')

  const isClosed = (): boolean => snapshot.state === 'closed'

  const change = (...what: Parameters<typeof made>): void => {
    snapshot = made(...what)
    reader.onChange(snapshot)
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

  /** Ends the attempt where the transport takes longer. A timer of more than 31 bits would fire at once. */
  const watch = <T>(promise: Promise<T>, limit: number | undefined): Promise<T> => {
    const timer = limit && setTimeout(() => attempt.abort(new SilenceError(`${name} was silent for ${limit} ms`)), Math.min(limit, 2e9))
    const watched = promise.finally(() => clearTimeout(timer))
    pending = watched
    return watched
  }

  const open = async (refresh: boolean): Promise<OpenConnection | undefined> => {
    let made: Headers
    try {
      made = new Headers(typeof headers === 'function' ? await headers({ refresh }) : headers)
    } catch (cause) {
      // The platform's words quote what is no header: it may be a token.
      throw new HeadersError('headers: see the cause', { cause })
    }
    const opening = (options.transport ?? fetchTransport)({
      url,
      method,
      headers: made,
      options,
      types: reader.types,
      lastEventId,
      foreign: !!session.begun && !session.ready,
      signal: attempt.signal,
    })
    return watch(opening, connectTimeout)
  }

  /** Connects and reads. Returns when nothing more is to come, or it was closed; throws what broke it off. */
  const connect = async (refresh: boolean): Promise<void> => {
    const connection = await open(refresh)
    if (!connection || isClosed()) return
    session = {}
    openedAt = Date.now()
    change('open')
    for (;;) {
      if (!reader.count()) await sleep()
      // Two heartbeats may be late.
      const messages = await watch(connection.read(), (session.ready?.heartbeat ?? 0) * 2 || options.maxSilence)
      if (!messages) break
      for (const message of messages) {
        // WHATWG HTML §9.2.6: a `retry` counts at its own line.
        if (message.retry !== undefined) asked = clampWait(message.retry)
        // Whoever left in the midst of a chunk may come back, or another: the rest of it waits.
        if (!reader.count()) await sleep()
        if (isClosed()) return
        const reading = readMessage(session, message, lastEventId)
        const busy = reader.take(reading)
        if (busy) await busy
        // The position is where the reader is: past an event only once that was handed over.
        lastEventId = reading.position ?? lastEventId
      }
    }
    // Another's stream is over when it is over, unless it marks its end or is to be asked again; our servers always say so.
    if (session.ready || endOn || (method === 'GET' && reconnect !== false)) throw new ConnectionError(`${name} broke off`)
  }

  const run = async (): Promise<void> => {
    let refresh = false
    while (!isClosed()) {
      attempt = new AbortController()
      change('connecting')
      let error: SubscriptionError
      try {
        await connect(refresh)
        return isClosed() ? undefined : reader.onOver()
      } catch (thrown) {
        // Who aborts says why; what the transport then throws does not.
        const cause: unknown = attempt.signal.reason ?? thrown
        error = isOurs(cause) ? cause : new ConnectionError(`${name}: ${cause}`, { cause })
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
      if (!repeats || !isTransient(error) || failures >= (policy.maxAttempts ?? failures + 1)) return reader.onOver(error)
      const delay = reconnectDelay(policy, failures, Math.max(asked, retryAfter), Math.random())
      change('waiting', error instanceof SilenceError ? 'silent' : 'lost', error, Date.now() + delay)
      await sleep(delay)
    }
  }

  return {
    getSnapshot: () => snapshot,
    get lastEventId() {
      return lastEventId
    },
    run,
    wake: () => {
      // While open, it sleeps only for want of a consumer.
      if (snapshot.state === 'open') wake()
    },
    close: (reason, error) => {
      if (isClosed()) return false
      change('closed', reason, error)
      attempt.abort()
      wake()
      return true
    },
    settled: () => Promise.allSettled([pending]),
  }
}
