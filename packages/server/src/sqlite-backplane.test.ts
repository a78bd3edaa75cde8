import { copyFile, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, describe, expect, test } from 'vitest'
import type { Backplane } from './backplane.js'
import { all, dataOf, event } from './backplane-conformance/harness.js'
import { record } from './backplane-conformance/recorder.js'
import { backplaneConformance, type ConformanceOptions, type ConformanceShard } from './backplane-conformance.js'
import { type SqliteBackplaneOptions, sqliteBackplane } from './sqlite-backplane.js'
import { inDirectory } from './testing/temporary-directory.js'

const opened: Backplane[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((backplane) => backplane.close()))
})

/** Closed after the test, if not before. */
function open(path: string, options: Partial<SqliteBackplaneOptions> = {}): Backplane {
  const backplane = sqliteBackplane({ ...options, path })
  opened.push(backplane)
  return backplane
}

describe('a SQLite backplane does what every backplane does', () => {
  const shardOf = (path: string, options: ConformanceOptions, close: () => Promise<void>): ConformanceShard => {
    const nodes: Backplane[] = []
    const node = (): Backplane => {
      const backplane = sqliteBackplane({ ...options, path })
      nodes.push(backplane)
      return backplane
    }
    const closeAll = async (): Promise<void> => void (await Promise.all(nodes.splice(0).map((backplane) => backplane.close())))
    return {
      backplane: node(),
      join: async () => node(),
      restart: async () => {
        await closeAll()
        return node()
      },
      close: async () => {
        await closeAll()
        await close()
      },
    }
  }
  const conformance = backplaneConformance({
    shared: true,
    restart: 'keeps',
    open: async (options) => {
      const directory = await mkdtemp(join(tmpdir(), 'sse-'))
      return shardOf(join(directory, 'history.db'), options, () => rm(directory, { recursive: true }))
    },
  })
  test.each(conformance)('$name', ({ run }) => run())
})

describe('a SQLite backplane', () => {
  test('has announced an append before it resolves', async () => {
    await inDirectory(async (path) => {
      const backplane = open(path)
      const recorder = record(backplane)
      await recorder.link.watch(['a'])
      for (let count = 1; count <= 20; count++) {
        await backplane.append(event('a', `${count}`))
        expect(recorder.entries).toHaveLength(count)
      }
    })
  })

  test('says of an operation after close that it was closed; closing twice is closing once', async () => {
    await inDirectory(async (path) => {
      const backplane = open(path)
      const append = backplane.append(event('a'))
      await Promise.all([backplane.close(), backplane.close()])
      expect((await append).position).toBe(1)
      await expect(backplane.append(event('a'))).rejects.toMatchObject({ code: 'backplane_closed' })
      await expect(backplane.state([], 0)).rejects.toMatchObject({ code: 'backplane_closed' })
      await backplane.close()
    })
  })

  test('tells a link that it was interrupted where entries were gone before they could be announced, then what came after', async () => {
    await inDirectory(async (path) => {
      const fast = open(path, { retain: { events: 1 } })
      // It looks only when it appends itself.
      const slow = open(path, { pollInterval: 1_000_000 })
      const recorder = record(slow)
      await recorder.link.watch(['a'])
      await Promise.all(Array.from({ length: 1_500 }, (_, number) => fast.append(event('a', `${number}`))))
      expect(recorder.interruptions()).toBe(0)
      const { position } = await slow.append(event('a', 'last'))
      await recorder.until(position)
      expect([recorder.interruptions(), recorder.entries.at(-1)?.data]).toEqual([1, 'last'])
    })
  })

  test.each([
    ['path', {}],
    ['path', { path: 5 }],
    ['path', { path: '' }],
    ['pollIntervall', { path: 'history.db', pollIntervall: 5 }],
    ['lockTimeout', { path: 'history.db', lockTimeout: '5' }],
    ['retain.minutes', { path: 'history.db', retain: { minutes: 5 } }],
    ['path', { path: ':memory:' }],
    ['path', { path: 'a\0b' }],
    ['pollInterval', { path: 'history.db', pollInterval: 0 }],
    ['lockTimeout', { path: 'history.db', lockTimeout: -1 }],
    ['maxTopics', { path: 'history.db', maxTopics: 0 }],
    ['rememberTopics', { path: 'history.db', rememberTopics: Number.NaN }],
    ['rememberKeys', { path: 'history.db', rememberKeys: -1 }],
    ['retain.bytes', { path: 'history.db', retain: { bytes: -1 } }],
  ])('names the option %s where it makes no sense: %o', (option, options) => {
    expect(() => Reflect.apply(sqliteBackplane, undefined, [options])).toThrow(expect.objectContaining({ code: 'invalid_option', option }))
  })

  test.each([undefined, 'history.db'])('takes options, and not %s', (options) => {
    expect(() => Reflect.apply(sqliteBackplane, undefined, [options])).toThrow(/^options is .*: it takes \{ path, retain,/)
  })
})

describe('a copy that is put in the place of the file', () => {
  test('begins a new epoch, and vouches for what it holds', async () => {
    await inDirectory(async (path) => {
      const first = open(path)
      await first.append(event('a', 'one'))
      await first.append(event('a', 'two'))
      const { epoch } = await first.state([], 0)
      await first.close()
      await copyFile(path, `${path}.copy`)
      const second = open(path)
      await second.append(event('a', 'lost'))
      expect((await second.state([], 0)).epoch).toBe(epoch)
      await second.close()
      await rm(path)
      await copyFile(`${path}.copy`, path)
      const third = open(path)
      const state = await third.state(['a'], 0)
      expect(state).toMatchObject({ position: 2, past: [{ epoch, end: 2 }], tails: [{ topic: 'a', position: 2 }] })
      expect(state.epoch).not.toBe(epoch)
      const appended = await third.append(event('a', 'three'))
      expect(appended).toMatchObject({ epoch: state.epoch, position: 3 })
      expect(dataOf(await all(third, 'a'))).toEqual(['one', 'two', 'three'])
      // It is known from here on.
      await third.close()
      expect((await open(path).state([], 0)).epoch).toBe(state.epoch)
    })
  })

  test('begins one new epoch, also where several open it at once', async () => {
    await inDirectory(async (path) => {
      const first = open(path)
      await first.append(event('a'))
      await first.close()
      await copyFile(path, `${path}.copy`)
      const states = await Promise.all([1, 2, 3].map(() => open(`${path}.copy`).state([], 0)))
      expect(new Set(states.map(({ epoch }) => epoch)).size).toBe(1)
      expect(states[0]?.past).toHaveLength(1)
    })
  })

  test('is answered with StorageReplacedError by whoever still has the old one open, and its links are interrupted', async () => {
    await inDirectory(async (path) => {
      const backplane = open(path)
      const recorder = record(backplane)
      await recorder.link.watch(['a'])
      await backplane.append(event('a', 'one'))
      await rename(path, `${path}.moved`)
      await expect(backplane.append(event('a', 'two'))).rejects.toMatchObject({ code: 'storage_replaced' })
      await expect(all(backplane, 'a')).rejects.toMatchObject({ code: 'storage_replaced' })
      await expect.poll(recorder.interruptions).toBe(1)
      await rename(`${path}.moved`, path)
      await recorder.until((await backplane.append(event('a', 'three'))).position)
      expect(dataOf(recorder.entries)).toEqual(['one', 'three'])
    })
  })

  test('with a counter below what was seen begins a new epoch in every process, and positions go on above it', async () => {
    await inDirectory(async (path) => {
      const nodes = [open(path), open(path)] as const
      const recorders = nodes.map(record)
      await Promise.all(recorders.map(({ link }) => link.watch(['a'])))
      for (const data of ['1', '2', '3']) await nodes[0].append(event('a', data))
      await Promise.all(recorders.map((recorder) => recorder.until(3)))
      const { epoch } = await nodes[1].state([], 0)
      const db = new DatabaseSync(path)
      db.exec('BEGIN; UPDATE shard SET position = 1; DELETE FROM entries WHERE position > 1; UPDATE topics SET tail = 1, kept = 1; COMMIT')
      db.close()
      await expect.poll(() => recorders.map(({ interruptions }) => interruptions())).toEqual([1, 1])
      const states = await Promise.all(nodes.map((node) => node.state([], 0)))
      expect(states[0]).toEqual(states[1])
      expect(states[0]).toMatchObject({ position: 3, past: [{ epoch, end: 1 }] })
      expect((await nodes[0].append(event('a', 'again'))).position).toBe(4)
    })
  })
})

describe('a file that cannot be used is left as it is, and the error says what to do', () => {
  async function expectFailure(path: string, code: string, words: RegExp): Promise<void> {
    const backplane = open(path)
    for (const operation of [() => backplane.append(event('a')), () => backplane.state([], 0), () => record(backplane).link.watch(['a'])]) {
      const error = await operation().catch((reason: unknown) => reason)
      expect(error).toMatchObject({ code, path, message: expect.stringMatching(words) })
      expect(error).toMatchObject({ message: expect.stringContaining(path) })
    }
    await backplane.close()
  }

  test('a directory that does not exist', async () => {
    await inDirectory((path) => expectFailure(join(dirname(path), 'nowhere', 'history.db'), 'storage_path', /directory that exists/))
  })

  test('a directory', async () => {
    await inDirectory((path) => expectFailure(dirname(path), 'storage_path', /Name a file/))
  })

  test('a file that is no database', async () => {
    await inDirectory(async (path) => {
      const text = 'These are notes, and no database. '.repeat(100)
      await writeFile(path, text)
      await expectFailure(path, 'storage_foreign', /a path of its own/)
      expect(await readFile(path, 'utf8')).toBe(text)
    })
  })

  test("another application's database", async () => {
    await inDirectory(async (path) => {
      const db = new DatabaseSync(path)
      db.exec('CREATE TABLE entries (secret TEXT)')
      db.close()
      const before = await readFile(path)
      await expectFailure(path, 'storage_foreign', /another application/)
      expect(await readFile(path)).toEqual(before)
    })
  })

  test('a file of another version', async () => {
    await inDirectory(async (path) => {
      const first = open(path)
      await first.append(event('a'))
      await first.close()
      const db = new DatabaseSync(path)
      db.exec('PRAGMA user_version = 99')
      db.close()
      await expectFailure(path, 'storage_version', /version 99, and this release knows 1/)
    })
  })

  test('is used once it can be', async () => {
    await inDirectory(async (path) => {
      const directory = join(dirname(path), 'later')
      const backplane = open(join(directory, 'history.db'))
      await expect(backplane.append(event('a'))).rejects.toMatchObject({ code: 'storage_path' })
      await mkdir(directory)
      expect((await backplane.append(event('a'))).position).toBe(1)
    })
  })
})
