import { type AnyEvents, isEvents } from '@sse/schema'
import { kindOf } from './arguments.js'
import type { Close } from './close.js'
import { type CorsOptions, checkCors } from './cors.js'
import { OptionError } from './errors.js'
import { checkOptions, type Kinds } from './option-check.js'
import { defaultOutboxLimits, type OutboxLimits } from './outbox.js'
import { isToken } from './token.js'

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
   * An event larger than `maxBytes` gets through all the same, one at a time, so a reader costs at most both together.
   */
  readonly outbox?: Partial<OutboxLimits> | undefined
  /**
   * How long in milliseconds a reader may take nothing of what was written. Default 60,000. Then the connection is
   * reset with reason `stalled`, as at the outbox's bound. A socket says that it takes more only when a good part of its
   * buffer is free: with the largest that Linux gives it (4 MiB) after 1.5 MB, so that a reader of events which are larger
   * than that must take 25 kB a second by default, or it never has the whole of one.
   */
  readonly writeTimeout?: number | undefined
  /** The methods that open a stream, in any case; HEAD goes with GET. Default GET and POST. Others get 405. */
  readonly methods?: readonly string[] | undefined
  /** Who may read from another origin. Default: nobody, no CORS header is sent. */
  readonly cors?: CorsOptions | undefined
  /** More headers for the response; a list is a header that comes several times, as `set-cookie` may. The stream's own win. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>> | undefined
  /**
   * Told what the producer threw, and of overflows. Default: written to the console. Readers that leave are no error. May
   * be async, and is not awaited; what it throws or rejects with is written to the console.
   */
  readonly onError?: ((error: unknown, context: ErrorContext) => unknown) | undefined
  /** Told once, when the stream is over. May be async, and is not awaited; what it throws or rejects with goes to `onError`. */
  readonly onClose?: ((close: Close) => unknown) | undefined
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
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly onError: (error: unknown, context: ErrorContext) => unknown
  readonly onClose: (close: Close) => unknown
}

/** What each option of a stream takes. */
export const streamKinds: Kinds<StreamOptions> = {
  events: 'anything',
  heartbeat: 'number',
  retry: 'number',
  maxEventBytes: 'number',
  outbox: 'object',
  writeTimeout: 'number',
  methods: 'anything',
  cors: 'anything',
  headers: 'object',
  onError: 'function',
  onClose: 'function',
}

const outboxKinds: Kinds<OutboxLimits> = { maxBytes: 'number', maxFrames: 'number', maxAge: 'number' }

/** @throws OptionError naming the option that makes no sense, ArgumentError for what holds no options. */
export function settingsOf(options: StreamOptions): Settings {
  checkOptions(options, streamKinds)
  const { cors, events, outbox } = options
  // A plain map of schemas would let every event through unchecked, or fail within a send.
  if (events !== undefined && !isEvents(events)) {
    throw new OptionError('events', 'is not what defineEvents returns: wrap it in defineEvents')
  }
  if (cors !== undefined) checkCors(cors)
  if (outbox !== undefined) checkOptions(outbox, outboxKinds, 'outbox')
  return {
    events,
    heartbeat: milliseconds('heartbeat', options.heartbeat ?? 15_000),
    retry: options.retry === undefined ? undefined : milliseconds('retry', options.retry),
    maxEventBytes: positive('maxEventBytes', options.maxEventBytes ?? 1_048_576),
    outbox: {
      maxBytes: positive('outbox.maxBytes', outbox?.maxBytes ?? defaultOutboxLimits.maxBytes),
      maxFrames: positive('outbox.maxFrames', outbox?.maxFrames ?? defaultOutboxLimits.maxFrames),
      maxAge: positive('outbox.maxAge', outbox?.maxAge ?? defaultOutboxLimits.maxAge),
    },
    writeTimeout: positive('writeTimeout', milliseconds('writeTimeout', options.writeTimeout ?? 60_000)),
    methods: checkedMethods(options.methods ?? ['GET', 'POST']),
    cors,
    headers: checkedHeaders(options.headers ?? {}),
    onError: options.onError ?? logError,
    onClose: options.onClose ?? (() => {}),
  }
}

/** Methods are case-sensitive (RFC 9110 §9.1), and those that there are are in upper case: `get` would refuse every GET. */
function checkedMethods(methods: unknown): readonly string[] {
  if (!Array.isArray(methods)) throw new OptionError('methods', `is ${kindOf(methods)}: it takes a list, as ['GET']`)
  return methods.map((method: unknown) => {
    if (isToken(method)) return method.toUpperCase()
    throw new OptionError('methods', `holds ${JSON.stringify(method)}, which is no method: write it as 'GET'`)
  })
}

/** Names in lower case. Those that frame a body are the connection's: with one of them a reader would see another's end. */
export function checkedHeaders(headers: Readonly<Record<string, unknown>>): Record<string, string | string[]> {
  // A Headers or a Map has no names of its own: its headers would be left out in silence.
  if (Symbol.iterator in headers) {
    throw new OptionError('headers', "is no plain object: it takes one, as { 'x-mine': '1' }; Object.fromEntries(headers) makes one")
  }
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), checkedHeader(name, value)]))
}

/** What each runtime would reject in words of its own, after the stream was begun. */
function checkedHeader(name: string, value: unknown): string | string[] {
  const named = `has ${JSON.stringify(name.toLowerCase())}`
  if (!isToken(name)) throw new OptionError('headers', `${named}, which is no header's name: use letters, digits and hyphens`)
  if (['connection', 'content-length', 'transfer-encoding', 'keep-alive'].includes(name.toLowerCase())) {
    throw new OptionError('headers', `${named}, which is the connection's own: remove it`)
  }
  const check = (one: unknown): string => {
    if (typeof one !== 'string')
      throw new OptionError('headers', `${named}, whose value is ${kindOf(one)}: it takes a string or a list of them`)
    // RFC 9110 §5.5. The value is not shown: it may be a cookie.
    if (/[^\t\x20-\x7e\x80-\xff]/.test(one)) {
      throw new OptionError('headers', `${named}, whose value holds a line end or another character that no header carries: encode it`)
    }
    return one
  }
  return Array.isArray(value) ? value.map(check) : check(value)
}

/** The longest that a timer can wait; a longer one would fire at once. */
const longestTimer = 2 ** 31 - 1

export function milliseconds(option: string, value: number, least = 0): number {
  if (Number.isInteger(value) && value >= least && value <= longestTimer) return value
  throw new OptionError(option, `is ${value}: it takes whole milliseconds from ${least} to ${longestTimer}`)
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
