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

/** A private event on a hub's stream came with an id, and was not sent; or one had come before, and the stream was not subscribed. */
export class HubStreamIdError extends SseError {
  readonly code = 'id_on_hub_stream'
  constructor() {
    super("event.id: on a hub's stream ids are the hub's positions, and another one would make the reader lose its place: leave it out")
  }
}

/** A second subscription on one stream. */
export class AlreadyFedError extends SseError {
  readonly code = 'already_subscribed'
  constructor() {
    super('this stream is subscribed already, and has one cursor for all its topics: give all of them to one hub.subscribe()')
  }
}

/** A method was handed what it does not take. It has done nothing; a stream stays usable. */
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

/** A topic is not of the contract that the hub was made with. */
export class ForeignTopicError extends SseError {
  readonly code = 'foreign_topic'
  constructor(readonly topic: string) {
    super(`topic ${JSON.stringify(topic)} is not of this hub's contract: make it with that contract, as contract.order({ orderId })`)
  }
}

/** An event was published to a topic that has ended. It was not stored. */
export class TopicEndedError extends SseError {
  readonly code = 'topic_ended'
  constructor(readonly topic: string) {
    super(`topic ${JSON.stringify(topic)} has ended: publish before hub.end(), or to another topic`)
  }
}

/** The hub was closed by the application. Nothing was stored. */
export class HubClosedError extends SseError {
  readonly code = 'hub_closed'
  constructor() {
    super('this hub was closed: close it after the last publish, or make another one')
  }
}

/** The backplane was closed by the application. */
export class BackplaneClosedError extends SseError {
  readonly code = 'backplane_closed'
  constructor() {
    super('this backplane was closed: close it after the last publish, or open another one')
  }
}

/** This runtime has no SQLite. */
export class StorageUnavailableError extends SseError {
  readonly code = 'storage_unavailable'
  /** @param runtime its name and version. */
  constructor(readonly runtime: string) {
    super(`${runtime} has no node:sqlite: take Node 22.13 or later, or another backplane, as memoryBackplane()`)
  }
}

/** Another process holds the file's lock, for longer than `lockTimeout`. Nothing was stored; trying again may help. */
export class StorageBusyError extends SseError {
  readonly code = 'storage_busy'
  constructor(
    readonly path: string,
    problem: string,
  ) {
    super(`${path}: ${problem}. Look for a process that is stopped, or for a long transaction; or raise lockTimeout`)
  }
}

/** The disk, or a quota, has no room. Nothing was stored; what was before can be read. */
export class StorageFullError extends SseError {
  readonly code = 'storage_full'
  constructor(
    readonly path: string,
    problem: string,
  ) {
    super(`${path}: ${problem}. Make room on the disk, or retain less`)
  }
}

/** The file, or what it lies on, must not be written. */
export class StorageReadOnlyError extends SseError {
  readonly code = 'storage_read_only'
  constructor(
    readonly path: string,
    problem: string,
  ) {
    super(`${path}: ${problem}. Let this process's user write the file and its directory`)
  }
}

/** The file is no database, or another application's. It was left as it is. */
export class StorageForeignError extends SseError {
  readonly code = 'storage_foreign'
  constructor(
    readonly path: string,
    problem: string,
  ) {
    super(`${path}: ${problem}. Give the backplane a path of its own`)
  }
}

/** The file was made by another version of this package. It was left as it is. */
export class StorageVersionError extends SseError {
  readonly code = 'storage_version'
  constructor(
    readonly path: string,
    problem: string,
  ) {
    super(`${path}: ${problem}. Use the release that made it, or begin with a new file: readers are then told a gap`)
  }
}

/** There is no such directory, it is not accessible, or it is on a file system that will not do. */
export class StoragePathError extends SseError {
  readonly code = 'storage_path'
  constructor(
    readonly path: string,
    problem: string,
  ) {
    super(`${path}: ${problem}. Name a file in a directory that exists, that this process may write, on a local disk`)
  }
}

/** The file was moved, deleted or replaced while it was in use. Nothing was stored. */
export class StorageReplacedError extends SseError {
  readonly code = 'storage_replaced'
  constructor(
    readonly path: string,
    problem: string,
  ) {
    super(
      `${path}: ${problem}. Stop all processes that use it, remove what it left as ${path}-wal and ${path}-shm if it is a copy, and start them`,
    )
  }
}

/** The file's content contradicts itself. */
export class StorageDamagedError extends SseError {
  readonly code = 'storage_damaged'
  constructor(
    readonly path: string,
    problem: string,
  ) {
    super(`${path}: ${problem}. Put a backup in its place, or begin with a new file: readers are then told a gap`)
  }
}

/** The storage failed in another way. Whether an append that was under way is stored, a repetition with the same key tells. */
export class StorageFailedError extends SseError {
  readonly code = 'storage_failed'
  constructor(
    readonly path: string,
    problem: string,
  ) {
    super(`${path}: ${problem}`)
  }
}
