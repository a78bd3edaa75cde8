import type { Channel } from './channel.js'
import { NameError, PatternError } from './errors.js'
import type { Events } from './events.js'
import {
  nameOf,
  overlap,
  type ParamNames,
  type ParamStringsOf,
  type ParamsOf,
  type Pattern,
  type PrefixOf,
  paramsIn,
  parsePattern,
  type ShapeOf,
} from './pattern.js'
import type { AnySubtree, AnyTopic, Subtree, Topic } from './topic.js'
import { subtreeOf } from './wire/name.js'

/** A channel as a contract holds it: call it with the params to get a topic. */
export interface ContractChannel<Name extends string, Pattern extends string, Decoded extends object, Wire extends object = Decoded> {
  /** @throws ParamError */
  (...params: ParamsArguments<Pattern>): Topic<Name, Pattern, Decoded, Wire>
  readonly channel: Name
  readonly pattern: Pattern
  readonly events: Events<Decoded, Wire>
  /**
   * The topic of that name, or undefined if it is none of this channel's. A name counts only in the one spelling that
   * encoding its params gives.
   */
  parse(name: string): Topic<Name, Pattern, Decoded, Wire> | undefined
}

/** A channel whose pattern ends in a param, which declares its subtree. */
export interface SubtreeChannel<Name extends string, Pattern extends string, Decoded extends object, Wire extends object = Decoded>
  extends ContractChannel<Name, Pattern, Decoded, Wire> {
  /**
   * All topics of the channel that share the params before the last one: `'orders/*'`.
   * @throws ParamError
   */
  all(...params: ParamsArguments<PrefixOf<Pattern>>): Subtree<Name, Pattern, Decoded, Wire>
  /** The subtree of that name, or undefined if it is none of this channel's. */
  parseAll(name: string): Subtree<Name, Pattern, Decoded, Wire> | undefined
}

type ParamsArguments<P extends string> = [ParamNames<P>] extends [never]
  ? string extends P
    ? [params?: ParamsOf<P>]
    : []
  : [params: ParamsOf<P>]

type EndsInParam<P extends string> = P extends `${string}/${infer Rest}` ? EndsInParam<Rest> : P extends `:${string}` ? true : false

/** All channels of an application, by key. */
export type Contract<Channels extends object> = {
  readonly [K in keyof Channels & string]: Channels[K] extends Channel<infer Pattern, infer Decoded, infer Wire>
    ? EndsInParam<Pattern> extends true
      ? SubtreeChannel<K, Pattern, Decoded, Wire>
      : ContractChannel<K, Pattern, Decoded, Wire>
    : never
}

type CheckedChannels<C> = {
  [K in keyof C]: K extends 'then'
    ? 'a channel named "then" would make the contract a promise: choose another name'
    : C[K] extends { readonly pattern: infer P extends string; readonly events: object }
      ? [Twin<C, K, P>] extends [never]
        ? C[K]
        : `the pattern "${P}" overlaps that of channel "${Twin<C, K, P>}": a topic would belong to both`
      : 'a contract holds channels: use channel(pattern, events)'
}

/** Other channels whose pattern has the same shape. Looked up in a map, for a comparison of each with each would be dear. */
type Twin<C, K, P extends string> = string extends P ? never : Exclude<KeysByShape<C>[ShapeOf<P> & keyof KeysByShape<C>], K> & string

type KeysByShape<C> = {
  [K in keyof C & string as C[K] extends { readonly pattern: infer P extends string } ? ShapeOf<P> : never]: K
}

/**
 * Gathers the channels of an application into one contract, which server and client import. Patterns that differ in the
 * names of their params alone are compile errors at both channels; what overlaps otherwise (`orders/:id` and `orders/new`)
 * is found when this runs.
 *
 * @throws PatternError where a name could belong to two channels.
 * @throws NameError for a channel named `then`, which would make the contract a promise.
 */
export function defineContract<C extends CheckedChannels<C>>(channels: C): Contract<C>
export function defineContract(channels: Readonly<Record<string, Channel<string, object>>>): object {
  const entries = Object.entries(channels)
  entries.forEach(([key, { pattern }], index) => {
    if (key === 'then') throw new NameError(key, 'a channel named "then" would make the contract a promise: choose another name')
    for (const [otherKey, other] of entries.slice(0, index)) {
      if (overlap(parsePattern(pattern), parsePattern(other.pattern))) {
        throw new PatternError(
          pattern,
          `of channel "${key}" overlaps ${JSON.stringify(other.pattern)} of channel "${otherKey}": a topic would belong to both`,
        )
      }
    }
  })
  return Object.fromEntries(entries.map(([key, declared]) => [key, contractChannel(key, declared)]))
}

/** The topic of that name in a contract, or undefined if no channel has it. */
export function parseTopic<C extends object>(contract: Contract<C>, name: string): TopicOf<C> | undefined
export function parseTopic(
  contract: Readonly<Record<string, { parse(name: string): AnyTopic | undefined }>>,
  name: string,
): AnyTopic | undefined {
  for (const declared of Object.values(contract)) {
    const topic = declared.parse(name)
    if (topic !== undefined) return topic
  }
  return undefined
}

/** The subtree of that name in a contract, or undefined if no channel declares it. */
export function parseSubtree<C extends object>(contract: Contract<C>, name: string): SubtreeOf<C> | undefined
export function parseSubtree(
  contract: Readonly<Record<string, { parse(name: string): AnyTopic | undefined; parseAll?(name: string): AnySubtree | undefined }>>,
  name: string,
): AnySubtree | undefined {
  for (const declared of Object.values(contract)) {
    const subtree = declared.parseAll?.(name)
    if (subtree !== undefined) return subtree
  }
  return undefined
}

/** The subtree that a topic belongs to, by name; undefined if its channel declares none. */
export function subtreeNameOf({ pattern, name }: Pick<AnyTopic, 'pattern' | 'name'>): string | undefined {
  if (!pattern.slice(pattern.lastIndexOf('/') + 1).startsWith(':')) return undefined
  return subtreeOf(name)
}

/** Any topic of a contract, a union told apart by `channel`. */
export type TopicOf<Channels extends object> = {
  [K in keyof Channels & string]: Channels[K] extends Channel<infer Pattern, infer Decoded, infer Wire>
    ? Topic<K, Pattern, Decoded, Wire>
    : never
}[keyof Channels & string]

/** Any subtree that a contract declares, a union told apart by `channel`. */
export type SubtreeOf<Channels extends object> = {
  [K in keyof Channels & string]: Channels[K] extends Channel<infer Pattern, infer Decoded, infer Wire>
    ? EndsInParam<Pattern> extends true
      ? Subtree<K, Pattern, Decoded, Wire>
      : never
    : never
}[keyof Channels & string]

function contractChannel(channel: string, { pattern: text, events }: Channel<string, object>): ContractChannel<string, string, object> {
  const pattern = parsePattern(text)
  const topic = (name: string, params: ParamStringsOf<string>): AnyTopic => ({
    kind: 'topic',
    channel,
    pattern: text,
    params,
    name,
    events,
  })
  const make = (params: ParamsOf<string> = {}): AnyTopic =>
    topic(nameOf(pattern, params), Object.fromEntries(Object.entries(params).map(([key, value]) => [key, String(value)])))
  const parse = (name: string): AnyTopic | undefined => {
    const params = paramsIn(pattern, name)
    return params && topic(name, params)
  }
  const own = Object.assign(make, { channel, pattern: text, events, parse })
  const last = pattern.segments.at(-1)
  if (last === undefined || !('param' in last)) return own
  const prefix: Pattern = { text, segments: pattern.segments.slice(0, -1) }
  const subtree = (name: string, params: ParamStringsOf<string>): AnySubtree => ({
    kind: 'subtree',
    channel,
    pattern: text,
    params,
    name: name === '' ? '*' : `${name}/*`,
    events,
  })
  const all = (params: ParamsOf<string> = {}): AnySubtree =>
    subtree(
      prefix.segments.length > 0 ? nameOf(prefix, params) : '',
      Object.fromEntries(Object.entries(params).map(([key, value]) => [key, String(value)])),
    )
  const parseAll = (name: string): AnySubtree | undefined => {
    if (name === '*' && prefix.segments.length === 0) return subtree('', {})
    if (!name.endsWith('/*') || prefix.segments.length === 0) return undefined
    const before = name.slice(0, -2)
    const params = paramsIn(prefix, before)
    return params && subtree(before, params)
  }
  return Object.assign(own, { all, parseAll })
}
