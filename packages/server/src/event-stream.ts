import { isText } from '@sse/schema'
import {
  type Control,
  controlKey,
  controlMessage,
  endId,
  format,
  formatComment,
  type GapReason,
  type Message,
  protocolVersion,
} from '@sse/schema/wire'
import { checkChunk, checkComment, checkMap } from './arguments.js'
import type { Close, CloseReason } from './close.js'
import { AlreadyFedError, HubStreamIdError, OptionError, OverflowError, StreamEndedError } from './errors.js'
import { eventFrame } from './event-frame.js'
import { attempt, failure, isAbort } from './failure.js'
import { type Frame, frameOf } from './frame.js'
import { startHeartbeat } from './heartbeat.js'
import { type ErrorContext, logError, type Settings } from './options.js'
import type { Outbox } from './outbox.js'
import { RawTail } from './raw-tail.js'
import type { Sink } from './sink.js'
import { pump, type Source } from './source.js'
import type { Outgoing, Stream } from './stream.js'
import { Writer } from './writer.js'

/** Whoever feeds a stream beside its application. */
export interface Feeder {
  /** The types whose data is verbatim text. */
  readonly text: readonly string[]
  /** What a heartbeat says in place of a comment. */
  heartbeat(): Message | Control | undefined
}

/** The stream itself, over any sink. It knows no request and no hub; adapters drive it. */
export class EventStream<Payloads extends object> implements Stream<Payloads> {
  readonly lastEventId: string | undefined
  readonly closed: Promise<Close>
  readonly #settings: Settings
  readonly #context: ErrorContext
  readonly #sink: Sink
  readonly #writer: Writer
  readonly #key: string = controlKey()
  readonly #abort = new AbortController()
  readonly #rawDecoder = new TextDecoder('utf-8', { ignoreBOM: true })
  readonly #rawTail = new RawTail()
  #settle: (close: Close) => void = () => {}
  #stopHeartbeat: () => void = () => {}
  /** What the application asked for; the stream is over only when its last bytes are. */
  #ending: Close | undefined
  #over = false
  /** The application has given an event an id of its own. */
  #hasOwnIds = false
  #feeder: Feeder | undefined

  constructor(sink: Sink, settings: Settings, context: ErrorContext) {
    this.#sink = sink
    this.#settings = settings
    this.#context = context
    this.#writer = new Writer(sink, settings.outbox, settings.writeTimeout, {
      greeting: () => this.#greeting(),
      gap: (topics) => this.#controlFrame({ type: 'sse.gap', topics, reason: 'overflow' }),
      stalled: () => this.#abandon({ reason: 'stalled', reconnect: true }),
    })
    this.lastEventId = context.lastEventId
    this.closed = new Promise((resolve) => {
      this.#settle = resolve
    })
  }

  /** Begins the stream. `sse.ready`, the first thing a reader sees, leaves with what is sent in the same turn. */
  open(): void {
    this.#writer.flushSoon()
    this.#stopHeartbeat = startHeartbeat(this.#settings.heartbeat, () => this.#beat())
  }

  /** The adapter, instead of `open`: the request was answered without a stream. */
  answered(): void {
    this.#finalize({ reason: 'answered', reconnect: false })
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  get isOver(): boolean {
    return this.#over
  }

  /** Whether its end was asked for, or has come. */
  get isEnding(): boolean {
    return this.#ending !== undefined || this.#over
  }

  /** Where it came from, for whoever reports about it. */
  get context(): ErrorContext {
    return this.#context
  }

  get settings(): Settings {
    return this.#settings
  }

  /** What waits for its reader, and what became of what waited. */
  get outbox(): Pick<Outbox, 'bytes' | 'frames' | 'conflated' | 'dropped' | 'gaps'> {
    return this.#writer.outbox
  }

  /**
   * A feeder begins to relay positioned events: from here on the application's own carry no id.
   *
   * @throws AlreadyFedError, StreamEndedError, HubStreamIdError where one of them had one before, and OptionError where `sse.ready` has left without the feeder's text types.
   */
  feed(feeder: Feeder): void {
    if (this.#feeder !== undefined && !this.isEnding) throw new AlreadyFedError()
    if (this.#isEndedByApplication) throw new StreamEndedError()
    // Who is cut before the first positioned event would come back with an id that is no position.
    if (this.#hasOwnIds) throw new HubStreamIdError()
    const known = this.#textTypes
    const late = feeder.text.find((type) => !known.includes(type))
    if (!this.#writer.isSilent && late !== undefined) {
      throw new OptionError(
        'events',
        `lack the text type ${JSON.stringify(late)}, which readers are told first of all: subscribe before anything is awaited, or open the stream with { events }`,
      )
    }
    this.#feeder = feeder
  }

  /** The feeder: a frame that many streams share, for the next flush. What does not fit is dealt with as at every overflow. */
  relay(frame: Frame): void {
    if (!this.isEnding) this.#pushFrame(frame)
  }

  /** The feeder: what it relayed leaves. */
  flush(): void {
    this.#writer.flushSoon()
  }

  /** The feeder: text of the protocol's own, in one write with what is relayed next to it. */
  tell(control: Control, id?: string): void {
    if (!this.isEnding) this.#control(control, id)
  }

  /** The feeder: resolves true when the stream can take more, and false when it is over. */
  room(): Promise<boolean> {
    return this.isEnding ? Promise.resolve(false) : this.#writer.room()
  }

  /** The feeder: the stream is over for now, or for good, for a reason of its own. Resolves when it is. */
  async release(close: Close, last = ''): Promise<void> {
    if (!this.isEnding) {
      this.#push(last)
      this.#finish(close)
    }
    await this.closed
  }

  /** Breaks the connection off, whatever was still on its way. */
  cut(reason: CloseReason): void {
    if (!this.#over) this.#abandon(this.#ending ?? { reason, reconnect: true })
  }

  send(event: Outgoing<Payloads>): Promise<boolean> {
    return this.#accept(() => this.#eventFrame(event))
  }

  sendAll<T>(source: Source<T>, map?: (item: NonNullable<T>) => Outgoing<Payloads> | null | undefined): Promise<boolean>
  async sendAll(
    source: Source<Outgoing<Payloads>>,
    map?: (item: Outgoing<Payloads>) => Outgoing<Payloads> | null | undefined,
  ): Promise<boolean> {
    if (this.#isEndedByApplication) throw new StreamEndedError()
    checkMap(map)
    return pump(source, this.signal, async (item) => {
      // Ended from elsewhere, by a drain for one: that is no misuse of whoever is sending.
      if (this.isEnding) return false
      const event = map === undefined ? item : map(item)
      return event === null || event === undefined || this.send(event)
    })
  }

  async end(event?: Outgoing<Payloads>): Promise<void> {
    if (event !== undefined && this.#isEndedByApplication) throw new StreamEndedError()
    if (!this.isEnding) {
      // Nothing is awaited before the end is marked: what is sent meanwhile would come after the last event. One frame,
      // for an outbox with room for the event alone would overflow at its end.
      const last = event === undefined ? '' : this.#eventFrame(event)
      this.#push(last + this.#controlFrame({ type: 'sse.end', reason: 'ended' }, endId))
      this.#finish({ reason: 'ended', reconnect: false })
    }
    await this.closed
  }

  async close({ retry }: { readonly retry?: number | undefined } = {}): Promise<void> {
    if (!this.isEnding) {
      this.#push(format({ retry }))
      this.#finish({ reason: 'closed', reconnect: true })
    }
    await this.closed
  }

  gap(reason: GapReason = 'trimmed'): Promise<boolean> {
    return this.#accept(() => this.#controlFrame({ type: 'sse.gap', topics: [], reason }))
  }

  comment(text: string): Promise<boolean> {
    return this.#accept(() => formatComment(checkComment(text)))
  }

  writeRaw(chunk: string | Uint8Array): Promise<boolean> {
    return this.#accept(() => {
      checkChunk(chunk)
      return typeof chunk === 'string' ? chunk : this.#rawDecoder.decode(chunk, { stream: true })
    }, 'raw')
  }

  /** The producer threw: tells the reader as much as is fit for it, `onError` all of it, and closes. */
  async fail(error: unknown): Promise<void> {
    // What the producer throws because its reader left is the disconnect itself.
    if (this.#over && isAbort(error, this.signal)) return
    // Nor is it a failure that a producer was still sending when the stream was closed from elsewhere, by a drain for one.
    if (this.#isEndedByApplication && error instanceof StreamEndedError) return void (await this.closed)
    this.#report(error)
    this.giveUp(error)
    await this.closed
  }

  /** Tells the reader as much of a failure as is fit for it, and closes. */
  giveUp(error: unknown): void {
    if (this.isEnding) return
    const control = failure(error)
    this.#control(control, control.retry ? undefined : endId)
    this.#finish({ reason: 'failed', reconnect: control.retry, error })
  }

  /** The adapter: the sink can take more. */
  drained(): void {
    this.#writer.drained()
  }

  /** The adapter: the connection is gone, or has ended as it was told to. `complete`: everything written went out. */
  left(complete = false): void {
    this.#finalize(complete && this.#ending !== undefined ? this.#ending : { reason: 'left', reconnect: true })
  }

  get #isEndedByApplication(): boolean {
    return this.#ending?.reason === 'ended' || this.#ending?.reason === 'closed'
  }

  get #textTypes(): readonly string[] {
    const { events } = this.#settings
    const own = (events?.types ?? []).filter((type) => isText(events?.schemas[type] ?? {}))
    return [...new Set([...own, ...(this.#feeder?.text ?? [])])]
  }

  /** An id of the application's own would be taken for a position, and the next reconnection would resume from nowhere. */
  #eventFrame(event: Outgoing<Payloads>): string {
    const frame = eventFrame(event, this.#settings)
    if (this.#feeder !== undefined && event.id !== undefined) throw new HubStreamIdError()
    if (event.id !== undefined) this.#hasOwnIds = true
    return frame
  }

  #accept(make: () => string, raw?: 'raw'): Promise<boolean> {
    if (this.#isEndedByApplication) return Promise.reject(new StreamEndedError())
    if (this.isEnding) return Promise.resolve(false)
    try {
      this.#push(make(), raw)
    } catch (error) {
      return Promise.reject(error)
    }
    return this.#writer.room()
  }

  #control(control: Control, id?: string): void {
    this.#push(this.#controlFrame(control, id))
  }

  #controlFrame(control: Control, id?: string): string {
    return format(controlMessage(control, this.#key, id))
  }

  #push(text: string, raw?: 'raw'): void {
    if (text === '') return
    const frame = frameOf(text)
    if (raw === undefined) {
      this.#pushFrame(frame)
    } else {
      this.#rawTail.add(text)
      this.#enqueue(frame)
    }
    this.#writer.flushSoon()
  }

  /** A frame of the stream's own format, which finishes off what raw text left open. */
  #pushFrame(frame: Frame): void {
    const whole = this.#rawTail.isMidMessage ? frameOf(`\n\n${frame.text}`, frame.overflow) : frame
    this.#rawTail.clear()
    this.#enqueue(whole)
  }

  #enqueue(frame: Frame): void {
    if (this.#over) return
    if (!this.#writer.push(frame)) this.#overflow(this.outbox.bytes + frame.bytes)
  }

  #overflow(bytes: number): void {
    const error = new OverflowError(bytes)
    this.#report(error)
    this.#abandon({ reason: 'overflow', reconnect: true, error })
  }

  #beat(): void {
    if (this.#writer.outbox.isStale(Date.now())) this.#overflow(this.outbox.bytes)
    // Behind a full socket a heartbeat would only grow the outbox; inside a raw line it would break the line.
    if (!this.#writer.isIdle || this.#rawTail.isMidLine) return
    // Between the lines of a raw message it is a line of its own: a blank one would end the message.
    if (this.#rawTail.isMidMessage) this.#push(':\n', 'raw')
    else {
      const beat = this.#feeder?.heartbeat()
      if (beat === undefined) this.#push(formatComment(''))
      else if ('type' in beat) this.#control(beat)
      else this.#push(format(beat))
    }
  }

  #greeting(): string {
    const { heartbeat, retry } = this.#settings
    const ready = this.#controlFrame({ type: 'sse.ready', protocol: protocolVersion, heartbeat, text: this.#textTypes, key: this.#key })
    return retry === undefined ? ready : ready + format({ retry })
  }

  #finish(close: Close): void {
    if (this.#over) return
    this.#ending = close
    this.#stopHeartbeat()
    this.#writer.end()
  }

  #abandon(close: Close): void {
    this.#finalize(close)
    this.#sink.destroy()
  }

  /** The earliest cause wins, once. */
  #finalize(close: Close): void {
    if (this.#over) return
    this.#over = true
    this.#stopHeartbeat()
    this.#writer.close()
    this.#abort.abort()
    this.#settle(close)
    attempt(
      () => this.#settings.onClose(close),
      (error) => this.#report(error),
    )
  }

  /** What a callback throws must neither keep the stream open nor take the process down. */
  #report(error: unknown): void {
    attempt(
      () => this.#settings.onError(error, this.#context),
      (thrown) => logError(thrown, this.#context),
    )
  }
}
