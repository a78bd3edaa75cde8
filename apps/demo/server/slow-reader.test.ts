import path from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Policy } from '../contract.js'
import { openHub } from './hub.js'
import { SlowReader } from './slow-reader.js'
import { eventually, served, temporaryFolder } from './testing/served.js'

async function slowReader(times = { burst: 0, event: 1, watched: 100 }) {
  const { hub, close } = openHub(path.join(await temporaryFolder(), 'hub.sqlite'))
  onTestFinished(close)
  const url = await served((request, response) => void reader.serve(request, response))
  const told: string[] = []
  const reader = new SlowReader({ hub, url, tell: (what) => told.push(what), times })
  onTestFinished(() => reader.stop())
  return { hub, reader, told }
}

describe('SlowReader', () => {
  it.each<[Policy, object]>([
    ['disconnect', { disconnects: 1, replaced: 0, leftOut: 0, gaps: 0 }],
    ['conflate', { disconnects: 0, leftOut: 0, gaps: 0 }],
    ['dropOldest', { disconnects: 0, replaced: 0, gaps: 1 }],
  ])('fills its outbox, until its channel acts: %s', async (policy, outcome) => {
    const { reader, told } = await slowReader()
    expect(await reader.start(policy)).toBe(true)
    const { state } = reader
    expect(state).toMatchObject({ policy, phase: 'done', ...outcome })
    const { published = 0, received = 0, replaced = 0, leftOut = 0 } = state ?? {}
    expect(published).toBeGreaterThan(32)
    // Each event came, or what became of it is known.
    expect(received + replaced + leftOut).toBe(published)
    expect(replaced + leftOut > 0).toBe(policy !== 'disconnect')
    expect(told).toEqual(['stopped reading.', `has caught up: ${received} of ${published} events came.`])
  })

  it('never has more waiting than its bound', async () => {
    const { hub, reader } = await slowReader()
    const levels: number[] = []
    const timer = setInterval(() => levels.push(hub.stats().outboxes.largest), 1)
    onTestFinished(() => clearInterval(timer))
    await reader.start('dropOldest')
    const bound = reader.state?.bound ?? 0
    expect(Math.max(...levels)).toBeLessThanOrEqual(bound)
    expect(Math.max(...levels)).toBeGreaterThan(bound * 0.9)
    expect(reader.state?.peak).toBeGreaterThan(bound * 0.9)
  })

  it('reads on when it is let, with nothing lost, and only one runs at a time', async () => {
    const { reader } = await slowReader({ burst: 5, event: 1_000, watched: 100 })
    const running = reader.start('disconnect')
    await eventually(() => expect(reader.state?.published).toBeGreaterThan(10))
    expect(await reader.start('conflate')).toBe(false)
    reader.letGo()
    expect(await running).toBe(true)
    expect(reader.state).toMatchObject({ policy: 'disconnect', phase: 'done', disconnects: 0 })
    expect(reader.state?.received).toBe(reader.state?.published)
  })
})
