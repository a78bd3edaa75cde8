/** What one server did in one round of one case. */
export interface Measurement {
  /** The server's name. */
  readonly server: string
  /** What was asked of it, in words. */
  readonly case: string
  /** From 1 on. */
  readonly round: number
  readonly figures: Figures
}

/** A delivery is one event at one stream. Each was checked: that it came once, in order, and as it was sent. */
export interface Figures {
  readonly deliveries: number
  /** CPU time of the server's whole process for each delivery, in microseconds. */
  readonly cpu: number
  readonly user: number
  readonly system: number
  /** From before the publish until the reader's process has it, in milliseconds. */
  readonly p50: number
  readonly p99: number
  readonly p999: number
  /** What each open stream adds to the server's resident memory before anything is sent, in bytes. */
  readonly rss: number
  /** Of it, what is in use on JavaScript's heap; the rest is native, or room that the collector keeps. */
  readonly heap: number
  /** On the wire for each delivery, HTTP's chunks and comments included. */
  readonly bytes: number
  /** The part of one core that each process took. Near 1 it could not keep up, and latencies say how long the queue was. */
  readonly serverLoad: number
  readonly readersLoad: number
}
