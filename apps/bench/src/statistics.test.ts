import { expect, test } from 'vitest'
import { spreadOf } from './statistics.ts'

test('A spread is the median, the least and the most', () => {
  expect(spreadOf([3, 1, 10])).toEqual({ median: 3, least: 1, most: 10 })
})

test('Between two middle values the median is halfway', () => {
  expect(spreadOf([10, 1, 4, 2])).toEqual({ median: 3, least: 1, most: 10 })
})

test('One value is all three', () => {
  expect(spreadOf([7])).toEqual({ median: 7, least: 7, most: 7 })
})
