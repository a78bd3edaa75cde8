import { describe, expect, test } from 'vitest'
import { rules } from './rules.ts'
import { simulate } from './run.ts'

describe('the promise of the protocol', () => {
  test('holds in every schedule', async () => {
    const { schedules, failures, counts } = await simulate({ seed: 1, schedules: 3_000 })
    expect(failures).toEqual([])
    expect(schedules).toBe(3_000)
    // They are schedules in which things happen.
    for (const name of ['delivered', 'gaps', 'brokenChains', 'rewinds', 'epochs', 'ended']) expect(counts[name]).toBeGreaterThan(3)
  })

  test('is checked again, step by step, by the seed of a schedule', async () => {
    const [first, second] = [
      await simulate({ seed: 7, schedules: 1, isTraced: true }),
      await simulate({ seed: 7, schedules: 1, isTraced: true }),
    ]
    expect(first.trace.length).toBeGreaterThan(50)
    expect(second).toEqual(first)
  })
})

describe('a rule of resume that is taken out of the code is missed', () => {
  test.each(rules)('rule $name: $rule', async (rule) => {
    const { failures } = await simulate({ seed: 1, schedules: 10_000, without: rule })
    expect(failures.length).toBeGreaterThan(0)
  })
})
