import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { defaultOutboxLimits, Outbox } from './outbox.js'
import { utf8Length } from './utf8.js'

describe('Outbox', () => {
  test('gives what it took, in order, once', () => {
    const outbox = new Outbox(defaultOutboxLimits)
    expect(['a', 'b', 'c'].map((frame) => outbox.push(frame, 1))).toEqual([true, true, true])
    expect([outbox.take(1_000_000), outbox.take(1_000_000)]).toEqual(['abc', ''])
    expect([outbox.isEmpty, outbox.bytes]).toEqual([true, 0])
  })

  test.each([
    ['bytes', { maxBytes: 10, maxFrames: 100 }, 5, 2],
    ['frames', { maxBytes: 100, maxFrames: 3 }, 5, 3],
  ])('refuses what goes over its bound of %s, and keeps what it had', (_, limits, bytes, fits) => {
    const outbox = new Outbox(limits)
    const taken = Array.from({ length: fits + 2 }, () => outbox.push('x', bytes))
    expect(taken.filter(Boolean)).toHaveLength(fits)
    expect(outbox.bytes).toBe(fits * bytes)
    expect(outbox.take(1_000_000)).toBe('x'.repeat(fits))
  })

  test('takes a frame over the bound when nothing else waits, for it could never be sent otherwise', () => {
    const outbox = new Outbox({ maxBytes: 10, maxFrames: 1 })
    expect(outbox.push('large', 1000)).toBe(true)
    expect(outbox.push('', 0)).toBe(false)
    expect(outbox.take(1_000_000)).toBe('large')
  })

  test('forgets all when it is cleared', () => {
    const outbox = new Outbox(defaultOutboxLimits)
    outbox.push('x', 1)
    outbox.clear()
    expect([outbox.isEmpty, outbox.bytes, outbox.take(1_000_000)]).toEqual([true, 0, ''])
  })

  test('property: whatever is pushed and taken, it stays within its bound and loses nothing that it took', () => {
    const limits = { maxBytes: 50, maxFrames: 5 }
    const operation = fc.oneof(fc.string({ maxLength: 60 }), fc.constant(undefined))
    fc.assert(
      fc.property(fc.array(operation), (operations) => {
        const outbox = new Outbox(limits)
        let waiting: string[] = []
        for (const frame of operations) {
          if (frame === undefined) {
            expect(outbox.take(1_000_000)).toBe(waiting.join(''))
            waiting = []
          } else if (outbox.push(frame, frame.length)) waiting.push(frame)
          expect(outbox.bytes).toBe(waiting.join('').length)
          expect(waiting.length).toBeLessThanOrEqual(limits.maxFrames)
          if (waiting.length > 1) expect(outbox.bytes).toBeLessThanOrEqual(limits.maxBytes)
        }
      }),
    )
  })

  test.each<[string, readonly string[], readonly string[]]>([
    ['that fit go together, and the next one waits for the next write', ['aaa', 'bb', 'cccc'], ['aaabb', 'cccc']],
    ['that fit exactly go together', ['aaa', 'bb', 'c'], ['aaabb', 'c']],
    ['larger than the bound go alone, in parts, the rest with what follows', ['a', 'b'.repeat(7), 'cc'], ['a', 'bbbbb', 'bbcc']],
  ])('frames %s', (_, frames, writes) => {
    const outbox = new Outbox(defaultOutboxLimits)
    for (const frame of frames) outbox.push(frame, frame.length)
    const taken: string[] = []
    while (!outbox.isEmpty) taken.push(outbox.take(5))
    expect(taken).toEqual(writes)
    expect(outbox.bytes).toBe(0)
  })

  test('what comes between two writes goes behind what waits', () => {
    const outbox = new Outbox(defaultOutboxLimits)
    for (const frame of ['aaa', 'bbb', 'ccc']) outbox.push(frame, 3)
    const first = outbox.take(4)
    outbox.push('ddd', 3)
    expect([first, outbox.take(4), outbox.take(100), outbox.isEmpty]).toEqual(['aaa', 'bbb', 'cccddd', true])
  })

  test('the frames that wait count towards the bound, also once some of them have left', () => {
    const outbox = new Outbox({ maxBytes: 100, maxFrames: 3 })
    for (const frame of ['aaa', 'bbb', 'ccc']) outbox.push(frame, 3)
    outbox.take(4)
    expect([outbox.push('ddd', 3), outbox.push('eee', 3)]).toEqual([true, false])
  })

  test('property: taken in parts of any size it is the same text, with no pair of surrogates cut', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), fc.integer({ min: 2, max: 9 }), (frames, most) => {
        const outbox = new Outbox(defaultOutboxLimits)
        for (const frame of frames) outbox.push(frame, utf8Length(frame))
        const parts: string[] = []
        while (!outbox.isEmpty) parts.push(outbox.take(most))
        expect(parts.join('')).toBe(frames.join(''))
        expect(outbox.bytes).toBe(0)
        for (const part of parts) expect([part.length <= most, !/\p{Surrogate}/u.test(part)]).toEqual([true, true])
      }),
    )
  })
})
