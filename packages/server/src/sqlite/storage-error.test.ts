import { SseError } from '@sse/schema'
import { expect, test } from 'vitest'
import type { FailureKind } from './failure.ts'
import { storageError } from './storage-error.ts'

test.each<[FailureKind, string, RegExp]>([
  ['busy', 'storage_busy', /a process that is stopped/],
  ['full', 'storage_full', /Make room on the disk/],
  ['read_only', 'storage_read_only', /Let this process's user write/],
  ['foreign', 'storage_foreign', /a path of its own/],
  ['version', 'storage_version', /Use the release that made it/],
  ['path', 'storage_path', /a directory that exists/],
  ['replaced', 'storage_replaced', /Stop all processes/],
  ['damaged', 'storage_damaged', /Put a backup in its place/],
  ['failed', 'storage_failed', /the reason/],
])('a failure of kind %s is an error with code %s that names file, reason and remedy', (kind, code, remedy) => {
  const error = storageError({ kind, detail: 'the reason' }, '/data/history.db')
  expect(error).toBeInstanceOf(SseError)
  expect(error).toMatchObject({ code, path: '/data/history.db', message: expect.stringMatching(remedy) })
  expect(error.message).toContain('/data/history.db: the reason')
})
