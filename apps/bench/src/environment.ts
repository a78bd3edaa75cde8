import { readFileSync } from 'node:fs'
import { cpus, release, totalmem, type } from 'node:os'
import { z } from 'zod'
import { cores } from './cores.ts'

/** What the figures depend on beside the code. */
export interface Environment {
  readonly node: string
  readonly system: string
  readonly cpu: string
  readonly cores: number
  readonly memory: string
  /** Whether the server had a core of its own. */
  readonly pinned: boolean
  readonly versions: Readonly<Record<string, string>>
}

export function environment(): Environment {
  const [cpu] = cpus()
  return {
    node: process.version,
    system: `${type()} ${release()}`,
    cpu: cpu?.model ?? 'unknown',
    cores: cpus().length,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    pinned: cores().server !== undefined,
    versions: { 'better-sse': installed('better-sse') },
  }
}

const manifest = z.object({ version: z.string() })

function installed(name: string): string {
  const file = new URL(`../node_modules/${name}/package.json`, import.meta.url)
  return manifest.parse(JSON.parse(readFileSync(file, 'utf8'))).version
}
