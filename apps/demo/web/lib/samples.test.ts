import { describe, expect, it } from 'vitest'
import { addSample, columnsOf } from './samples.js'

function sampleAt(milliseconds: number, cpu = 0) {
  return { seq: 1, at: new Date(milliseconds), cpu, memoryUsed: 0, delay: { mean: 0, p99: 0, max: 0 } }
}

describe('samples', () => {
  it('are bounded', () => {
    let samples: Parameters<typeof addSample>[0] = []
    for (let n = 0; n < 300; n += 1) samples = addSample(samples, sampleAt(n * 500))
    expect(samples.length).toBe(240)
    expect(samples.at(-1)?.at.getTime()).toBe(299 * 500)
  })

  it('leave a hole where some are missing', () => {
    const samples = [sampleAt(1000, 0.1), sampleAt(1500, 0.2), sampleAt(5500, 0.3)]
    expect(columnsOf(samples, ({ cpu }) => cpu)).toEqual([
      [1, 1.5, 3.5, 5.5],
      [0.1, 0.2, null, 0.3],
    ])
  })
})
