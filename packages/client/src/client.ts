import type { AnySubtree, AnyTopic, Events, ParamsOf, PrefixOf, Subtree, Topic } from '@sse/schema'
import { parsePosition } from '@sse/schema/wire'
import { createCallbacks } from './callbacks.js'
import { checkedUrl, checkRequest } from './check.js'
import type { Decoder } from './dispatcher.js'
import { OptionError } from './errors.js'
import { createLink, type Link, type LinkOptions } from './link.js'
import type { ListenOptions } from './options.js'
import { watchPage } from './page.js'
import { checkStart } from './start.js'
import { idle, type Snapshot } from './state.js'
import { createSubscription, type Subscription } from './subscription.js'
import { createTabs, type Role } from './tabs.js'
import { createTopicFeed, type TopicFeed } from './topic-feed.js'
import { topicName } from './topic-name.js'

/** How a client connects. Every option but the URL has a default, and takes undefined for it. */
export interface ClientOptions extends Omit<LinkOptions, 'endOn' | 'transport'> {
  /** Where the hub's handler is: of `nodeHandler` or `fetchHandler`. */
  readonly url: string | URL
  /**
   * Whether all tabs of this origin share one connection. They must then be allowed the same: give each user an `identity` of
   * their own, and tabs with another do not share with these. True is for pages that everybody may see the same of; it is
   * refused beside `headers`, which are somebody's. Default false. Without Web Locks and BroadcastChannel a tab stays alone.
   */
  readonly shared?: boolean | { readonly identity: string } | undefined
}

/** What one subscription of a client wants. */
export interface TopicOptions extends ListenOptions {
  /**
   * Where to begin: `now`, the default; with the last n events, `last:n`; or after a position, which `hub.cursor`, a publish or an
   * event has told.
   */
  readonly start?: 'now' | `last:${number}` | (string & {}) | undefined
}

/** A subscription to one topic, or subtree, of a client's connection. */
export interface TopicSubscription<Payloads extends object> extends Subscription<Payloads> {
  /** The topic's name, `orders/42`, or the subtree's, `orders/*`. */
  readonly topic: string
  /**
   * Resolves true when the cursor is at or past a position: when what `publish` answered with it has arrived, and is handled.
   * False when the subscription is closed before.
   */
  reached(position: string): Promise<boolean>
}

/** The state of a client's connection, with its circumstances. */
export interface ClientSnapshot extends Snapshot {
  /** `alone`: it has a connection of its own. `leader`: it has the one that all tabs share. `follower`: another tab has it. */
  readonly role: 'alone' | Role
}

/** The channel of a contract as far as types go. */
interface TypedChannel<Pattern extends string, Decoded extends object, Wire extends object> {
  readonly pattern: Pattern
  readonly events: Events<Decoded, Wire>
}

/** The wire's payloads by pattern; of a channel with a subtree by `orders/*`, too. */
export type WireByPattern<C> = {
  [K in keyof C as C[K] extends TypedChannel<infer Pattern, object, object> ? Pattern : never]: C[K] extends TypedChannel<
    string,
    object,
    infer Wire
  >
    ? Wire
    : never
} & {
  [K in keyof C as C[K] extends TypedChannel<infer Pattern, object, object> & { all: unknown }
    ? SubtreePattern<Pattern>
    : never]: C[K] extends TypedChannel<string, object, infer Wire> ? Wire : never
}

type SubtreePattern<Pattern extends string> = PrefixOf<Pattern> extends '' ? '*' : `${PrefixOf<Pattern>}/*`

/** The params of a pattern: not even an empty object where it has none. */
export type PatternParams<Pattern extends string> = keyof ParamsOf<Pattern> extends never ? Record<string, never> : ParamsOf<Pattern>

/** Many topics over one connection, which is there while somebody subscribes. */
export interface Client<C extends object> extends AsyncDisposable {
  /**
   * Subscribes to a topic, or subtree, of the contract; what arrives is validated and decoded.
   *
   * It joins the connection with its first handler or loop, and leaves it with the last. While one of its handlers is
   * busy all topics of the connection wait, but for what `buffer` takes.
   *
   * @throws OptionError for options that could never work.
   */
  subscribe<Decoded extends object, Wire extends object>(
    topic: Topic<string, string, Decoded, Wire> | Subtree<string, string, Decoded, Wire>,
    options?: TopicOptions,
  ): TopicSubscription<Decoded>
  /**
   * Subscribes by a channel's pattern, or its subtree's, with the types of the contract alone: nothing is checked or decoded, and data has
   * the wire's types.
   *
   * @throws OptionError for params that a contract would refuse, and for options that could never work.
   */
  subscribe<Pattern extends keyof WireByPattern<C> & string>(
    pattern: Pattern,
    params: PatternParams<NoInfer<Pattern>>,
    options?: TopicOptions,
  ): TopicSubscription<WireByPattern<C>[Pattern] & object>
  /** The state of the connection; the same object until something changes. */
  getSnapshot(): ClientSnapshot
  /** Calls the listener after each change of the snapshot. Returns the function that ends it. */
  onChange(listener: () => void): () => void
  /** Closes all subscriptions and the connection, for good. */
  close(): void
}

/**
 * A client, whose subscriptions all share one connection to a hub: `createClient<typeof contract>({ url: '/events' })`. It is
 * opened by the first subscription. Where the topics change, a new connection takes over from the old one, without
 * loss. With `shared` it is one for all tabs of the browser.
 *
 * @throws OptionError for options that could never work.
 */
export function createClient<C extends object>(options: ClientOptions): Client<C> {
  const url = checkedUrl(options.url, options.fetch)
  checkRequest(options)
  const { shared } = options
  if (shared === true && options.headers) throw new OptionError('shared: with headers, give { identity }')
  const { call } = createCallbacks({})
  const listeners = new Set<() => void>()
  const feeds = new Set<TopicFeed>()
  const subscriptions = new Set<Subscription<object>>()
  let isClosed = false
  let snapshot: ClientSnapshot = { ...idle, role: 'alone' }
  const change = (changed: Snapshot, role: ClientSnapshot['role'] = 'alone'): void => {
    snapshot = { ...changed, role }
    for (const feed of feeds) feed.follow()
    for (const listener of [...listeners]) call(listener, undefined)
  }
  const makeLink = (onChange: (snapshot: Snapshot) => void): Link => createLink(url, options, onChange)
  const { document, navigator, BroadcastChannel } = globalThis
  const identity = typeof shared === 'object' ? shared.identity : ''
  const link =
    shared && document && navigator.locks && BroadcastChannel
      ? createTabs(`sse ${JSON.stringify([url.href, identity])}`, makeLink, change)
      : makeLink(change)
  const unwatch = watchPage(link, options.pauseHidden)

  const join = (name: string, events: Decoder | undefined, own: TopicOptions = {}): TopicSubscription<object> => {
    if (isClosed) throw new OptionError('client: it is closed, make another')
    const start = own.start === 'now' ? '' : own.start
    checkStart('start', start ?? '', name)
    const looks = new Set<() => void>()
    const look = (): void => {
      for (const each of looks) each()
    }
    const subscription = createSubscription<object>(
      (reader) => {
        const feed = createTopicFeed(name, link, reader, () => {
          feeds.delete(feed)
          subscriptions.delete(subscription)
          look()
        })
        feeds.add(feed)
        return feed
      },
      own,
      events,
      start,
      look,
    )
    subscriptions.add(subscription)
    return Object.assign(subscription, {
      topic: name,
      reached: (position: string): Promise<boolean> => {
        const wanted = parsePosition(position)
        if (!wanted) throw new OptionError(`reached: ${JSON.stringify(position)} is no position of a hub`)
        return new Promise((resolve) => {
          const see = (): void => {
            const at = parsePosition(subscription.lastEventId)
            const isThere = at?.epoch === wanted.epoch && at.at >= wanted.at
            if (!isThere && subscription.state !== 'closed') return
            looks.delete(see)
            resolve(isThere)
          }
          looks.add(see)
          see()
        })
      },
    })
  }

  const close = (): void => {
    isClosed = true
    for (const subscription of subscriptions) subscription.close()
    unwatch()
    link.close()
  }

  function subscribe(what: string | AnyTopic | AnySubtree, second?: object, third?: TopicOptions): TopicSubscription<object> {
    return typeof what === 'string' ? join(topicName(what, { ...second }), undefined, third) : join(what.name, what.events, second)
  }

  return {
    // The signatures of the interface say which payloads these are: decoded with the topic's events, or vouched for by its type.
    subscribe: subscribe as Client<C>['subscribe'],
    getSnapshot: () => snapshot,
    onChange: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close,
    [Symbol.asyncDispose]: async () => close(),
  }
}
