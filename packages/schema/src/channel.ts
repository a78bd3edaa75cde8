import { type CheckedSchemas, checkedEvents, type DecodedOf, isEvents, type WireOf } from './define-events.js'
import type { AnyEvents, Events } from './events.js'
import { type CheckedPattern, parsePattern } from './pattern.js'

/** A declared pattern of topics with the events that they carry. */
export interface Channel<Pattern extends string, Decoded extends object, Wire extends object = Decoded> {
  readonly pattern: Pattern
  readonly events: Events<Decoded, Wire>
}

/**
 * Declares a channel: a pattern of topics (`'orders/:orderId'`: literal segments and `:params`), and their events, as
 * `defineEvents` returned them or as a map of schemas. What is wrong with either is a compile error at its place.
 *
 * @throws PatternError, and what `defineEvents` throws.
 */
export function channel<const P extends string, S extends AnyEvents | CheckedSchemas<S>>(
  pattern: CheckedPattern<P>,
  events: S,
): Channel<P, DecodedIn<S>, WireIn<S>>
export function channel(pattern: string, events: object): Channel<string, object> {
  parsePattern(pattern)
  return { pattern, events: isEvents(events) ? events : checkedEvents(events) }
}

type DecodedIn<S> = S extends Events<infer Decoded, infer _> ? Decoded : DecodedOf<S>
type WireIn<S> = S extends Events<infer _, infer Wire> ? Wire : WireOf<S>
