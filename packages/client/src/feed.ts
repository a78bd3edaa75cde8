import type { SubscriptionError } from './errors.js'
import type { Reading } from './session.js'
import type { Snapshot, StateReason } from './state.js'

/** Whom a feed reads for. */
export interface Reader {
  /** How many listen. While nobody does, nothing is read. */
  count(): number
  /** The names of event types known so far. */
  readonly types: ReadonlySet<string>
  /** Takes what was read. A promise for as long as it can take no more. */
  take(reading: Reading): Promise<unknown> | undefined
  onChange(snapshot: Snapshot): void
  /** Nothing more is to come, or no further attempt would mend the error: the reader closes it. */
  onOver(error?: SubscriptionError): void
}

/** Where a subscription's messages come from: a connection of its own, or its part of one that many share. */
export interface Feed {
  getSnapshot(): Snapshot
  /** Begins after that position; empty: where the server begins. Runs until it is closed. */
  run(position: string): Promise<void>
  /** Somebody began to listen, or nobody does any more. */
  listened(): void
  /** No connection until that promise; the state's reason says why. False where it could not resume, so that it goes on. */
  hold(why: 'hidden' | 'behind', until: Promise<unknown>): boolean
  /**
   * Tries at once what it waits for, though not before the server allows.
   *
   * @param isSuspect the way to the server has changed: a connection is not trusted any more.
   */
  probe(isSuspect: boolean): void
  /** False if it was closed already. */
  close(reason: StateReason, error: SubscriptionError | undefined): boolean
  /** Resolves when what the transport is doing is over. The application's own functions are not waited for. */
  settled(): Promise<unknown>
}
