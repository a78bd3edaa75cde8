// What both entries export, beside the adapter of each.

export type { Authorization, Authorize, AuthorizeContext, Refusal } from './authorize.js'
export type { Append, Appended, Backplane, Entry, Link, Listener, Range, ShardState, Tail } from './backplane.js'
export type { ChannelSettings, Reader } from './channel-settings.js'
export type { Close, CloseReason } from './close.js'
export type { CorsOptions } from './cors.js'
export { createHub } from './create-hub.js'
export type { Diagnostics } from './diagnostics.js'
export {
  AlreadyFedError,
  AlreadyOpenError,
  ArgumentError,
  BackplaneClosedError,
  EventTooLargeError,
  ForeignTopicError,
  HeadersSentError,
  HubClosedError,
  HubStreamIdError,
  OptionError,
  OverflowError,
  ReaderError,
  StreamEndedError,
  TopicEndedError,
} from './errors.js'
export type { HandlerOptions } from './handler.js'
export type { DrainOptions, Hub, HubOptions, Published, PublishOptions, SubscribeOptions, Where } from './hub.js'
export type { Limits } from './limits.js'
export { type MemoryBackplaneOptions, memoryBackplane } from './memory-backplane.js'
export type { ErrorContext, StreamOptions } from './options.js'
export type { OutboxLimits } from './outbox.js'
export type { Presence } from './presence.js'
export type { Producer } from './producer.js'
export type { Retention } from './retention.js'
export type { Source } from './source.js'
export type { HubStats, RefusalReason } from './stats.js'
export type { Outgoing, Stream } from './stream.js'
