/** Why a stream is over. */
export type CloseReason =
  /** The application ended it, or its producer was done. */
  | 'ended'
  /** The application closed it for now. */
  | 'closed'
  /** The producer threw. */
  | 'failed'
  /** The reader left, or its connection broke. */
  | 'left'
  /** The outbox ran over its bound. */
  | 'overflow'
  /** The reader took nothing for as long as `writeTimeout`. */
  | 'stalled'
  /** What the reader may see has run out, or was taken back: it comes back and is asked again. */
  | 'expired'
  | 'disconnected'
  /** The server goes away. */
  | 'drained'
  /** There was no place for it, and it could be told only on a stream. */
  | 'refused'
  /** Events came out of their order: the reader comes back and resumes before them. */
  | 'rewound'
  /** The request was answered without a stream: HEAD, OPTIONS, 405, or 204 to a reader that has seen the end. */
  | 'answered'

/** A close is data: the reason, and whether the reader was let go to come back. */
export interface Close {
  readonly reason: CloseReason
  readonly reconnect: boolean
  /** What the producer threw, or the overflow. */
  readonly error?: unknown
}
