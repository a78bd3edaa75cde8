import { describe, expect, test } from 'vitest'
import type { ShardState } from './backplane.js'
import { resumable } from './cursor.js'

const shard: ShardState = {
  epoch: 'now',
  position: 30,
  floor: 0,
  past: [
    { epoch: 'first', end: 10 },
    { epoch: 'second', end: 20 },
  ],
  tails: [],
}

const at = (epoch: string, position: number, previous?: number) => ({ epoch, at: position, previous })

describe('a cursor of the epoch that goes on', () => {
  test.each([0, 1, 29, 30])('is good at %i, up to the last position that was given out', (position) => {
    expect(resumable(at('now', position), shard)).toBe(position)
  })

  test('R6: vouches for nothing where it lies in the future', () => {
    expect(resumable(at('now', 31), shard)).toBeUndefined()
  })

  test('is good whether or not it has a link', () => {
    expect(resumable(at('now', 29, 12), shard)).toBe(29)
  })
})

describe('a cursor of an epoch that is over', () => {
  test.each([
    ['first', 0],
    ['first', 10],
    ['second', 11],
    ['second', 20],
  ])('R6: of %s is good at %i, up to the end of its epoch', (epoch, position) => {
    expect(resumable(at(epoch, position), shard)).toBe(position)
  })

  test.each([
    ['first', 11],
    ['second', 21],
    // Good in the epoch that goes on, but what this one gave out there was something else.
    ['second', 25],
  ])('R6: of %s vouches for nothing at %i, for what came after the end was given out twice', (epoch, position) => {
    expect(resumable(at(epoch, position), shard)).toBeUndefined()
  })

  test('R6: vouches for nothing where its epoch is unknown, wherever it is', () => {
    expect([0, 1, 30].map((position) => resumable(at('forged', position), shard))).toEqual([undefined, undefined, undefined])
  })
})
