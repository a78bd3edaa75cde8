import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, release, totalmem, type } from 'node:os'
import { z } from 'zod'
import type { Cores } from './cores.ts'

/** What the figures depend on beside the code. */
export interface Environment {
  readonly node: string
  readonly system: string
  readonly cpu: string
  readonly cores: number
  readonly memory: string
  /** Whether the server and the readers had a core each. */
  readonly pinned: boolean
  /** Of the packages that are measured, beside ours. */
  readonly versions: Readonly<Record<string, string>>
}

export function environment({ server }: Cores): Environment {
  const [cpu] = cpus()
  return {
    node: process.versions.node,
    system: `${type()} ${release()}`,
    cpu: cpu?.model ?? 'unknown',
    cores: availableParallelism(),
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    pinned: server !== undefined,
    versions: { 'better-sse': installed('better-sse') },
  }
}

export function inWords({ node, system, cpu, cores, memory, pinned, versions }: Environment): string {
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  const where = pinned ? 'server and readers pinned to a core each' : 'nothing pinned to a core'
  return `${[`Node ${node}`, ...packages].join(', ')}; ${system}, ${cores} × ${cpu}, ${memory}; ${where}`
}

const manifest = z.object({ version: z.string() })

function installed(name: string): string {
  // Not imported: most packages do not export their manifest.
  const file = new URL(`../node_modules/${name}/package.json`, import.meta.url)
  return manifest.parse(JSON.parse(readFileSync(file, 'utf8'))).version
}
