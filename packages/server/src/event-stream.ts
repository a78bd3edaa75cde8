import { isText } from '@sse/schema'
import { type Control, controlKey, controlMessage, endId, format, formatComment, type GapReason, protocolVersion } from '@sse/schema/wire'
import { checkChunk, checkComment, checkMap } from './arguments.js'
import type { Close } from './close.js'
import { OverflowError, StreamEndedError } from './errors.js'
import { eventFrame } from './event-frame.js'
import { attempt, failure, isAbort } from './failure.js'
import { startHeartbeat } from './heartbeat.js'
import { type ErrorContext, logError, type Settings } from './options.js'
import { Outbox } from './outbox.js'
import { RawTail } from './raw-tail.js'
import type { Sink } from './sink.js'
import { pump, type Source } from './source.js'
import type { Outgoing, Stream } from './stream.js'
import { Turn } from './turn.js'
import { utf8Length } from './utf8.js'

/** In characters. A reader has `writeTimeout` for each write, so it may be as slow as 64 KiB in that time. */
const largestWrite = 65_536

/** The stream itself, over any sink. It knows no request and no hub; adapters drive it. */
export class EventStream<Payloads extends object> implements Stream<Payloads> {
  readonly lastEventId: string | undefined
  readonly closed: Promise<Close>
  readonly #settings: Settings
  readonly #context: ErrorContext
  readonly #sink: Sink
  readonly #outbox: Outbox
  readonly #key: string = controlKey()
  readonly #abort = new AbortController()
  readonly #rawDecoder = new TextDecoder('utf-8', { ignoreBOM: true })
  readonly #rawTail = new RawTail()
  readonly #turn = new Turn()
  #settle: (close: Close) => void = () => {}
  #stopHeartbeat: () => void = () => {}
  #deadline: ReturnType<typeof setTimeout> | undefined
  /** What the application asked for; the stream is over only when its last bytes are. */
  #ending: Close | undefined
  #over = false
  #sinkFull = false
  #flushing = false

  constructor(sink: Sink, settings: Settings, context: ErrorContext) {
    this.#sink = sink
    this.#settings = settings
    this.#context = context
    this.#outbox = new Outbox(settings.outbox)
    this.lastEventId = context.lastEventId
    this.closed = new Promise((resolve) => {
      this.#settle = resolve
    })
  }

  /** Begins the stream: `sse.ready` is the first thing a reader sees. */
  open(): void {
    const { events, heartbeat, retry } = this.#settings
    const text = (events?.types ?? []).filter((type) => isText(events?.schemas[type] ?? {}))
    this.#control({ type: 'sse.ready', protocol: protocolVersion, heartbeat, text, key: this.#key })
    if (retry !== undefined) this.#push(format({ retry }))
    this.#stopHeartbeat = startHeartbeat(heartbeat, () => this.#beat())
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

  send(event: Outgoing<Payloads>): Promise<boolean> {
    return this.#accept(() => eventFrame(event, this.#settings))
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
      if (this.#isEnding) return false
      const event = map === undefined ? item : map(item)
      return event === null || event === undefined || this.send(event)
    })
  }

  async end(event?: Outgoing<Payloads>): Promise<void> {
    if (event !== undefined && this.#isEndedByApplication) throw new StreamEndedError()
    if (!this.#isEnding) {
      // Nothing is awaited before the end is marked: what is sent meanwhile would come after the last event. One frame,
      // for an outbox with room for the event alone would overflow at its end.
      const last = event === undefined ? '' : eventFrame(event, this.#settings)
      this.#push(last + this.#controlFrame({ type: 'sse.end', reason: 'ended' }, endId))
      this.#finish({ reason: 'ended', reconnect: false })
    }
    await this.closed
  }

  async close({ retry }: { readonly retry?: number | undefined } = {}): Promise<void> {
    if (!this.#isEnding) {
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
    if (!this.#isEnding) {
      const control = failure(error)
      this.#control(control, control.retry ? undefined : endId)
      this.#finish({ reason: 'failed', reconnect: control.retry, error })
    }
    await this.closed
  }

  /** The adapter: the sink can take more. */
  drained(): void {
    // A ReadableStream asks for more even while it takes something; answering that would end the stream twice.
    if (!this.#sinkFull) return
    this.#sinkFull = false
    clearTimeout(this.#deadline)
    this.#flush()
  }

  /** The adapter: the connection is gone, or has ended as it was told to. `complete`: everything written went out. */
  left(complete = false): void {
    this.#finalize(complete && this.#ending !== undefined ? this.#ending : { reason: 'left', reconnect: true })
  }

  /** Whether its end was asked for, or has come. */
  get #isEnding(): boolean {
    return this.#ending !== undefined || this.#over
  }

  get #isEndedByApplication(): boolean {
    return this.#ending?.reason === 'ended' || this.#ending?.reason === 'closed'
  }

  #accept(make: () => string, raw?: 'raw'): Promise<boolean> {
    if (this.#isEndedByApplication) return Promise.reject(new StreamEndedError())
    if (this.#isEnding) return Promise.resolve(false)
    try {
      this.#push(make(), raw)
    } catch (error) {
      return Promise.reject(error)
    }
    return this.#room()
  }

  #control(control: Control, id?: string): void {
    this.#push(this.#controlFrame(control, id))
  }

  #controlFrame(control: Control, id?: string): string {
    return format(controlMessage(control, this.#key, id))
  }

  #push(frame: string, raw?: 'raw'): void {
    if (this.#over || frame === '') return
    const text = raw === undefined && this.#rawTail.isMidMessage ? `\n\n${frame}` : frame
    if (raw === undefined) this.#rawTail.clear()
    else this.#rawTail.add(frame)
    const bytes = utf8Length(text)
    if (!this.#outbox.push(text, bytes)) {
      const error = new OverflowError(this.#outbox.bytes + bytes)
      this.#report(error)
      this.#abandon({ reason: 'overflow', reconnect: true, error })
      return
    }
    this.#flushSoon()
  }

  #beat(): void {
    // Behind a full socket a heartbeat would only grow the outbox; inside a raw line it would break the line.
    if (!this.#outbox.isEmpty || this.#sinkFull || this.#rawTail.isMidLine) return
    // Between the lines of a raw message it is a line of its own: a blank one would end the message.
    if (this.#rawTail.isMidMessage) this.#push(':\n', 'raw')
    else this.#push(formatComment(''))
  }

  /** All that is sent in one turn leaves in one write. */
  #flushSoon(): void {
    if (this.#flushing || this.#sinkFull) return
    this.#flushing = true
    queueMicrotask(() => this.#flush())
  }

  #flush(): void {
    this.#flushing = false
    if (this.#over || this.#sinkFull) return
    while (!this.#outbox.isEmpty) {
      const more = this.#sink.write(this.#outbox.take(largestWrite))
      // The reader may have left while this was written: no timer may outlive the stream.
      if (this.#over) return
      if (!more) {
        this.#sinkFull = true
        this.#startDeadline()
        return
      }
    }
    this.#turn.end(true)
    if (this.#ending === undefined) return
    // A reader that stalls now would hold the connection for ever: the heartbeat, which would find it, is over.
    this.#startDeadline()
    this.#sink.end()
  }

  #startDeadline(): void {
    this.#deadline = setTimeout(() => this.#abandon({ reason: 'stalled', reconnect: true }), this.#settings.writeTimeout)
  }

  /** Resolves true when the sink can take more, false when the stream is over. */
  #room(): Promise<boolean> {
    if (this.#over) return Promise.resolve(false)
    // Also where nothing was written (half a character of raw text): what waits for room is told by the flush.
    this.#flushSoon()
    return this.#turn.wait()
  }

  #finish(close: Close): void {
    if (this.#over) return
    this.#ending = close
    this.#stopHeartbeat()
    // The last write may have been flushed already; the end must follow it all the same.
    this.#flushSoon()
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
    clearTimeout(this.#deadline)
    this.#outbox.clear()
    this.#turn.end(false)
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
