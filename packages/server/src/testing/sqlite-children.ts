import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** Another process, and what it has said. */
export interface Child {
  readonly process: ChildProcessByStdio<Writable, Readable, null>
  readonly lines: readonly string[]
  /** Resolves when it has said so many lines. */
  said(count: number): Promise<void>
  /** Resolves with its exit code, or the signal that ended it, once all that it said has been read. */
  readonly ended: Promise<number | string | null>
}

export interface Children {
  start(task: 'publish' | 'hold' | 'leave open', path: string, topic?: string, count?: number): Child
  remove(): Promise<void>
}

/** Builds them as tsup builds the package: the backplane and its worker side by side. */
export async function buildChildren(): Promise<Children> {
  const directory = await mkdtemp(join(tmpdir(), 'sse-built-'))
  const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
  // In a directory of its own Node would take the files for CommonJS.
  await writeFile(join(directory, 'package.json'), '{"type":"module"}')
  await build({
    entryPoints: { child: source('./sqlite-child.ts'), 'sqlite-worker': source('../sqlite/worker.ts') },
    outdir: directory,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    logLevel: 'error',
  })
  return {
    start: (task, path, topic = 'a', count = 0) => start([join(directory, 'child.js'), task, path, topic, `${count}`]),
    remove: () => rm(directory, { recursive: true }),
  }
}

function start(args: readonly string[]): Child {
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
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
