import { expect, test } from 'vitest'
import type { Figures, Measurement } from './measurement.ts'
import { casesOf, doubtsOf, figuresTable, ratiosTable } from './report.ts'

const figures: Figures = {
  deliveries: 1_000,
  cpu: 10,
  user: 6,
  system: 4,
  p50: 1,
  p99: 2,
  p999: 3,
  rss: 10_240,
  heap: 5_120,
  bytes: 250,
  serverLoad: 0.2,
  readersLoad: 0.1,
}

function measured(server: string, round: number, some: Partial<Figures> = {}, what = 'one'): Measurement {
  return { server, case: what, round, figures: { ...figures, ...some } }
}

test('Ratios are against the loop in the same round, so that a slow round moves them as little as it can', () => {
  const [only] = casesOf([
    measured('loop', 1, { cpu: 10 }),
    measured('ours', 1, { cpu: 12 }),
    measured('loop', 2, { cpu: 30 }),
    measured('ours', 2, { cpu: 33 }),
    measured('loop', 3, { cpu: 10 }),
    measured('ours', 3, { cpu: 13 }),
  ])
  const ours = only?.rows.find(({ server }) => server === 'ours')
  expect(ours?.figures.cpu).toEqual({ median: 13, least: 12, most: 33 })
  expect(ours?.ratios?.cpu).toEqual({ median: 1.2, least: 1.1, most: 1.3 })
})

test('Without the loop there are figures and no ratios', () => {
  const [only] = casesOf([measured('ours', 1)])
  expect(only?.rows[0]?.ratios).toBeUndefined()
  expect(ratiosTable(only?.rows ?? [])).toBeUndefined()
})

test('Each case has its own rows', () => {
  const cases = casesOf([measured('ours', 1), measured('ours', 1, {}, 'two'), measured('loop', 1)])
  expect(cases.map(({ case: what, rows }) => [what, rows.map(({ server }) => server)])).toEqual([
    ['one', ['ours', 'loop']],
    ['two', ['ours']],
  ])
})

test('The tables are Markdown', () => {
  const [only] = casesOf([measured('loop', 1), measured('loop', 2, { cpu: 12, rss: 12_288 })])
  expect(figuresTable(only?.rows ?? [])).toBe(
    [
      '| server | CPU µs           | user          | system        | p50 ms        | p99 ms        | p99.9 ms      | RSS KiB          | heap KiB      | bytes |',
      '| ------ | ---------------- | ------------- | ------------- | ------------- | ------------- | ------------- | ---------------- | ------------- | ----- |',
      '| loop   | 11.0 (10.0–12.0) | 6.0 (6.0–6.0) | 4.0 (4.0–4.0) | 1.0 (1.0–1.0) | 2.0 (2.0–2.0) | 3.0 (3.0–3.0) | 11.0 (10.0–12.0) | 5.0 (5.0–5.0) | 250   |',
    ].join('\n'),
  )
  expect(ratiosTable(only?.rows ?? [])).toContain('| loop   | 1.00 (1.00–1.00) |')
})

test('A core that was full in one round makes the latencies doubtful, and is told', () => {
  const [only] = casesOf([measured('ours', 1), measured('ours', 2, { serverLoad: 0.97 }), measured('loop', 1, { readersLoad: 1 })])
  expect(doubtsOf(only?.rows ?? [])).toEqual([
    "ours: the server's core was full (97 %); its latencies say how long the queue was.",
    "loop: the readers' core was full (100 %); its latencies are theirs.",
  ])
})
