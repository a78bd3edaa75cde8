import { expect, test, vi } from 'vitest'
import { sqliteBackplane } from './sqlite-backplane.js'

vi.mock('node:module', async (original) => ({ ...(await original<typeof import('node:module')>()), isBuiltin: () => false }))

test('where the runtime has no SQLite, a backplane says so when it is made', () => {
  expect(() => sqliteBackplane({ path: './never-made.db' })).toThrow(
    `Node ${process.version} has no node:sqlite: take Node 22.13 or later, or another backplane, as memoryBackplane()`,
  )
})
