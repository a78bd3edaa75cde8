import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** Another process, and what it has said. */
export interface Child {
  readonly process: ChildProcessByStdio<Writable, Readable, null>
  readonly lines: readonly string[]
  /** Resolves when it has said so many lines. */
  said(count: number): Promise<void>
  /** Resolves with its exit code, or the signal that ended it, once all that it said has been read. */
  readonly ended: Promise<number | string | null>
}

/** A program of its own, built. */
export interface Built {
  /** @param command what runs Node with the arguments behind it. Default: Node itself. */
  start(args: readonly string[], command?: readonly string[]): Child
  remove(): Promise<void>
}

/** Builds a program with the package's own settings, so that it is the published files that run. */
export async function build(program: URL): Promise<Built> {
  const directory = await mkdtemp(join(tmpdir(), 'sse-built-'))
  // In a directory of its own Node would take the files for CommonJS.
  await writeFile(join(directory, 'package.json'), '{"type":"module"}')
  const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
  const { tsup }: { readonly tsup: object } = JSON.parse(await readFile(here('../../package.json'), 'utf8'))
  const entry = { child: fileURLToPath(program), 'sqlite-worker': here('../sqlite/worker.ts') }
  const config = join(directory, 'tsup.config.json')
  // No packages can be found from there.
  await writeFile(config, JSON.stringify({ ...tsup, entry, outDir: directory, clean: false, noExternal: ['@sse/schema', 'zod'] }))
  const cli = here('../../node_modules/tsup/dist/cli-default.js')
  await promisify(execFile)(process.execPath, [cli, '--config', config], { cwd: here('../..') })
  return {
    start: (args, command = []) => start([...command, process.execPath, join(directory, 'child.js'), ...args]),
    remove: () => rm(directory, { recursive: true }),
  }
}

function start([command = '', ...args]: readonly string[]): Child {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines: string[] = []
  const waiting = new Set<() => void>()
  let rest = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\n')
    rest = parts.pop() ?? ''
    lines.push(...parts)
    for (const look of waiting) look()
  })
  let isOver = false
  const ended = once(child, 'close').then(([code, signal]: unknown[]) => {
    isOver = true
    for (const look of waiting) look()
    return typeof code === 'number' ? code : typeof signal === 'string' ? signal : null
  })
  const said = (count: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (lines.length < count && !isOver) return
        waiting.delete(look)
        if (lines.length >= count) resolve()
        else reject(new Error(`the child ended after ${lines.length} of ${count} lines`))
      }
      waiting.add(look)
      look()
    })
  return { process: child, lines, said, ended }
}
