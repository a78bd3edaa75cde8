import { type Alarm, startAlarm } from './alarm.js'
import { ConnectionError, HeadersError, HttpStatusError, isOurs, SilenceError, type SubscriptionError } from './errors.js'
import type { Feed, Reader } from './feed.js'
import type { RequestOptions } from './options.js'
import { clampWait, isTransient, type ReconnectOptions, reconnectDelay } from './reconnect.js'
import { readMessage, type Session } from './session.js'
import type { Snapshot, State, StateReason } from './state.js'
import { fetchTransport } from './transport/fetch.js'
import { type ConnectRequest, nameOf, type OpenConnection } from './transport/transport.js'

/** What is asked for. */
export type Target = Pick<ConnectRequest, 'url' | 'method' | 'body' | 'topics'>

/**
 * The way to the server: it connects, reads, waits and comes back, until it is closed.
 *
 * @param target made anew for each attempt.
 */
export function createConnection(target: () => Target, options: RequestOptions, reader: Reader): Feed {
  const { headers, reconnect, endOn, connectTimeout = 30_000 } = options
  const policy: ReconnectOptions = typeof reconnect === 'object' ? reconnect : {}
  let asks = target()
  let attempt = new AbortController()
  let session: Session = {}
  let lastEventId = ''
  /** Failed attempts in a row. */
  let failures = 0
  /** The reconnection time that the server asked for. */
  let asked = 0
  let openedAt = 0
  /** Whether we ended the attempt ourselves, to make it again at once. */
  let isInterrupted = false
  /** Whether the wait is one that the server asked for. */
  let isPatient = false
  /** What it waits for before it connects, and why. */
  let held: Promise<unknown> | undefined
  let heldBy: StateReason | undefined
  let alarm: Alarm | undefined
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

  /** Whether asking changes nothing on the server: a GET, or a hub's topics. */
  const isSafe = (): boolean => asks.method === 'GET' || !!asks.topics

  /** A second request may mean a second order: others only where they can resume, or the caller said so. */
  const repeats = (): unknown => reconnect === true || (reconnect !== false && (isSafe() || lastEventId))

  /** Resolves after that time, or when woken. */
  const sleep = (milliseconds?: number): Promise<void> =>
    new Promise((resolve) => {
      // A callback may have closed it just now: nobody would wake it any more.
      if (isClosed()) return resolve()
      const clock = milliseconds === undefined ? undefined : startAlarm(milliseconds, resolve)
      wake = () => {
        clock?.stop()
        resolve()
      }
    })

  /** Ends the attempt where the transport takes longer. */
  const watch = <T>(promise: Promise<T>, limit: number | undefined): Promise<T> => {
    alarm = limit ? startAlarm(limit, () => attempt.abort(new SilenceError(`${nameOf(asks)} was silent for ${limit} ms`))) : undefined
    const watched = promise.finally(() => {
      alarm?.stop()
      alarm = undefined
    })
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
      ...asks,
      headers: made,
      options,
      types: reader.types,
      // It would override where each topic begins.
      lastEventId: asks.topics ? '' : lastEventId,
      foreign: !!session.begun && !session.ready,
      signal: attempt.signal,
    })
    return watch(opening, connectTimeout)
  }

  /** Connects and reads. Returns when nothing more is to come, or it was closed; throws what broke it off. */
  const connect = async (refresh: boolean): Promise<void> => {
    const { signal } = attempt
    const connection = await open(refresh)
    if (!connection || isClosed()) return
    session = {}
    openedAt = Date.now()
    change('open')
    /** Whoever left in the midst of a chunk may come back, or another: the rest of it waits. */
    const listened = async (): Promise<void> => {
      while (!reader.count() && !signal.aborted) await sleep()
      // What was not taken yet is asked for again.
      if (!isClosed()) signal.throwIfAborted()
    }
    for (;;) {
      await listened()
      // Two heartbeats may be late; and a hub says at once that it is one, unless a proxy holds that back.
      const silence = session.ready ? session.ready.heartbeat * 2 : asks.topics && connectTimeout
      const messages = await watch(connection.read(), silence || options.maxSilence)
      if (!messages) break
      for (const message of messages) {
        // WHATWG HTML §9.2.6: a `retry` counts at its own line.
        if (message.retry !== undefined) asked = clampWait(message.retry)
        // Without a turn between events that nobody is busy with: a UI draws once for all that a chunk brings.
        if (!reader.count()) await listened()
        if (isClosed()) return
        signal.throwIfAborted()
        const reading = readMessage(session, message, lastEventId)
        const busy = reader.take(reading)
        if (busy) await busy
        // The position is where the reader is: past an event only once that was handed over.
        lastEventId = reading.position ?? lastEventId
      }
    }
    // Another's stream is over when it is over, unless it marks its end or is to be asked again; our servers always say so.
    if (session.ready || endOn || (isSafe() && reconnect !== false)) throw new ConnectionError(`${nameOf(asks)} broke off`)
  }

  /** Ends the attempt, or what is ours of the wait for it, so that the next begins. */
  const interrupt = (): void => {
    isInterrupted = true
    attempt.abort()
    // What the server asked for stands.
    if (!isPatient) wake()
  }

  const run = async (position: string): Promise<void> => {
    lastEventId = position
    let refresh = false
    while (!isClosed()) {
      while (held) {
        const until = held
        change('waiting', heldBy)
        await until
        if (isClosed()) return
        if (held === until) held = undefined
      }
      attempt = new AbortController()
      isInterrupted = false
      asks = target()
      change('connecting')
      let error: SubscriptionError
      try {
        await connect(refresh)
        return isClosed() ? undefined : reader.onOver()
      } catch (thrown) {
        // Who aborts says why; what the transport then throws does not.
        const cause: unknown = attempt.signal.reason ?? thrown
        error = isOurs(cause) ? cause : new ConnectionError(`${nameOf(asks)}: ${cause}`, { cause })
      } finally {
        // Whatever ended it, its socket must not outlive it.
        attempt.abort()
      }
      if (isClosed()) return
      if (isInterrupted) continue
      const { status = 0, retryAfter = 0 } = error instanceof HttpStatusError ? error : {}
      // A token may just have run out: once, fresh headers get a try at once.
      refresh = !refresh && typeof headers === 'function' && (status === 401 || status === 403)
      if (refresh) continue
      // A connection that breaks off right away is no success, or a crashing server would be stormed.
      const stable = snapshot.state === 'open' && Date.now() - openedAt >= (policy.stableAfter ?? 5_000)
      failures = stable ? 1 : failures + 1
      if (!repeats() || !isTransient(error) || failures >= (policy.maxAttempts ?? failures + 1)) return reader.onOver(error)
      const least = Math.max(asked, retryAfter)
      const delay = reconnectDelay(policy, failures, least, Math.random())
      change('waiting', error instanceof SilenceError ? 'silent' : 'lost', error, Date.now() + delay)
      isPatient = true
      if (least) await sleep(least)
      isPatient = false
      if (!isInterrupted && (delay > least || !least)) await sleep(delay - least)
    }
  }

  return {
    getSnapshot: () => snapshot,
    run,
    listened: () => {
      // While open, it sleeps only for want of a consumer.
      if (snapshot.state === 'open') wake()
    },
    hold: (why, until) => {
      if (!repeats()) return false
      held = Promise.all([held, until])
      heldBy = why
      interrupt()
      return true
    },
    probe: (isSuspect) => {
      if (snapshot.state === 'waiting' || (isSuspect && repeats())) interrupt()
      else alarm?.look()
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
