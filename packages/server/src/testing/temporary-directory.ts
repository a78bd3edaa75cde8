import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Runs with the path of a file that does not exist yet, in a directory that is removed afterwards. */
export async function inDirectory(run: (path: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'sse-'))
  try {
    await run(join(directory, 'history.db'))
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
