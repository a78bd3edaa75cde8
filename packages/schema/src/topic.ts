import type { Events } from './events.js'
import type { ParamStringsOf, PrefixOf } from './pattern.js'

/** One topic of a channel: a concrete name, with what may be published to it. */
export interface Topic<Channel extends string, Pattern extends string, Decoded extends object, Wire extends object = Decoded> {
  readonly kind: 'topic'
  /** The channel's key in the contract. */
  readonly channel: Channel
  readonly pattern: Pattern
  readonly params: ParamStringsOf<Pattern>
  /** The pattern with its params percent-encoded: `orders/42`. */
  readonly name: string
  readonly events: Events<Decoded, Wire>
}

/** All topics of a channel that share what comes before the pattern's last param. */
export interface Subtree<Channel extends string, Pattern extends string, Decoded extends object, Wire extends object = Decoded> {
  readonly kind: 'subtree'
  readonly channel: Channel
  readonly pattern: Pattern
  /** Those before the pattern's last one. */
  readonly params: ParamStringsOf<PrefixOf<Pattern>>
  /** The prefix and a star: `orders/*`. No topic's name holds a star, so this cannot be one. */
  readonly name: string
  readonly events: Events<Decoded, Wire>
}

/** Any topic, where its types do not matter. */
export type AnyTopic = Topic<string, string, object, object>

/** Any subtree, where its types do not matter. */
export type AnySubtree = Subtree<string, string, object, object>
