// What both entries export, beside the adapter of each.

export type { Close, CloseReason } from './close.js'
export type { CorsOptions } from './cors.js'
export {
  AlreadyOpenError,
  ArgumentError,
  EventTooLargeError,
  HeadersSentError,
  OptionError,
  OverflowError,
  ReaderError,
  StreamEndedError,
} from './errors.js'
export type { ErrorContext, StreamOptions } from './options.js'
export type { OutboxLimits } from './outbox.js'
export type { Producer } from './producer.js'
export type { Source } from './source.js'
export type { Outgoing, Stream } from './stream.js'
