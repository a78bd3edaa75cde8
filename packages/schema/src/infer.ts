import type { Events } from './events.js'

/** The events of a map of payloads, as a union told apart by `type`. */
export type EventUnion<Payloads, Type extends keyof Payloads = keyof Payloads> = {
  [K in Type & string]: { type: K; data: Payloads[K] }
}[Type & string]

/** A map from type to data as code has it, of whatever carries events: events, a channel, a contract's channel, a topic. */
export type DecodedPayloads<T> =
  T extends Events<infer Decoded, infer _> ? Decoded : T extends { readonly events: Events<infer Decoded, infer _> } ? Decoded : never

/** A map from type to data as the wire has it. */
export type WirePayloads<T> =
  T extends Events<infer _, infer Wire> ? Wire : T extends { readonly events: Events<infer _, infer Wire> } ? Wire : never

/**
 * The events of `typeof events`, a channel or a topic, as code has them: a union told apart by `type`.
 * With a second argument only those of that type.
 */
export type EventOf<T, Type extends keyof DecodedPayloads<T> = keyof DecodedPayloads<T>> = EventUnion<DecodedPayloads<T>, Type>

/** The same as the wire has them, before decoding: a date is a string. */
export type WireEventOf<T, Type extends keyof WirePayloads<T> = keyof WirePayloads<T>> = EventUnion<WirePayloads<T>, Type>
