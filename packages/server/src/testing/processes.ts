import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** Another process, which says lines of JSON. Disposing of it ends it. */
export interface HubProcess extends AsyncDisposable {
  /** The next line that has this field. */
  said(field: string): Promise<Readonly<Record<string, unknown>>>
  write(line: string | number): void
}

/** Starts `hub-child.ts`, built, behind a command that may limit it: `['prlimit', '--nofile=64']`. */
export async function startHubProcess(before: readonly string[], args: readonly string[]): Promise<HubProcess> {
  const directory = await mkdtemp(join(tmpdir(), 'sse-hub-'))
  const outfile = join(directory, 'child.mjs')
  const entry = fileURLToPath(new URL('./hub-child.ts', import.meta.url))
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    // CommonJS packages among its imports.
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url)' },
  })
  const [command = process.execPath, ...rest] = [...before, process.execPath, outfile, ...args]
  const child = spawn(command, rest, { stdio: ['pipe', 'pipe', 'inherit'] })
  const closed = once(child, 'close')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    said: async (field) => {
      for (let next = await lines.next(); next.done !== true; next = await lines.next()) {
        const line: Readonly<Record<string, unknown>> = JSON.parse(next.value)
        if (field in line) return line
        if ('unhandled' in line) throw new Error(`an unhandled rejection: ${String(line['unhandled'])}`)
      }
      throw new Error(`the process ended without ${field}`)
    },
    write: (line) => void child.stdin.write(`${line}\n`),
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await closed
      await rm(directory, { recursive: true })
    },
  }
}
