import type { EventUnion } from '@sse/schema'
import type { GapReason } from '@sse/schema/wire'
import type { Close } from './close.js'
import type { Source } from './source.js'

/** An event as `send` takes it. Its id, if it has one, is where a reader that reconnects will say it was. */
export type Outgoing<Payloads, Type extends keyof Payloads = keyof Payloads> = EventUnion<Payloads, Type> & {
  readonly id?: string | undefined
}

/** The server's side of one open response. */
export interface Stream<Payloads extends object = Record<string, unknown>> {
  /**
   * Checks, encodes and sends one event. Resolves true when the stream can take more, which is the time to send the next
   * one, and false once the reader has left (then nothing was sent). A reader that leaves is not an error.
   *
   * Sends that nobody awaits wait in the outbox, up to its bound.
   *
   * @throws (rejects) UnknownTypeError, ValidationError, NameError (a type that the protocol cannot carry), SchemaError (data
   * that is no JSON), EventTooLargeError, FieldError (an id that is no string, has CR, LF or NUL, or begins with `sse.`),
   * ArgumentError (what is no event): the stream stays usable. StreamEndedError after the application's own `end` or `close`.
   */
  send<Type extends keyof Payloads & string>(event: { readonly type: Type } & Outgoing<Payloads, Type>): Promise<boolean>
  /**
   * Sends every item, taking the next one only when the stream can take more. Null and undefined items are skipped. When
   * the reader leaves, the source's iterator is returned. Resolves true at the source's end, false if the reader left.
   *
   * @throws (rejects) what the source throws, what `send` throws, and ArgumentError for a source that cannot be iterated.
   */
  sendAll<T>(source: Source<T>, map: (item: NonNullable<T>) => Outgoing<Payloads> | null | undefined): Promise<boolean>
  sendAll(source: Source<Outgoing<Payloads> | null | undefined>): Promise<boolean>
  /**
   * Ends the stream for good, after one last event if there is one: the reader does not come back. Resolves when all was
   * handed to the connection, or the reader left. Ending twice is ending once. Whatever is sent after this call is rejected,
   * awaited or not.
   *
   * @throws (rejects) as `send` does, for the event; then the stream was not ended.
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
  /**
   * Sends a comment, which readers ignore and wire inspectors show. Resolves as `send` does.
   *
   * @throws (rejects) StreamEndedError, ArgumentError
   */
  comment(text: string): Promise<boolean>
  /**
   * Sends wire text as it is, unchecked: the caller answers for its format, and for ids and types that others chose. It
   * cannot forge the protocol's own messages. An unfinished message at its end is finished off when the stream itself
   * writes next, so give whole messages. Bytes may be cut anywhere, also within a character.
   *
   * @throws (rejects) StreamEndedError, ArgumentError
   */
  writeRaw(chunk: string | Uint8Array): Promise<boolean>
  /** Aborts when the stream is over, for whatever reason. Hand it to whatever the producer waits for. */
  readonly signal: AbortSignal
  /** Where the reader was, from `Last-Event-ID` or the query; undefined for a new reader. It comes from outside: check it. */
  readonly lastEventId: string | undefined
  /** Resolves when the stream is over, with the reason. Never rejects. */
  readonly closed: Promise<Close>
}
