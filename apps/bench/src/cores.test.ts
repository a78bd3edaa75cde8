import { expect, test } from 'vitest'
import { listed } from './cores.ts'

test('A list of cores has numbers and ranges', () => {
  expect(listed(' 0-2,5\n')).toEqual([0, 1, 2, 5])
})

test('What is no list has no cores', () => {
  expect(listed('')).toEqual([])
  expect(listed('none')).toEqual([])
})
