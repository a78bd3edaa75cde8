/** What a stream writes to: a socket's response, or the controller of a ReadableStream. Each adapter makes one. */
export interface Sink {
  /**
   * Takes text. False: it was taken, and no more should come until the adapter calls the stream's `drained`. Never throws:
   * once the reader has left it does nothing.
   */
  write(text: string): boolean
  /** Sends what it has taken, then ends the response. The adapter calls the stream's `left` when that is through. */
  end(): void
  /** Drops what it has taken and resets the connection, so that the reader sees a failure and not an end. */
  destroy(): void
}
