import { describe, expect, it } from 'vitest'
import type { SlowReaderState } from '../../contract.js'
import { storyOf } from './slow-reader.js'

const begun: SlowReaderState = {
  policy: 'disconnect',
  phase: 'filling',
  bound: 262_144,
  swallowed: 4_320_000,
  published: 500,
  received: 1,
  replaced: 0,
  leftOut: 0,
  disconnects: 0,
  gaps: 0,
}

describe('storyOf', () => {
  it('tells the buffers of the sockets from the outbox', () => {
    expect(storyOf(begun, 0)).toBe('It takes nothing any more. First the buffers of both sockets fill: 4.3 MB so far.')
    expect(storyOf(begun, 8_000)).toContain('what is published waits in its outbox')
  })

  it.each<[Partial<SlowReaderState>, string]>([
    [{ policy: 'disconnect', received: 500, disconnects: 1 }, '500 of 500 events came, 1 connection lost: nothing is missing.'],
    [{ policy: 'disconnect', received: 499, disconnects: 2 }, '499 of 500 events came, 2 connections lost: some are missing.'],
    [
      { policy: 'conflate', received: 480, replaced: 20 },
      '480 of 500 events came: 20 were replaced by newer ones of their key, as the channel says.',
    ],
    [{ policy: 'dropOldest', received: 480, leftOut: 20, gaps: 1 }, '480 of 500 events came: 20 were left out, and told in 1 gap.'],
  ])('says what has become of all events: %j', (changes, words) => {
    expect(storyOf({ ...begun, phase: 'done', ...changes }, 0)).toBe(words)
  })
})
