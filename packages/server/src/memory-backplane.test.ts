import { describe, expect, test } from 'vitest'
import type { Entry } from './backplane.js'
import { backplaneConformance } from './backplane-conformance.js'
import { memoryBackplane } from './memory-backplane.js'

const conformance = backplaneConformance({
  restart: 'forgets',
  open: async (options) => {
    const backplane = memoryBackplane(options)
    const opened = [backplane]
    const restart = async () => {
      const again = memoryBackplane(options)
      opened.push(again)
      return again
    }
    return { backplane, restart, close: async () => void (await Promise.all(opened.map((one) => one.close()))) }
  },
})

describe('a memory backplane does what every backplane does', () => {
  test.each(conformance)('$name', ({ run }) => run())
})
