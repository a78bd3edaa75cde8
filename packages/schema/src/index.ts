export { type Channel, channel } from './channel.js'
export { base64Bytes, bigintString, isoDate, mapOf, setOf, urlString } from './codecs.js'
export {
  type Contract,
  type ContractChannel,
  defineContract,
  parseSubtree,
  parseTopic,
  type SubtreeChannel,
  type SubtreeOf,
  subtreeNameOf,
  type TopicOf,
} from './contract.js'
export { decode, fromJson } from './decode.js'
export { type DecodedOf, defineEvents, isEvents, type WireOf } from './define-events.js'
export { encode } from './encode.js'
export {
  FieldError,
  InvalidJsonError,
  NameError,
  ParamError,
  PatternError,
  SchemaError,
  SseError,
  UnknownTypeError,
  ValidationError,
  type ValidationIssue,
} from './errors.js'
export type { AnyEvents, Events } from './events.js'
export type { DecodedPayloads, EventOf, EventUnion, WireEventOf, WirePayloads } from './infer.js'
export type { ParamStringsOf, ParamsOf, PrefixOf } from './pattern.js'
export { isText, type TextSchema, text } from './text.js'
export type { AnySubtree, AnyTopic, Subtree, Topic } from './topic.js'
