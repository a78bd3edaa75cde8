import { type EventUnion, encode, FieldError, isText } from '@sse/schema'
import {
  type Control,
  controlKey,
  controlMessage,
  type ErrorControl,
  endId,
  format,
  formatComment,
  type GapReason,
  protocolVersion,
  reservedPrefix,
} from '@sse/schema/wire'
import type { Close } from './close.js'
import { EventTooLargeError, OverflowError, ReaderError, StreamEndedError } from './errors.js'
import { startHeartbeat } from './heartbeat.js'
import { type ErrorContext, logError, type Settings } from './options.js'
import { Outbox } from './outbox.js'
import type { Sink } from './sink.js'
import { pump, type Source } from './source.js'
import { utf8Length } from './utf8.js'

/** An event as `send` takes it. Its id, if it has one, is where a reader that reconnects will say it was. */
export type Outgoing<Payloads> = EventUnion<Payloads> & { readonly id?: string | undefined }

/** The server's side of one open response. */
export interface Stream<Payloads extends object = Record<string, unknown>> {
  /**
   * Checks, encodes and sends one event. Resolves true when the stream can take more, which is the time to send the next
   * one, and false once the reader has left (then nothing was sent). A reader that leaves is not an error.
   *
   * Sends that nobody awaits wait in the outbox, up to its bound.
   *
   * @throws (rejects) UnknownTypeError, ValidationError, NameError (a type that the protocol cannot carry), SchemaError (data
   * that is no JSON), EventTooLargeError, FieldError (an id with CR, LF or NUL, or one that begins with `sse.`): the stream
   * stays usable. StreamEndedError after the application's own `end` or `close`.
   */
  send(event: Outgoing<Payloads>): Promise<boolean>
  /**
   * Sends every item, taking the next one only when the stream can take more. Null and undefined items are skipped. When
   * the reader leaves, the source's iterator is returned. Resolves true at the source's end, false if the reader left.
   *
   * @throws (rejects) what the source throws, and what `send` throws.
   */
  sendAll<T>(source: Source<T>, map: (item: NonNullable<T>) => Outgoing<Payloads> | null | undefined): Promise<boolean>
  sendAll(source: Source<Outgoing<Payloads> | null | undefined>): Promise<boolean>
  /**
   * Ends the stream for good, after one last event if there is one: the reader does not come back. Resolves when all was
   * handed to the connection, or the reader left. Ending twice is ending once.
   *
   * @throws (rejects) as `send` does, for the event.
   */
  end(event?: Outgoing<Payloads>): Promise<void>
  /** Closes the stream for now: the reader comes back after `retry` milliseconds (its own delay without it) and resumes. */
  close(options?: { readonly retry?: number | undefined }): Promise<void>
  /**
   * Says that events are missing after the reader's position and will not come: its `onGap` fetches the state anew, and what
   * is sent next waits for that. For a producer that cannot go on from `lastEventId`.
   *
   * @param reason `trimmed`: they were kept no longer (the default); `reset`: the history began anew.
   * @throws (rejects) StreamEndedError
   */
  gap(reason?: GapReason): Promise<boolean>
  /** Sends a comment, which readers ignore and wire inspectors show. Resolves as `send` does. */
  comment(text: string): Promise<boolean>
  /**
   * Sends wire text as it is, unchecked: the caller answers for its format, and for ids and types that others chose. It
   * cannot forge the protocol's own messages. An unfinished message at its end is finished off when the stream itself
   * writes next, so give whole messages. Bytes may be cut anywhere, also within a character.
   *
   * @throws (rejects) StreamEndedError
   */
  writeRaw(chunk: string | Uint8Array): Promise<boolean>
  /** Aborts when the stream is over, for whatever reason. Hand it to whatever the producer waits for. */
  readonly signal: AbortSignal
  /** Where the reader was, from `Last-Event-ID` or the query; undefined for a new reader. It comes from outside: check it. */
  readonly lastEventId: string | undefined
  /** Resolves when the stream is over, with the reason. Never rejects. */
  readonly closed: Promise<Close>
}

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
  #settle: (close: Close) => void = () => {}
  #stopHeartbeat: () => void = () => {}
  #deadline: ReturnType<typeof setTimeout> | undefined
  /** What the application asked for; the stream is over only when its last bytes are. */
  #ending: Close | undefined
  #over = false
  #sinkFull = false
  #flushing = false
  /** Shared by every send of one turn: one promise, one flush, one write. */
  #turn: { readonly promise: Promise<boolean>; readonly resolve: (more: boolean) => void } | undefined
  /** The last characters of raw text, to see whether it ended its message; empty after the stream's own frames. */
  #rawTail = ''

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
    this.#stopHeartbeat = startHeartbeat(heartbeat, () => {
      // Behind a full socket a heartbeat would only grow the outbox; inside a raw message it would break it.
      if (this.#outbox.isEmpty && !this.#sinkFull && !this.#isMidMessage) this.#push(formatComment(''))
    })
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
    return this.#accept(() => this.#frame(event))
  }

  sendAll<T>(source: Source<T>, map?: (item: NonNullable<T>) => Outgoing<Payloads> | null | undefined): Promise<boolean>
  sendAll(source: Source<Outgoing<Payloads>>, map?: (item: Outgoing<Payloads>) => Outgoing<Payloads> | null | undefined): Promise<boolean> {
    if (this.#isEndedByApplication) return Promise.reject(new StreamEndedError())
    return pump(source, this.signal, async (item) => {
      // Ended from elsewhere, by a drain for one: that is no misuse of whoever is sending.
      if (this.#isEnding) return false
      const event = map === undefined ? item : map(item)
      return event === null || event === undefined || this.send(event)
    })
  }

  async end(event?: Outgoing<Payloads>): Promise<void> {
    if (event !== undefined) await this.send(event)
    if (!this.#isEnding) {
      this.#control({ type: 'sse.end', reason: 'ended' }, endId)
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
    return this.#accept(() => formatComment(text))
  }

  writeRaw(chunk: string | Uint8Array): Promise<boolean> {
    return this.#accept(() => (typeof chunk === 'string' ? chunk : this.#rawDecoder.decode(chunk, { stream: true })), 'raw')
  }

  /** The producer threw: tells the reader as much as is fit for it, `onError` all of it, and closes. */
  async fail(error: unknown): Promise<void> {
    // What the producer throws because its reader left is the disconnect itself.
    if (this.#over && isAbort(error, this.signal)) return
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

  get #isMidMessage(): boolean {
    return this.#rawTail !== '' && !/(?:\r\n|\r(?!\n)|\n)(?:\r\n|\r|\n)$/.test(this.#rawTail)
  }

  #frame({ type, data, id }: { readonly type: string; readonly data: unknown; readonly id?: string | undefined }): string {
    if (id?.startsWith(reservedPrefix)) throw new FieldError('id', `begins with "${reservedPrefix}", which the protocol keeps for itself`)
    const frame = format({ ...encode(this.#settings.events, { type, data }), id })
    const limit = this.#settings.maxEventBytes
    // A character is 3 bytes at most, so most frames need no counting.
    if (frame.length * 3 > limit) {
      const bytes = utf8Length(frame)
      if (bytes > limit) throw new EventTooLargeError(type, bytes, limit)
    }
    return frame
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
    const text = raw === undefined && this.#isMidMessage ? `\n\n${frame}` : frame
    this.#rawTail = raw === undefined ? '' : (this.#rawTail + frame).slice(-4)
    const bytes = utf8Length(text)
    if (!this.#outbox.push(text, bytes)) {
      const error = new OverflowError(this.#outbox.bytes + bytes)
      this.#report(error)
      this.#abandon({ reason: 'overflow', reconnect: true, error })
      return
    }
    this.#flushSoon()
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
    this.#endTurn(true)
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
    if (this.#turn === undefined) {
      let settle: (more: boolean) => void = () => {}
      const promise = new Promise<boolean>((resolve) => {
        settle = resolve
      })
      this.#turn = { promise, resolve: settle }
    }
    return this.#turn.promise
  }

  #endTurn(more: boolean): void {
    const turn = this.#turn
    this.#turn = undefined
    turn?.resolve(more)
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
    this.#endTurn(false)
    this.#abort.abort()
    this.#settle(close)
    try {
      this.#settings.onClose(close)
    } catch (error) {
      this.#report(error)
    }
  }

  /** What a callback throws must neither keep the stream open nor take the process down. */
  #report(error: unknown): void {
    try {
      this.#settings.onError(error, this.#context)
    } catch (thrown) {
      logError(thrown, this.#context)
    }
  }
}

function failure(error: unknown): ErrorControl {
  if (error instanceof ReaderError) return { type: 'sse.error', code: error.code, message: error.message, retry: error.retry }
  // Its text may hold paths, queries, secrets; the reader gets none of it.
  return { type: 'sse.error', code: 'internal', message: 'The server failed to go on with this stream.', retry: true }
}

function isAbort(error: unknown, signal: AbortSignal): boolean {
  return error === signal.reason || (error instanceof Error && (error.name === 'AbortError' || error.cause === signal.reason))
}
