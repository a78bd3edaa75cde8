import { describe, expect, it } from 'vitest'
import type { SlowReaderState } from '../../contract.js'
import { fillOf, storyOf } from './slow-reader.js'

const begun: SlowReaderState = {
  policy: 'disconnect',
  phase: 'filling',
  bound: 262_144,
  swallowed: 4_320_000,
  peak: 0,
  published: 500,
  received: 1,
  replaced: 0,
  leftOut: 0,
  disconnects: 0,
  gaps: 0,
}

describe('storyOf', () => {
  it('tells the buffers of the sockets from the outbox', () => {
    expect(storyOf(begun)).toBe('It takes nothing any more. First the buffers of both sockets fill: 4.3 MB so far.')
    expect(storyOf({ ...begun, peak: 8_000 })).toContain('what is published waits in its outbox')
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
    expect(storyOf({ ...begun, phase: 'done', ...changes })).toBe(words)
  })
})

describe('fillOf', () => {
  it('is what waits', () => {
    expect(fillOf(undefined, 0)).toEqual({ bytes: 0, isGivenBack: false })
    expect(fillOf({ ...begun, peak: 9_000 }, 8_000)).toEqual({ bytes: 8_000, isGivenBack: false })
    expect(fillOf({ ...begun, policy: 'conflate', phase: 'catching up', peak: 9_000 }, 8_000)).toEqual({ bytes: 8_000, isGivenBack: false })
  })

  it('is held where the stream was closed at its bound, until all has come', () => {
    const closed = { ...begun, disconnects: 1, peak: 260_000 }
    expect(fillOf({ ...closed, phase: 'at the bound' }, 0)).toEqual({ bytes: 260_000, isGivenBack: true })
    expect(fillOf({ ...closed, phase: 'catching up' }, 16_000)).toEqual({ bytes: 260_000, isGivenBack: true })
    expect(fillOf({ ...closed, phase: 'done' }, 0)).toEqual({ bytes: 0, isGivenBack: false })
  })
})
