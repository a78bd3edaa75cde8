import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'

/** What git ignores here, and git itself. */
const skipped = new Set(['.git', '.cache', '.turbo', 'dist', 'node_modules', 'playwright-report', 'screenshots', 'test-results'])

/** The folder that holds the whole workspace; where it is not found, this package's own. */
export function repositoryOf(folder: string): string {
  for (let at = folder; ; at = path.dirname(at)) {
    if (existsSync(path.join(at, 'pnpm-workspace.yaml'))) return at
    if (path.dirname(at) === at) return folder
  }
}

/** The files below a folder, as paths relative to it with `/`, in order. Links are not followed. */
export async function listFiles(root: string): Promise<string[]> {
  const files: string[] = []
  const walk = async (folder: string): Promise<void> => {
    for (const entry of await readdir(path.join(root, folder), { withFileTypes: true })) {
      const name = path.posix.join(folder, entry.name)
      if (entry.isFile()) files.push(name)
      else if (entry.isDirectory() && !skipped.has(entry.name)) await walk(name)
    }
  }
  await walk('')
  return files.sort((a, b) => (a < b ? -1 : 1))
}

/** Size and digest of a file; undefined for one that is gone, or cannot be read. */
export async function hashFile(file: string): Promise<{ readonly bytes: number; readonly sha256: string } | undefined> {
  try {
    const content = await readFile(file)
    return { bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') }
  } catch {
    return undefined
  }
}
