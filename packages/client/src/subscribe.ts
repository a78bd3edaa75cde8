import type { AnyEvents, DecodedPayloads, Events, WirePayloads } from '@sse/schema'
import { checkedMethod, checkedUrl } from './check.js'
import { createConnection } from './connection.js'
import type { ConnectOptions } from './options.js'
import { watchPage } from './page.js'
import { createSubscription, type Subscription } from './subscription.js'

/** No type argument was given. */
declare const untyped: unique symbol
export interface Untyped {
  readonly [untyped]?: never
}

/** The payloads of a subscription: decoded with `events`, the wire's with a type argument, unknown with neither. */
export type PayloadsOf<T extends object, E> = E extends AnyEvents
  ? DecodedPayloads<E>
  : // The other way round, a map with an index signature would count as none.
    [Untyped] extends [T]
    ? Record<string, unknown>
    : T extends Events<object, object> | { readonly events: Events<object, object> }
      ? WirePayloads<T>
      : T

/** The URL, or why the type argument cannot be. */
export type CheckedUrl<T> = T extends { readonly type: infer Type extends string; readonly data: unknown }
  ? string extends Type
    ? string | URL
    : 'subscribe takes `typeof events`, or a map from type to data like { tick: { n: number } }; not a union of events'
  : string | URL

/** The events, or why they cannot be given so. */
export type CheckedEvents<T, E> = [Untyped] extends [T]
  ? undefined extends E
    ? 'these events may be undefined, and what is not decoded has other types: subscribe with them or without, each in its own call'
    : E
  : 'leave the type argument out: { events } carries the types, and decodes too'

/** Whether and how to decode. Two cases, for inference drops the `undefined` of a property that need not be there. */
export type EventsOption<T, E> = { readonly events: CheckedEvents<T, E> } | { readonly events?: undefined }

/**
 * Subscribes to a stream; it reconnects and resumes by itself. Connects at once, in a microtask; reads once somebody
 * listens.
 *
 * With `{ events }` what arrives is validated and decoded. With a type argument instead (`subscribe<typeof events>(url)`,
 * or a map from type to data) nothing is checked and no schema is needed; data then has the wire's types.
 *
 * @throws OptionError for options that could never work; among them a URL that is relative where there is no page.
 */
export function subscribe<T extends object = Untyped, E extends AnyEvents | undefined = undefined>(
  url: CheckedUrl<T>,
  options: ConnectOptions & EventsOption<T, E> = {},
): Subscription<PayloadsOf<T, E>> {
  // CheckedEvents lets nothing else through; its words only ever reach the compiler.
  const events = options.events as AnyEvents | undefined
  const target = { url: checkedUrl(url, options.fetch), method: checkedMethod(options), body: options.body }
  return createSubscription(
    (reader) => {
      const connection = createConnection(() => target, options, reader)
      const unwatch = watchPage(connection, options.pauseHidden)
      return {
        ...connection,
        close: (...why) => {
          unwatch()
          return connection.close(...why)
        },
      }
    },
    options,
    events,
    options.lastEventId,
  )
}
