import { stat } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Backplane, Entry } from '../backplane.ts'
import { all, event } from '../backplane-conformance/harness.ts'
import { record } from '../backplane-conformance/recorder.ts'
import { sqliteBackplane } from '../sqlite-backplane.ts'
import type { Child } from '../testing/children.ts'
import { isPending } from '../testing/deferred.ts'
import { buildChildren, type Children } from '../testing/sqlite-children.ts'
import { inDirectory } from '../testing/temporary-directory.ts'

let children: Children
beforeAll(async () => {
  children = await buildChildren()
})
afterAll(() => children.remove())

/** Reads with its own backplane and closes it. */
async function reading<T>(path: string, read: (backplane: Backplane) => Promise<T>): Promise<T> {
  const backplane = sqliteBackplane({ path, retain: { events: 1_000_000 } })
  try {
    return await read(backplane)
  } finally {
    await backplane.close()
  }
}

function expectWholeChain(entries: readonly Entry[]): void {
  expect(entries.map(({ previous }) => previous)).toEqual([0, ...entries.slice(0, -1).map(({ position }) => position)])
}

const positionsOf = ({ lines }: Child): readonly number[] => lines.map(Number)

describe('a process that is killed in the middle of publishing', () => {
  test.each([1, 30, 200])('has lost nothing that was acknowledged, and left nothing half done (after %i)', async (count) => {
    await inDirectory(async (path) => {
      const child = children.start('publish', path, 'a', 1_000_000)
      await child.said(count)
      child.process.kill('SIGKILL')
      expect(await child.ended).toBe('SIGKILL')
      await reading(path, async (backplane) => {
        const entries = await all(backplane, 'a')
        const { position, tails } = await backplane.state(['a'], 0)
        const positions = new Set(entries.map((entry) => entry.position))
        expect(positionsOf(child).filter((acknowledged) => !positions.has(acknowledged))).toEqual([])
        expectWholeChain(entries)
        expect([tails[0]?.position, position]).toEqual([entries.at(-1)?.position, entries.at(-1)?.position])
        expect((await backplane.append(event('a'))).position).toBe(position + 1)
      })
    })
  })
})

test('four processes with 250 events each give 1,000 different positions and whole chains, announced to a fifth in order', async () => {
  await inDirectory(async (path) => {
    await reading(path, async (backplane) => {
      const recorder = record(backplane)
      await recorder.link.watch(['all'])
      const four = ['a', 'b', 'c', 'd'].map((topic) => children.start('publish', path, topic, 250))
      expect(await Promise.all(four.map(({ ended }) => ended))).toEqual([0, 0, 0, 0])
      expect(new Set(four.flatMap(positionsOf)).size).toBe(1_000)
      for (const topic of ['a', 'b', 'c', 'd']) {
        const entries = await all(backplane, topic)
        expect(entries).toHaveLength(250)
        expectWholeChain(entries)
      }
      await recorder.until(1_000)
      expect(recorder.entries.map(({ position }) => position)).toEqual(Array.from({ length: 1_000 }, (_, index) => index + 1))
      expect(recorder.interruptions()).toBe(0)
    })
  })
})

describe('a process that is stopped while it holds the lock', () => {
  /** Runs while another process is stopped with the lock; `release` lets it go on and give the lock back. */
  async function whileStopped(path: string, run: (release: () => Promise<void>) => Promise<void>): Promise<void> {
    const child = children.start('hold', path)
    await child.said(1)
    child.process.kill('SIGSTOP')
    const release = async (): Promise<void> => {
      child.process.kill('SIGCONT')
      child.process.stdin.end()
      await child.ended
    }
    try {
      await run(release)
    } finally {
      child.process.kill('SIGKILL')
      await child.ended
    }
  }

  test('makes appends wait, and neither the event loop nor readers', async () => {
    await inDirectory(async (path) => {
      const backplane = sqliteBackplane({ path, lockTimeout: 60_000 })
      await backplane.append(event('a', 'before'))
      await whileStopped(path, async (release) => {
        const append = backplane.append(event('a', 'meanwhile'))
        let longest = 0
        for (let tick = 0, last = performance.now(); tick < 50; tick++) {
          await new Promise((resolve) => setTimeout(resolve, 5))
          longest = Math.max(longest, performance.now() - last)
          last = performance.now()
        }
        expect(longest).toBeLessThan(2_000)
        expect(await isPending(append)).toBe(true)
        expect((await all(backplane, 'a')).map(({ data }) => data)).toEqual(['before'])
        await release()
        expect((await append).position).toBe(2)
      })
      await backplane.close()
    })
  })

  test('rejects appends after lockTimeout with StorageBusyError, which have then stored nothing', async () => {
    await inDirectory(async (path) => {
      const backplane = sqliteBackplane({ path, lockTimeout: 50 })
      await backplane.append(event('a', 'before'))
      await whileStopped(path, async (release) => {
        const appends = ['one', 'two'].map((data) => backplane.append(event('a', data)))
        for (const append of appends) await expect(append).rejects.toMatchObject({ code: 'storage_busy' })
        await release()
      })
      await backplane.append(event('a', 'after'))
      expect((await all(backplane, 'a')).map(({ data, position }) => [data, position])).toEqual([
        ['before', 1],
        ['after', 2],
      ])
      await backplane.close()
    })
  })

  test('makes close wait for the appends that are under way', async () => {
    await inDirectory(async (path) => {
      const backplane = sqliteBackplane({ path, lockTimeout: 60_000 })
      await backplane.append(event('a'))
      await whileStopped(path, async (release) => {
        const append = backplane.append(event('a'))
        const closed = backplane.close()
        expect(await isPending(closed)).toBe(true)
        await release()
        expect((await append).position).toBe(2)
        await closed
      })
    })
  })
})

test('a process with an open backplane ends when it has nothing else to do, after what it appended is stored', async () => {
  await inDirectory(async (path) => {
    const child = children.start('leave open', path)
    expect(await child.ended).toBe(0)
    expect(await reading(path, (backplane) => all(backplane, 'a'))).toHaveLength(1)
  })
})

test('the log stays bounded while one node always reads and another always appends', async () => {
  await inDirectory(async (path) => {
    const [writer, reader] = [sqliteBackplane({ path }), sqliteBackplane({ path })]
    await reader.connect({ entry: () => {}, interrupted: () => {} }).watch(['a'])
    let isDone = false
    const read = async (): Promise<void> => {
      let after = 0
      while (!isDone) {
        const page = await reader.read('a', { after, upTo: Number.MAX_SAFE_INTEGER, limit: 10 })
        after = page.at(-1)?.position ?? 0
      }
    }
    const reads = read()
    let largest = 0
    for (let round = 0; round < 100; round++) {
      await Promise.all(Array.from({ length: 100 }, () => writer.append(event('a', 'x'.repeat(4_000)))))
      largest = Math.max(largest, (await stat(`${path}-wal`)).size)
    }
    isDone = true
    await reads
    // 40 MB went through it.
    expect(largest).toBeLessThan(16_000_000)
    await Promise.all([writer.close(), reader.close()])
    await expect(stat(`${path}-wal`)).rejects.toMatchObject({ code: 'ENOENT' })
  })
})
