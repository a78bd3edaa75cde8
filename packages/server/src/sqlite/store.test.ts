import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { dataOf, event } from '../backplane-conformance/harness.ts'
import type { HistoryLimits } from '../history.ts'
import { inDirectory } from '../testing/temporary-directory.ts'
import { failureOf } from './failure.ts'
import { openFile } from './schema.ts'
import { Store, type StoredAppend } from './store.ts'

const limits: HistoryLimits = { retain: { events: 5, milliseconds: 10_000, bytes: 1e9 }, tails: 60_000, topics: 1_000, keys: 1_000 }
const everything = { after: 0, upTo: Number.MAX_SAFE_INTEGER, limit: 1_000_000 }

function append(topic: string, data: string, now = 0): StoredAppend {
  const { retain: _, ...rest } = event(topic, data)
  return { ...rest, bounds: undefined, now }
}

async function withStore(run: (store: Store, db: DatabaseSync) => void): Promise<void> {
  await inDirectory(async (path) => {
    const { db } = openFile(path)
    try {
      run(new Store(db, limits), db)
    } finally {
      db.close()
    }
  })
}

const countOf = (db: DatabaseSync, table: string): unknown => db.prepare(`SELECT count(*) AS count FROM ${table}`).get()?.['count']

describe('a store', () => {
  test('has stored nothing of a transaction that the disk has no room for, and goes on once there is', async () => {
    await withStore((store, db) => {
      store.append([append('a', 'before')])
      const before = store.state(['a', 'b'], 0)
      const pages = Number(db.prepare('PRAGMA page_count').get()?.['page_count'])
      db.exec(`PRAGMA max_page_count = ${pages + 10}`)
      const tooMuch = [append('b', 'small'), append('a', 'x'.repeat(1_000_000))]
      let failure: unknown
      try {
        store.append(tooMuch)
      } catch (error) {
        failure = error
      }
      expect(failureOf(failure).kind).toBe('full')
      expect(store.state(['a', 'b'], 0)).toEqual(before)
      expect(dataOf(store.read('a', everything, 0))).toEqual(['before'])
      db.exec('PRAGMA max_page_count = 100000')
      expect(store.append(tooMuch).after.position).toBe(3)
    })
  })

  test('leaves entries over their retention to other processes for a while, and gives them back with the next thousand', async () => {
    await withStore((store, db) => {
      store.append(Array.from({ length: 3_000 }, (_, number) => append('a', `${number}`)))
      expect(store.read('a', everything, 0)).toHaveLength(5)
      expect(countOf(db, 'entries')).toBe(1_000)
    })
  })

  test('gives them back in a sweep, too', async () => {
    await withStore((store, db) => {
      store.append(Array.from({ length: 100 }, (_, number) => append('a', `${number}`)))
      expect([store.sweep(500), countOf(db, 'entries')]).toEqual([false, 100])
      expect([store.sweep(1_000), countOf(db, 'entries')]).toEqual([false, 5])
      expect(dataOf(store.read('a', everything, 1_000))).toEqual(['95', '96', '97', '98', '99'])
    })
  })

  test('leaves nothing behind when everything has had its time', async () => {
    await withStore((store, db) => {
      store.append([{ ...append('a', 'one'), key: 'k' }, append('b', 'two')])
      // More than one step of a sweep.
      store.append(Array.from({ length: 700 }, (_, number) => append(`t${number}`, 'x')))
      while (store.sweep(60_000)) {}
      expect(['topics', 'entries', 'keys'].map((table) => countOf(db, table))).toEqual([0, 0, 0])
      expect(store.state([], 0)).toMatchObject({ position: 702, floor: 702 })
    })
  })

  test('does not let time go back within a topic, where processes have different clocks', async () => {
    await withStore((store) => {
      store.append([append('a', 'one', 9_000), append('a', 'two', 2_000)])
      expect(store.read('a', everything, 9_000).map(({ time }) => time)).toEqual([9_000, 9_000])
      expect(dataOf(store.read('a', everything, 18_999))).toEqual(['one', 'two'])
    })
  })

  test('tells what was missed: entries that were given back before they could be announced', async () => {
    await withStore((store) => {
      const start = store.mark()
      store.append(Array.from({ length: 1_500 }, (_, number) => append('a', `${number}`)))
      const news = store.news(start, (name) => name === 'a')
      expect([news.missed, news.announcements.length, news.mark.position]).toEqual([true, 1_000, 1_500])
      expect(store.news(start, (name) => name === 'b')).toMatchObject({ missed: false, announcements: [] })
      expect(store.news(news.mark, () => true)).toMatchObject({ missed: false, announcements: [] })
    })
  })

  test('tells what was missed: topics that were given back before they could be announced', async () => {
    await withStore((store) => {
      const start = store.mark()
      store.append([append('a', 'one')])
      store.sweep(100_000)
      expect(store.news(start, () => true)).toMatchObject({ missed: true, announcements: [] })
    })
  })

  test('announces nothing where it is so far behind that the history is the better source', async () => {
    await withStore((store) => {
      const start = store.mark()
      const bounds = { events: 1e6, milliseconds: 1e6, bytes: 1e6 }
      store.append(Array.from({ length: 11_000 }, (_, number) => ({ ...append(`${number % 5}`, ''), bounds })))
      expect(store.read('0', everything, 0)).toHaveLength(2_200)
      expect(store.news(start, () => true)).toMatchObject({ missed: true, announcements: [], mark: { position: 11_000 } })
    })
  })

  test('answers a copy that it takes for its own with a new epoch, once the counter is below what it has seen', async () => {
    await withStore((store, db) => {
      store.append([append('a', '1'), append('a', '2'), append('a', '3')])
      const { epoch } = store.mark()
      db.exec('UPDATE shard SET position = 1; DELETE FROM entries WHERE position > 1; UPDATE topics SET tail = 1, kept = 1')
      const state = store.state(['a'], 0)
      expect(state).toMatchObject({ position: 3, past: [{ epoch, end: 1 }], tails: [{ topic: 'a', position: 1 }] })
      expect(state.epoch).not.toBe(epoch)
      expect(store.append([append('a', 'new')]).outcomes).toMatchObject([
        { appended: { position: 4 }, announcement: { entry: { previous: 1 } } },
      ])
    })
  })
})

describe('SQL in a text is text', () => {
  const attempts = [
    `'; DROP TABLE entries; --`,
    `' OR '1'='1`,
    `x' UNION SELECT 1, 2, 3, 4, 5, 6, 7, 8, 9 --`,
    '?1',
    ':name',
    '$name',
    '"topics"',
    '[topics]',
    '\\',
    '%',
    `x'00'`,
    'NULL',
    '; PRAGMA user_version = 7',
    "a''b",
  ]

  test.each(attempts)('%j', async (sql) => {
    await withStore((store, db) => {
      store.append([append('other', 'kept')])
      const own = { ...append(sql, sql), type: sql, key: sql, subtree: `${sql}/*` }
      const [stored, again] = [store.append([own]), store.append([own])]
      expect([...stored.outcomes, ...again.outcomes]).toMatchObject([{ appended: { duplicate: false } }, { appended: { duplicate: true } }])
      expect(store.read(sql, everything, 0)).toMatchObject([{ topic: sql, type: sql, data: sql }])
      expect(store.state([`${sql}/*`], 0).tails).toMatchObject([{ topic: sql }])
      expect(store.locate(sql, { last: 1 }, 0)).toBe(1)
      expect(dataOf(store.read('other', everything, 0))).toEqual(['kept'])
      expect([countOf(db, 'topics'), countOf(db, 'entries'), countOf(db, 'keys')]).toEqual([2, 2, 1])
    })
  })
})

test.each([
  [5, 'busy'],
  [6, 'busy'],
  [261, 'busy'],
  [517, 'busy'],
  [8, 'read_only'],
  [1_032, 'read_only'],
  [11, 'damaged'],
  [13, 'full'],
  [4_874, 'full'],
  [14, 'path'],
  [26, 'foreign'],
  [10, 'failed'],
  [522, 'failed'],
])("SQLite's code %i is a failure of kind %s", (errcode, kind) => {
  expect(failureOf(Object.assign(new Error('disk I/O error'), { errcode }))).toEqual({ kind, detail: 'disk I/O error' })
})

test.each(['shard', 'past', 'topics', 'entries', 'keys'])('the table %s holds only the types that it declares', async (table) => {
  await withStore((_, db) => {
    expect(db.prepare('SELECT strict FROM pragma_table_list WHERE name = ?').get(table)).toEqual({ strict: 1 })
  })
})

test('a file opened at once by many is made once', async () => {
  await inDirectory(async (path) => {
    const opened = [openFile(path), openFile(path), openFile(path)]
    expect(new Set(opened.map(({ db }) => db.prepare('SELECT epoch FROM shard').get()?.['epoch'])).size).toBe(1)
    for (const { db } of opened) db.close()
    const raw = new DatabaseSync(path)
    expect(raw.prepare('SELECT count(*) AS past FROM past').get()).toEqual({ past: 0 })
    raw.close()
  })
})
