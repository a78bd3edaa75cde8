import type { Reading } from './session.js'

/** Where a reader is, over all connections. */
export interface Cursor {
  /** The last event ID: from where the server is asked to go on. */
  lastEventId: string
  /**
   * What is to be handed over of a message of a server of ours, in order.
   *
   * @throws ConnectionError to connect anew, from where the cursor then is.
   */
  check(reading: Reading): readonly Reading[]
}

/**
 * Makes the cursor of one subscription.
 *
 * @param name of the stream, for the words of an error.
 * @param lastEventId where the reader begins; empty at the server's beginning.
 */
export type CursorFactory = (name: string, lastEventId: string) => Cursor

/** Trusts the server: hands over what comes, as it comes. */
export function plainCursor(_name: string, lastEventId: string): Cursor {
  return { lastEventId, check: (reading) => [reading] }
}
