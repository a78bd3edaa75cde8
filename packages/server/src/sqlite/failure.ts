/** What can go wrong with a file. Each is an error of its own on the main thread's side. */
export type FailureKind = 'busy' | 'full' | 'read_only' | 'foreign' | 'version' | 'path' | 'replaced' | 'damaged' | 'failed'

/** A failure on its way between threads: an error's class does not survive it. */
export interface Failure {
  readonly kind: FailureKind
  /** In the words of who noticed it. No event's data is in it. */
  readonly detail: string
}

/** A failure that SQLite has no code for. */
export class StoreFailure extends Error {
  readonly kind: FailureKind
  constructor(kind: FailureKind, detail: string) {
    super(detail)
    this.kind = kind
  }
}

/** SQLite's primary result codes; the rest of a code says more closely which. */
const kinds: ReadonlyMap<number, FailureKind> = new Map([
  [3, 'path'],
  [5, 'busy'],
  [6, 'busy'],
  [8, 'read_only'],
  [11, 'damaged'],
  [13, 'full'],
  [14, 'path'],
  // Several connections raced for the log's locks.
  [15, 'busy'],
  [26, 'foreign'],
])

/** SQLITE_IOERR_SHMSIZE: the log's index cannot grow, for want of room. */
const noRoomForTheIndex = 4_874

export function failureOf(error: unknown): Failure {
  if (error instanceof StoreFailure) return { kind: error.kind, detail: error.message }
  const detail = error instanceof Error ? error.message : String(error)
  const code = error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : 0
  return { kind: code === noRoomForTheIndex ? 'full' : (kinds.get(code & 0xff) ?? 'failed'), detail }
}
