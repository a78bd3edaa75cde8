import type { Client, PatternParams, TopicOptions, TopicSubscription, WireByPattern } from '@sse/client'
import type { AnySubtree, AnyTopic, DecodedPayloads } from '@sse/schema'

/** A channel's pattern, or its subtree's, with its params: `['orders/:orderId', { orderId }]`. Types only: nothing is checked or decoded. */
export type PatternWithParams<C extends object> = {
  [Pattern in keyof WireByPattern<C> & string]: readonly [pattern: Pattern, params: PatternParams<Pattern>]
}[keyof WireByPattern<C> & string]

/** What a component subscribes to: a topic or subtree of the contract, or a pattern with its params. */
export type Wanted<C extends object> = AnyTopic | AnySubtree | PatternWithParams<C>

/** In place of what is wanted: subscribes to nothing. For what is not known yet, `orderId && contract.order({ orderId })`. */
export type Nothing = undefined | null | false | ''

/** The payloads of what is wanted: decoded of a topic, the wire's of a pattern. */
export type PayloadsOf<C extends object, W> = W extends readonly [infer Pattern extends keyof WireByPattern<C>, unknown]
  ? WireByPattern<C>[Pattern]
  : DecodedPayloads<W>

/** What is wanted, whatever the contract. */
export type AnyWanted = AnyTopic | AnySubtree | readonly [pattern: string, params: object]

/** Any client, for what the hooks' own types have checked against its contract. */
export interface AnyClient extends Pick<Client<object>, 'getSnapshot' | 'onChange'> {
  subscribe(topic: AnyTopic | AnySubtree, options: TopicOptions): TopicSubscription<object>
  subscribe(pattern: string, params: object, options: TopicOptions): TopicSubscription<object>
}
