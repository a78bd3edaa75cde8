import { SseError } from '@sse/schema'

/** Something was sent after the application itself ended or closed the stream. */
export class StreamEndedError extends SseError {
  readonly code = 'stream_ended'
  constructor() {
    super('this stream was ended by the application: send before end() or close(), or open another stream')
  }
}

/** The response already carries a stream. */
export class AlreadyOpenError extends SseError {
  readonly code = 'already_open'
  constructor() {
    super('this response already carries a stream: open one stream for each response, and send to it from everywhere')
  }
}

/** The response was begun by somebody else, so it cannot become a stream any more. */
export class HeadersSentError extends SseError {
  readonly code = 'headers_sent'
  constructor() {
    super('the headers of this response were already sent: open the stream before anything is written to the response')
  }
}

/** One event is larger than a stream takes. The stream stays usable. */
export class EventTooLargeError extends SseError {
  readonly code = 'event_too_large'
  constructor(
    readonly type: string,
    readonly bytes: number,
    readonly limit: number,
  ) {
    super(`event ${JSON.stringify(type)} takes ${bytes} bytes, over the limit of ${limit}: send a link instead, or raise maxEventBytes`)
  }
}

/** A stream's outbox ran over its bound and the stream was closed; the reader comes back and resumes. */
export class OverflowError extends SseError {
  readonly code = 'outbox_overflow'
  constructor(readonly bytes: number) {
    super(
      `the reader is slower than its events: ${bytes} bytes were waiting. Await send(), which paces the producer, or raise the outbox's bound`,
    )
  }
}

/** The options of a stream contradict themselves, or hold a value that makes no sense. */
export class OptionError extends SseError {
  readonly code = 'invalid_option'
  constructor(
    readonly option: string,
    problem: string,
  ) {
    super(`option ${option} ${problem}`)
  }
}

/** A stream was handed what its method does not take. The stream stays usable. */
export class ArgumentError extends SseError {
  readonly code = 'invalid_argument'
  constructor(
    readonly argument: string,
    problem: string,
  ) {
    super(`${argument} ${problem}`)
  }
}

/**
 * Throw it in a producer to tell the reader something: code and message go out as they are. Of every other error the
 * reader learns only that the server failed.
 */
export class ReaderError extends SseError {
  readonly code: string
  /** Whether coming back may help. */
  readonly retry: boolean
  /**
   * @param code short and stable, for the reader's program.
   * @param message fit for a person.
   * @param options.retry whether coming back may help; default false: the reader stops for good.
   */
  constructor(code: string, message: string, options: { readonly retry?: boolean | undefined } = {}) {
    super(message)
    this.code = code
    this.retry = options.retry ?? false
  }
}

/** An event was published to a topic that has ended. It was not stored. */
export class TopicEndedError extends SseError {
  readonly code = 'topic_ended'
  constructor(readonly topic: string) {
    super(`topic ${JSON.stringify(topic)} has ended: publish before hub.end(), or to another topic`)
  }
}
