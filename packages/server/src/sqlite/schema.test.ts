import { DatabaseSync } from 'node:sqlite'
import { expect, test, vi } from 'vitest'
import { inDirectory } from '../testing/temporary-directory.ts'
import { failureOf } from './failure.ts'
import { openFile } from './schema.ts'

test('a file that another process makes while this one looks whose it is is not taken for a stranger’s', async () => {
  await inDirectory(async (path) => {
    const { prepare } = DatabaseSync.prototype
    let looks = 0
    let other: unknown
    const spy = vi.spyOn(DatabaseSync.prototype, 'prepare').mockImplementation(function (this: DatabaseSync, ...args) {
      looks++
      if (looks === 2) {
        try {
          openFile(path).db.close()
        } catch (error) {
          other = error
        }
      }
      return prepare.apply(this, args)
    })
    try {
      openFile(path).db.close()
    } finally {
      spy.mockRestore()
    }
    // Whoever comes into the look finds the file locked, and comes again.
    expect(failureOf(other).kind).toBe('busy')
  })
})
