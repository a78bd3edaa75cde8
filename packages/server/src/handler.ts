import type { AnySubtree, AnyTopic } from '@sse/schema'
import { told } from './arguments.js'
import type { Arrival } from './arrivals.js'
import { type Asked, type AskedTopic, askedTopics, MalformedError, shown } from './asked.js'
import { type Authorize, type AuthorizeNames, answerOf } from './authorize.js'
import { corsHeaders } from './cors.js'
import { dismiss, type HubCore, turnAway } from './create-hub.js'
import type { Start } from './cursor.js'
import { OptionError } from './errors.js'
import type { EventStream } from './event-stream.js'
import { attempt } from './failure.js'
import type { Wanted } from './join-plan.js'
import { type Place, refusalOf, retryAfter } from './limits.js'
import { checkOptions, type Kinds } from './option-check.js'
import { checkedHeaders, type Settings, type StreamOptions, settingsOf, streamKinds } from './options.js'
import type { RefusalReason } from './stats.js'

/** How a handler serves a hub's topics. The options of its streams, and who may read what. */
export interface HandlerOptions<C extends object, Request> extends Omit<StreamOptions, 'events'> {
  /** Decides which of the topics that were asked for a request may read. Required: there is no topic that everybody may read by chance. */
  readonly authorize: Authorize<C, Request>
  /**
   * Where a request comes from, for the limit by address. Default: the socket's address, where there is one. Behind a proxy
   * take what the proxy vouches for, or all readers are one.
   */
  readonly address?: ((request: Request) => string | undefined) | undefined
}

const { events: _, ...kindsOfStreams } = streamKinds
const kinds: Kinds<HandlerOptions<object, unknown>> = { authorize: 'anything', address: 'function', ...kindsOfStreams }

/**
 * The settings of a handler's streams.
 *
 * @throws OptionError naming what makes no sense, or is missing; ArgumentError for what holds no options.
 */
export function handlerSettings<C extends object, Request>(options: HandlerOptions<C, Request>): Settings {
  // Where there are none, it is `authorize` that is missing.
  const given: Partial<HandlerOptions<C, Request>> = options === undefined ? {} : options
  checkOptions(given, kinds)
  const { authorize, address: _, ...streams } = given
  if (typeof authorize !== 'function') {
    throw new OptionError('authorize', `is ${told(authorize)}: it takes a function that returns { allow: [topics] } or { status }`)
  }
  return settingsOf(streams)
}

/** A request as every adapter sees it. */
export interface HubRequest<Request> {
  readonly original: Request
  /** Method and path. */
  readonly name: string
  readonly origin: string | undefined
  /** A browser's, which cannot be told from its EventSource. */
  readonly isBrowser: boolean
  /** The name that a client gives itself, in the query: it has its place before a body is read. */
  readonly client: string | undefined
  /** @throws what the application's own function throws. */
  address(): string | undefined
  /** @throws (rejects) MalformedError */
  asked(): Promise<Asked>
  /** Calls back once, when its reader is gone. */
  whenGone(callback: () => void): void
}

/** A request that gets no stream. */
export interface Refused {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** How a request is answered: in full, or with a stream that is to be run, or given up. */
export type Outcome = Refused | { readonly run: (stream: EventStream<object>) => Promise<void>; readonly give: () => void }

/** Decides about a request, and what its stream will carry. Never rejects. */
export async function decide<Request>(
  core: HubCore,
  settings: Settings,
  authorize: AuthorizeNames<Request>,
  request: HubRequest<Request>,
): Promise<Outcome> {
  const refuse = (
    reason: RefusalReason,
    status: number,
    code: string,
    message: string,
    more: Readonly<Record<string, string>> = {},
  ): Outcome => {
    core.refuse(reason, status, request.name)
    const headers = {
      ...corsHeaders(settings.cors, request.origin),
      'cache-control': 'no-store',
      'content-type': 'application/json',
      // It repeats what was asked for: no browser may take that for a page.
      'x-content-type-options': 'nosniff',
      ...more,
    }
    return { status, headers, body: `${JSON.stringify({ code, message })}\n` }
  }
  const refuseForNow = (
    reason: RefusalReason,
    status = refusalOf(reason).status,
    code: string = reason,
    message = refusalOf(reason).message,
    more: Readonly<Record<string, string>> = {},
  ): Outcome => {
    const seconds = retryAfter(Math.random())
    if (!request.isBrowser) return refuse(reason, status, code, message, { 'retry-after': String(seconds), ...more })
    core.refuse(reason, status, request.name)
    // WHATWG HTML §9.2.3: any other status than 200 makes an EventSource fail for good.
    return {
      give: () => {},
      run: (stream) => turnAway(stream, { code, message, seconds }),
    }
  }

  if (core.isDraining) return refuseForNow('draining')
  let leave = (): void => {}
  try {
    const place = core.admission.enter(request.address(), Date.now(), request.client)
    if (typeof place === 'string') return refuseForNow(place)
    const arrival = core.arrivals.begin()
    leave = () => {
      arrival.end()
      place.leave()
    }
    // What it waits for may never come.
    request.whenGone(leave)
    const outcome = await authorized(core, authorize, request, place, arrival)
    if ('run' in outcome) return { run: outcome.run, give: leave }
    leave()
    if ('refused' in outcome) return refuseForNow(outcome.refused)
    if ('reason' in outcome) {
      const { reason, status, code, message, headers } = outcome
      return (isForNow(status) ? refuseForNow : refuse)(reason, status, code, message, headers)
    }
    return { status: 204, headers: { ...corsHeaders(settings.cors, request.origin), 'cache-control': 'no-store' }, body: '' }
  } catch (error) {
    leave()
    if (error instanceof MalformedError) return refuse('malformed', error.status, 'malformed', error.message)
    attempt(
      () => settings.onError(error, { request: request.name, lastEventId: undefined }),
      () => {},
    )
    return refuseForNow('failed', 500, 'internal', 'The server failed to answer.')
  }
}

/** Whether coming back may help, though the application says so itself. */
function isForNow(status: number): boolean {
  return status === 429 || status >= 500
}

type Decided =
  | Pick<Extract<Outcome, { run: unknown }>, 'run'>
  | { readonly refused: RefusalReason }
  | { readonly ended: true }
  | {
      readonly reason: RefusalReason
      readonly status: number
      readonly code: string
      readonly message: string
      readonly headers?: Readonly<Record<string, string>> | undefined
    }

async function authorized<Request>(
  core: HubCore,
  authorize: AuthorizeNames<Request>,
  request: HubRequest<Request>,
  place: Place,
  arrival: Arrival,
): Promise<Decided> {
  const asked = askedTopics(await request.asked(), core.limits.topics)
  const { topics, subtrees, starts, unknown } = named(core, asked)
  const answer = answerOf(
    await authorize(
      request.original,
      topics.map(({ name }) => name),
      subtrees.map(({ name }) => name),
    ),
  )
  if ('status' in answer) {
    const { status, message = 'You may not read this.', headers } = answer
    return { reason: 'denied', status, code: 'refused', message, headers: headers && plainHeaders(headers) }
  }
  const { allow, identity, expires, notBefore } = answer
  const all: readonly (AnyTopic | AnySubtree)[] = [...topics, ...subtrees]
  const allowed = all.filter(({ name }) => allow.has(name))
  const denied = all.filter(({ name }) => !allow.has(name)).map(({ name }) => name)
  if (allowed.length === 0) {
    const culprits = [...denied, ...unknown].map(shown).join(', ')
    return { reason: 'denied', status: 403, code: 'denied', message: `There is no topic here that you may read: not ${culprits}` }
  }
  const end = expires ?? Number.POSITIVE_INFINITY
  if (!(end > Date.now()))
    return { reason: 'denied', status: 401, code: 'expired', message: 'What lets you read has run out: come back with fresh credentials.' }
  const refused = identity === undefined ? undefined : place.identify(identity)
  if (refused !== undefined) return { refused }
  const wanted = allowed.map(
    ({ name, kind, channel }): Wanted => ({
      name,
      kind,
      start: starts.get(name) ?? 'now',
      notBefore,
      text: core.channels.textOf(channel),
    }),
  )
  const state = await core.backplane.state(
    wanted.map(({ name }) => name),
    Number.POSITIVE_INFINITY,
  )
  // Nothing more can come: a 200 would make a native EventSource come back for ever (WHATWG HTML §9.2.3).
  if (core.hasNothingFor(wanted, state)) return { ended: true }
  return {
    run: async (stream) => {
      arrival.end()
      void stream.closed.then(() => place.leave())
      if (unknown.length > 0)
        stream.tell({ type: 'sse.error', code: 'unknown', message: 'These topics are not known here.', retry: false, topics: unknown })
      core.counters.deniedTopics += unknown.length + denied.length
      if (denied.length > 0)
        stream.tell({ type: 'sse.error', code: 'denied', message: 'You may not read these topics.', retry: false, topics: denied })
      const reason = arrival.disconnected({ identity, names: wanted.map(({ name }) => name) })
      if (reason !== undefined) return dismiss(stream, reason)
      const stop = expire(stream, end - Date.now())
      try {
        await core.attach(stream, wanted, { isNamed: true, identity, client: request.client })
      } finally {
        stop()
      }
    },
  }
}

/**
 * Names in lower case, so that they win over our own.
 *
 * @throws OptionError for what no connection would carry: it may hold something that a reader has sent.
 */
function plainHeaders(headers: object): Record<string, string> {
  return Object.fromEntries(Object.entries(checkedHeaders({ ...headers })).map(([name, value]) => [name, String(value)]))
}

interface Named {
  readonly topics: readonly AnyTopic[]
  readonly subtrees: readonly AnySubtree[]
  readonly starts: ReadonlyMap<string, Start>
  readonly unknown: readonly string[]
}

/** The contract's topics and subtrees of what was asked for, and the names that are neither. */
function named(core: HubCore, asked: readonly AskedTopic[]): Named {
  const topics: AnyTopic[] = []
  const subtrees: AnySubtree[] = []
  const unknown: string[] = []
  const starts = new Map(asked.map(({ name, start }) => [name, start]))
  for (const { name } of asked) {
    const topic = core.channels.topic(name)
    if (topic === undefined) unknown.push(name)
    else if (topic.kind === 'topic') topics.push(topic)
    else subtrees.push(topic)
  }
  return { topics, subtrees, starts, unknown }
}

/** The longest that a timer can wait. */
const longestTimer = 2 ** 31 - 1

/** Closes a stream when its time has come, or after some weeks at the latest. Returns what stops it. */
function expire(stream: EventStream<object>, left: number): () => void {
  const expired = (): void => {
    stream.tell({
      type: 'sse.error',
      code: 'expired',
      message: 'What lets you read has run out: come back with fresh credentials.',
      retry: true,
    })
    void stream.release({ reason: 'expired', reconnect: true })
  }
  // While the backplane was asked. A timer would let the first events through.
  if (left <= 0) expired()
  const timer = left > 0 && left < Number.POSITIVE_INFINITY ? setTimeout(expired, Math.min(left, longestTimer)) : undefined
  return () => clearTimeout(timer)
}
