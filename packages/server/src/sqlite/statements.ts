import type { DatabaseSync, StatementSync } from 'node:sqlite'

// An empty array of bytes may be bound as NULL, hence the `coalesce`.
const sql = {
  begin: 'BEGIN',
  beginImmediate: 'BEGIN IMMEDIATE',
  commit: 'COMMIT',
  version: 'PRAGMA data_version',

  shard: 'SELECT epoch, position, floor, topics FROM shard',
  saveShard: 'UPDATE shard SET position = ?, floor = ?, topics = ?',
  past: 'SELECT epoch, "end" FROM past ORDER BY id',

  topic: 'SELECT * FROM topics WHERE name = ?',
  addTopic: 'INSERT INTO topics VALUES (NULL, ?, ?, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL, 0)',
  saveTopic: `UPDATE topics SET subtree = ?, tail = ?, ended = ?, touched = ?, first = ?, kept = ?, bytes = ?,
    most_events = ?, most_milliseconds = ?, most_bytes = ?, due = ? WHERE id = ?`,
  dropTopic: 'DELETE FROM topics WHERE id = ?',
  longestIdle: 'SELECT * FROM topics ORDER BY tail LIMIT 1',
  tail: 'SELECT name, tail, ended FROM topics WHERE name = ?',
  tailsOfSubtree: 'SELECT name, tail, ended FROM topics WHERE subtree = ? AND tail > ?',
  topicsAbove: 'SELECT id, name, subtree FROM topics WHERE tail > ?',
  due: 'SELECT * FROM topics WHERE due <= ? LIMIT ?',
  anyDue: 'SELECT 1 FROM topics WHERE due <= ? LIMIT 1',

  addEntry: `INSERT INTO entries (position, topic, previous, kind, time, bytes, epoch, type, data)
    VALUES (?, ?, ?, ?, ?, ?, ?, coalesce(?, x''), coalesce(?, x''))`,
  entry: 'SELECT epoch, position FROM entries WHERE position = ?',
  oldest: 'SELECT position, kind, time, bytes FROM entries WHERE topic = ? AND position >= ? ORDER BY position LIMIT 1',
  page: `SELECT * FROM entries WHERE topic = ? AND position >= ? AND position <= ? AND (time > ? OR kind = 1)
    ORDER BY position LIMIT ?`,
  stored: 'SELECT * FROM entries WHERE topic = ? AND position > ? ORDER BY position LIMIT ?',
  lastEvents: `SELECT position FROM entries WHERE topic = ? AND position >= ? AND time > ? AND kind = 0
    ORDER BY position DESC LIMIT 1 OFFSET ?`,
  firstEvent: 'SELECT position FROM entries WHERE topic = ? AND position >= ? AND time > ? AND kind = 0 ORDER BY position LIMIT 1',
  firstSince: `SELECT position FROM entries WHERE topic = ? AND position >= ? AND (time > ? OR kind = 1) AND time >= ?
    ORDER BY position LIMIT 1`,
  dropTrimmed: 'DELETE FROM entries WHERE topic = ? AND position <= ?',
  dropLingering: 'DELETE FROM entries WHERE topic = ? AND position < ? AND time <= ?',
  dropEntries: 'DELETE FROM entries WHERE topic = ?',

  key: "SELECT epoch, position FROM keys WHERE topic = ? AND key = coalesce(?, x'') AND time > ?",
  addKey: "INSERT OR REPLACE INTO keys (topic, key, epoch, position, time) VALUES (?, coalesce(?, x''), ?, ?, ?)",
  anyKey: 'SELECT 1 FROM keys WHERE time <= ? LIMIT 1',
  forgetKeys: 'DELETE FROM keys WHERE time <= ?',
  dropKeys: 'DELETE FROM keys WHERE id <= ?',
} as const

/** A statement by its name. */
export type Statements = (name: keyof typeof sql) => StatementSync

/** Each is prepared once, when it is first needed: preparing costs more than most of them do. */
export function statementsOf(db: DatabaseSync): Statements {
  const prepared = new Map<keyof typeof sql, StatementSync>()
  return (name) => {
    const known = prepared.get(name)
    if (known !== undefined) return known
    const statement = db.prepare(sql[name])
    prepared.set(name, statement)
    return statement
  }
}
