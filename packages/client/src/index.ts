export { InvalidJsonError, SchemaError, SseError, ValidationError } from '@sse/schema'
export { MessageTooLargeError } from '@sse/schema/wire'
export { type Buffer, type BufferOptions, buffered, type Queue, type Queued } from './buffer.js'
export {
  type Client,
  type ClientOptions,
  type ClientSnapshot,
  createClient,
  type PatternParams,
  type TopicOptions,
  type TopicSubscription,
  type WireByPattern,
} from './client.js'
export {
  ConnectionError,
  ContentTypeError,
  GapError,
  HandlerError,
  HeadersError,
  HttpStatusError,
  OptionError,
  RefusedError,
  ServerError,
  SilenceError,
  type SubscriptionError,
} from './errors.js'
export type {
  ConnectOptions,
  CursorStore,
  End,
  Gap,
  HeadersSource,
  ListenOptions,
  Presence,
  RequestOptions,
  UnknownEvent,
} from './options.js'
export type { ReconnectOptions } from './reconnect.js'
export { idle as idleSnapshot, type Snapshot, type State, type StateReason } from './state.js'
export { subscribe } from './subscribe.js'
export type { EventIn, Subscription } from './subscription.js'
export { checkLinks } from './transport/check-links.js'
export type { ConnectRequest, OpenConnection, Transport } from './transport/transport.js'
export { webStorage } from './web-storage.js'
