import type { AnyEvents } from '@sse/schema'
import type { Close } from './close.js'
import { type CorsOptions, checkCors } from './cors.js'
import { OptionError } from './errors.js'
import { defaultOutboxLimits, type OutboxLimits } from './outbox.js'

/** How a stream behaves. Every option has a default. */
export interface StreamOptions<E extends AnyEvents = AnyEvents> {
  /** The event types that the stream carries. Without them any type and any JSON goes, unchecked. */
  readonly events?: E | undefined
  /**
   * The longest silence in milliseconds: a comment goes out before it, 0 to 20 % early. Default 15,000, which is under
   * the idle limit of common proxies. 0: none, and a reader can no longer tell a dead connection from a quiet one.
   */
  readonly heartbeat?: number | undefined
  /** The reconnection time in milliseconds told to the reader at the start. Default: none, and the reader uses its own. */
  readonly retry?: number | undefined
  /** The largest event in UTF-8 bytes. Default 1,048,576. A larger one is rejected with EventTooLargeError, not sent. */
  readonly maxEventBytes?: number | undefined
  /**
   * How much may wait for a reader that is slower than its events. At the bound the stream is closed with reason
   * `overflow`: what waited is lost to this connection, and the reader comes back and resumes from its last event's id.
   */
  readonly outbox?: Partial<OutboxLimits> | undefined
  /**
   * How long in milliseconds a reader may take nothing of what was written. Default 60,000. Then the connection is
   * reset with reason `stalled`, as at the outbox's bound.
   */
  readonly writeTimeout?: number | undefined
  /** The methods that open a stream; HEAD goes with GET. Default GET and POST. Others get 405. */
  readonly methods?: readonly string[] | undefined
  /** Who may read from another origin. Default: nobody, no CORS header is sent. */
  readonly cors?: CorsOptions | undefined
  /** More headers for the response, `set-cookie` for one. The stream's own headers win. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Told what the producer threw, and of overflows. Default: written to the console. Readers that leave are no error. */
  readonly onError?: ((error: unknown, context: ErrorContext) => void) | undefined
  /** Told once, when the stream is over. */
  readonly onClose?: ((close: Close) => void) | undefined
}

/** Where an error came from. */
export interface ErrorContext {
  /** Method and path of the request, without its query, which may hold secrets. */
  readonly request: string
  readonly lastEventId: string | undefined
}

/** The options with their defaults, checked. */
export interface Settings {
  readonly events: AnyEvents | undefined
  readonly heartbeat: number
  readonly retry: number | undefined
  readonly maxEventBytes: number
  readonly outbox: OutboxLimits
  readonly writeTimeout: number
  readonly methods: readonly string[]
  readonly cors: CorsOptions | undefined
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly onError: (error: unknown, context: ErrorContext) => void
  readonly onClose: (close: Close) => void
}

/** @throws OptionError naming the option that makes no sense. */
export function settingsOf(options: StreamOptions): Settings {
  const { cors, outbox } = options
  if (cors !== undefined) checkCors(cors)
  return {
    events: options.events,
    heartbeat: milliseconds('heartbeat', options.heartbeat ?? 15_000),
    retry: options.retry === undefined ? undefined : milliseconds('retry', options.retry),
    maxEventBytes: positive('maxEventBytes', options.maxEventBytes ?? 1_048_576),
    outbox: {
      maxBytes: positive('outbox.maxBytes', outbox?.maxBytes ?? defaultOutboxLimits.maxBytes),
      maxFrames: positive('outbox.maxFrames', outbox?.maxFrames ?? defaultOutboxLimits.maxFrames),
    },
    writeTimeout: positive('writeTimeout', milliseconds('writeTimeout', options.writeTimeout ?? 60_000)),
    methods: options.methods ?? ['GET', 'POST'],
    cors,
    headers: checkedHeaders(options.headers ?? {}),
    onError: options.onError ?? logError,
    onClose: options.onClose ?? (() => {}),
  }
}

/** Names in lower case. Those that frame a body are the connection's: with one of them a reader would see another's end. */
function checkedHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const)
  const framing = entries.find(([name]) => ['connection', 'content-length', 'transfer-encoding', 'keep-alive'].includes(name))
  if (framing !== undefined) throw new OptionError('headers', `has "${framing[0]}", which is the connection's own: remove it`)
  return Object.fromEntries(entries)
}

/** The longest that a timer can wait; a longer one would fire at once. */
const longestTimer = 2 ** 31 - 1

function milliseconds(option: string, value: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= longestTimer) return value
  throw new OptionError(option, `is ${value}: it takes whole milliseconds from 0 to ${longestTimer}`)
}

function positive(option: string, value: number): number {
  if (value > 0) return value
  throw new OptionError(option, `is ${value}: it takes a number above 0`)
}

/** Where errors go without `onError`, and where those of `onError` itself go. */
export function logError(error: unknown, { request }: ErrorContext): void {
  // Without onError this is the one place where a failure can be seen.
  console.error(`[@sse/server] ${request}:`, error)
}
