import { expect, test } from 'vitest'
import { optionsOf } from './options.ts'

test('Without options every server is measured with 1,000 streams', () => {
  const options = optionsOf([])
  expect(options).toMatchObject({ workload: undefined, streams: 1_000, batches: [1, 10] })
  expect(options?.contenders.map(({ name }) => name)).toEqual(['ours', 'loop', 'socket', 'better-sse', 'better-sse-buffer'])
})

test('Help is no run', () => {
  expect(optionsOf(['--help'])).toBeUndefined()
})

test.each([
  [['--servers', 'ours,theirs'], '--servers has theirs: there are ours,'],
  [['--batch', '1,0'], '--batch is 0: it takes a whole number from 1 on'],
  [['--streams', 'many'], '--streams is many: it takes a whole number from 2 on'],
  [['--rate', '0'], '--rate is 0: it takes a number above 0'],
  [['fan-out', 'fan-in'], 'One workload at a time'],
  [['--stream', '10'], "Unknown option '--stream'"],
])('%j cannot be meant', (args, message) => {
  expect(() => optionsOf(args)).toThrow(message)
})
