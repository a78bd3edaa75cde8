import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import type { Backplane } from './backplane.js'
import { backplaneConformance, type ConformanceOptions, type ConformanceShard } from './backplane-conformance.js'
import { sqliteBackplane } from './sqlite-backplane.js'

async function open(options: ConformanceOptions): Promise<ConformanceShard> {
  const directory = await mkdtemp(join(tmpdir(), 'sse-'))
  const nodes: Backplane[] = []
  const node = (): Backplane => {
    const backplane = sqliteBackplane({ ...options, path: join(directory, 'history.db') })
    nodes.push(backplane)
    return backplane
  }
  const closeAll = async (): Promise<void> => void (await Promise.all(nodes.splice(0).map((backplane) => backplane.close())))
  return {
    backplane: node(),
    join: async () => node(),
    restart: async () => {
      await closeAll()
      return node()
    },
    close: async () => {
      await closeAll()
      await rm(directory, { recursive: true })
    },
  }
}

describe('a SQLite backplane does what every backplane does', () => {
  test.each(backplaneConformance({ shared: true, restart: 'keeps', open }))('$name', ({ run }) => run())
})
