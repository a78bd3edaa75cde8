import { DatabaseSync } from 'node:sqlite'
import { newEpoch } from '../epoch.ts'
import { StoreFailure } from './failure.ts'
import { identityOf } from './identity.ts'
import { numberOf, type Row, textOf } from './row.ts'

/** 'sse1' in ASCII: the file says itself whose it is (`PRAGMA application_id`). */
const applicationId = 0x73_73_65_31
/** Of the tables below. Another one is not guessed at. */
const version = 1

const tables = `
  -- The one row that everything is counted by. It is read and written inside of one transaction, so that no two processes
  -- take one position.
  CREATE TABLE shard (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    epoch TEXT NOT NULL,
    position INTEGER NOT NULL,
    floor INTEGER NOT NULL,
    topics INTEGER NOT NULL,
    -- Which file this is. In a copy it is another's.
    identity TEXT NOT NULL
  ) STRICT;
  CREATE TABLE past (
    id INTEGER PRIMARY KEY,
    epoch TEXT NOT NULL,
    "end" INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE topics (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    subtree TEXT,
    tail INTEGER NOT NULL,
    ended INTEGER NOT NULL,
    -- When the last entry was appended.
    touched REAL NOT NULL,
    -- The first position that is retained. Entries below it wait for other processes to announce them.
    first INTEGER NOT NULL,
    kept INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    -- The bounds that an append asked for; without any, the backplane's default.
    most_events REAL,
    most_milliseconds REAL,
    most_bytes REAL,
    -- When a sweep finds something to give back here.
    due REAL NOT NULL
  ) STRICT;
  CREATE INDEX topics_by_subtree ON topics (subtree, tail);
  CREATE INDEX topics_by_tail ON topics (tail);
  CREATE INDEX topics_by_due ON topics (due);
  CREATE TABLE entries (
    position INTEGER PRIMARY KEY,
    topic INTEGER NOT NULL,
    previous INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    time REAL NOT NULL,
    bytes INTEGER NOT NULL,
    epoch TEXT NOT NULL,
    type BLOB NOT NULL,
    data BLOB NOT NULL
  ) STRICT;
  CREATE INDEX entries_by_topic ON entries (topic);
  CREATE TABLE keys (
    id INTEGER PRIMARY KEY,
    topic TEXT NOT NULL,
    key BLOB NOT NULL,
    epoch TEXT NOT NULL,
    position INTEGER NOT NULL,
    time REAL NOT NULL,
    UNIQUE (topic, key)
  ) STRICT;
  CREATE INDEX keys_by_time ON keys (time);
`

/** A file that is open, and which file it was when it was opened. */
export interface Opened {
  readonly db: DatabaseSync
  readonly identity: string
}

/**
 * Opens the file, and makes it where there is none. A file that is somebody else's is left as it is.
 *
 * @throws StoreFailure, or what SQLite fails with; the file is closed then.
 */
export function openFile(path: string): Opened {
  const db = new DatabaseSync(path)
  try {
    // Whoever waits for a lock inside of SQLite cannot read meanwhile: the worker waits between its attempts.
    db.exec('PRAGMA busy_timeout = 0')
    const isNew = within(db, 'BEGIN', () => checkOwner(db))
    if (textOf(first(db, 'PRAGMA journal_mode = WAL'), 'journal_mode') !== 'wal') {
      throw new StoreFailure('path', 'its file system cannot share memory between processes, which a write-ahead log takes')
    }
    // The position of an acknowledged event is out in the world. NORMAL may take it back when power fails, and give it to
    // another event within the same epoch, which no reader could notice.
    db.exec('PRAGMA synchronous = FULL')
    // What a burst, or a reader that stayed for long, has made of the log is given back.
    db.exec('PRAGMA journal_size_limit = 4194304')
    db.exec('PRAGMA cache_size = -8192')
    if (isNew) makeTables(db, path)
    const identity = identityOf(path)
    recognize(db, identity)
    return { db, identity }
  } catch (error) {
    db.close()
    throw error
  }
}

/** From here on nobody vouches for what was appended after `end`. Inside of a transaction. */
export function beginEpoch(db: DatabaseSync, before: { readonly epoch: string; readonly end: number }): string {
  const epoch = newEpoch()
  db.prepare('INSERT INTO past (epoch, "end") VALUES (?, ?)').run(before.epoch, before.end)
  db.exec('DELETE FROM past WHERE id <= (SELECT max(id) FROM past) - 100')
  db.prepare('UPDATE shard SET epoch = ?').run(epoch)
  return epoch
}

/**
 * Whether the file is empty. Inside of a transaction: between two looks another process may make the tables, and a file that
 * has tables and no owner would be somebody else's.
 */
function checkOwner(db: DatabaseSync): boolean {
  const owner = numberOf(first(db, 'PRAGMA application_id'), 'application_id')
  const written = numberOf(first(db, 'PRAGMA user_version'), 'user_version')
  const isEmpty = numberOf(first(db, 'SELECT count(*) AS count FROM sqlite_schema'), 'count') === 0
  if (isEmpty && owner === 0) return true
  if (owner !== applicationId) throw new StoreFailure('foreign', 'it is a database of another application')
  if (written !== version) throw new StoreFailure('version', `its tables are of version ${written}, and this release knows ${version}`)
  return false
}

function makeTables(db: DatabaseSync, path: string): void {
  within(db, 'BEGIN IMMEDIATE', () => {
    // Another process may have been quicker.
    if (!checkOwner(db)) return
    db.exec(tables)
    db.exec(`PRAGMA application_id = ${applicationId}`)
    db.exec(`PRAGMA user_version = ${version}`)
    db.prepare('INSERT INTO shard VALUES (1, ?, 0, 0, 0, ?)').run(newEpoch(), identityOf(path))
  })
}

/** A copy that was put in the place of the original knows nothing of what was appended since it was made. */
function recognize(db: DatabaseSync, identity: string): void {
  const isThisFile = (): boolean => textOf(first(db, 'SELECT identity FROM shard'), 'identity') === identity
  if (isThisFile()) return
  within(db, 'BEGIN IMMEDIATE', () => {
    if (isThisFile()) return
    const shard = first(db, 'SELECT epoch, position FROM shard')
    beginEpoch(db, { epoch: textOf(shard, 'epoch'), end: numberOf(shard, 'position') })
    db.prepare('UPDATE shard SET identity = ?').run(identity)
  })
}

function within<Result>(db: DatabaseSync, begin: 'BEGIN' | 'BEGIN IMMEDIATE', work: () => Result): Result {
  db.exec(begin)
  try {
    const result = work()
    db.exec('COMMIT')
    return result
  } catch (error) {
    rollBack(db)
    throw error
  }
}

/** SQLite itself has rolled back after some failures, and then says that there is nothing to roll back. */
export function rollBack(db: DatabaseSync): void {
  try {
    db.exec('ROLLBACK')
  } catch {}
}

function first(db: DatabaseSync, sql: string): Row {
  const row = db.prepare(sql).get()
  if (row === undefined) throw new StoreFailure('damaged', 'a row that every file has is missing')
  return row
}
