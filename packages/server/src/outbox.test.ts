import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Frame, Overflow } from './frame.js'
import { defaultOutboxLimits, Outbox, type OutboxLimits } from './outbox.js'
import { utf8Length } from './utf8.js'

// What is neither conflated nor left out. What may be is in outbox-overflow.test.ts.

const all = 1_000_000

function frame(text: string, { at = 0, overflow }: { readonly at?: number; readonly overflow?: Overflow } = {}): Frame {
  return { text, bytes: utf8Length(text), at, overflow }
}

function outboxOf(limits: Partial<OutboxLimits> = {}): Outbox {
  return new Outbox({ ...defaultOutboxLimits, ...limits }, (topics) => `[${topics.join()}]`)
}

function pushAll(outbox: Outbox, texts: readonly string[]): boolean[] {
  return texts.map((text) => outbox.push(frame(text)))
}

function takeAll(outbox: Outbox, most: number): string[] {
  const taken: string[] = []
  while (!outbox.isEmpty) taken.push(outbox.take(most))
  return taken
}

describe('bounds', () => {
  test('what it took it gives, in order, once', () => {
    const outbox = outboxOf()
    expect(pushAll(outbox, ['a', 'b', 'c'])).toEqual([true, true, true])
    expect([outbox.bytes, outbox.frames, outbox.isEmpty]).toEqual([3, 3, false])
    expect([outbox.take(all), outbox.take(all)]).toEqual(['abc', ''])
    expect([outbox.bytes, outbox.frames, outbox.isEmpty]).toEqual([0, 0, true])
  })

  test.each([
    ['bytes', { maxBytes: 10 }, 'xxxxx', 2],
    ['bytes, as UTF-8 has them', { maxBytes: 10 }, '豆', 3],
    ['frames', { maxFrames: 3 }, 'xxxxx', 3],
  ])('what goes over its bound of %s is refused, and what it had stays', (_, limits, text, fits) => {
    const outbox = outboxOf(limits)
    const taken = pushAll(
      outbox,
      Array.from({ length: fits + 2 }, () => text),
    )
    expect(taken.filter(Boolean)).toHaveLength(fits)
    expect(taken.slice(fits)).toEqual([false, false])
    expect(outbox.bytes).toBe(fits * utf8Length(text))
    expect(outbox.take(all)).toBe(text.repeat(fits))
  })

  test('a frame is refused once the oldest has waited for longer than it may', () => {
    const outbox = outboxOf({ maxAge: 1000 })
    expect(outbox.push(frame('a', { at: 5000 }))).toBe(true)
    expect([outbox.isStale(6000), outbox.push(frame('b', { at: 6000 }))]).toEqual([false, true])
    expect([outbox.isStale(6001), outbox.push(frame('c', { at: 6001 }))]).toEqual([true, false])
    expect(outbox.take(all)).toBe('ab')
    expect([outbox.isStale(all), outbox.push(frame('d', { at: all }))]).toEqual([false, true])
  })

  test('the age is that of the oldest frame that still waits', () => {
    const outbox = outboxOf({ maxAge: 1000 })
    outbox.push(frame('aaa', { at: 0 }))
    outbox.push(frame('bbb', { at: 900 }))
    expect(outbox.take(3)).toBe('aaa')
    expect([outbox.isStale(1900), outbox.isStale(1901)]).toEqual([false, true])
  })

  test('a frame over the bound passes when nothing else waits, for it could never be sent otherwise', () => {
    const outbox = outboxOf({ maxBytes: 10, maxFrames: 1 })
    expect(outbox.push(frame('x'.repeat(1000)))).toBe(true)
    expect(outbox.push(frame(''))).toBe(false)
    expect(outbox.take(all)).toBe('x'.repeat(1000))
  })

  test('F8 a frame over the bound waits beside others, which have the whole bound for themselves', () => {
    const outbox = outboxOf({ maxBytes: 10 })
    const large = 'x'.repeat(1000)
    expect(pushAll(outbox, ['aaaa', large, 'bbbb', 'cc', 'd'])).toEqual([true, true, true, true, false])
    expect([outbox.bytes, outbox.frames]).toEqual([1010, 4])
    expect(outbox.take(all)).toBe(`aaaa${large}bbbbcc`)
    expect([outbox.bytes, outbox.frames]).toEqual([0, 0])
  })

  test('F8 of frames over the bound one waits at a time: the next finds room once it has left whole', () => {
    const outbox = outboxOf({ maxBytes: 10 })
    const large = 'x'.repeat(11)
    expect(pushAll(outbox, [large, large])).toEqual([true, false])
    outbox.take(6)
    expect(pushAll(outbox, [large, 'aaaaaaaaaa', 'b'])).toEqual([false, true, false])
    expect(takeAll(outbox, 6)).toEqual(['xxxxx', 'aaaaaa', 'aaaa'])
    expect(pushAll(outbox, [large, large])).toEqual([true, false])
  })

  test('F8 behind a frame in parts nothing is too old: its reader, who takes it, would have to take it again', () => {
    const outbox = outboxOf({ maxAge: 1000 })
    outbox.push(frame('x'.repeat(10), { at: 0 }))
    outbox.push(frame('a', { at: 1 }))
    outbox.take(5)
    expect([outbox.isStale(all), outbox.push(frame('b', { at: all }))]).toEqual([false, true])
    expect(outbox.take(5)).toBe('xxxxx')
    expect([outbox.isStale(all), outbox.push(frame('c', { at: all }))]).toEqual([true, false])
    expect(outbox.take(all)).toBe('ab')
  })

  test('what is cleared is forgotten, and counts towards no bound', () => {
    const outbox = outboxOf({ maxBytes: 3, maxFrames: 2 })
    const overflows: Overflow[] = [
      { policy: 'conflate', key: 'k' },
      { policy: 'drop-oldest', topic: 't' },
    ]
    for (const overflow of overflows) outbox.push(frame('x', { overflow }))
    outbox.clear()
    expect([outbox.isEmpty, outbox.bytes, outbox.frames, outbox.isStale(all), outbox.take(all)]).toEqual([true, 0, 0, false, ''])
    expect(pushAll(outbox, ['aa', 'b', 'c'])).toEqual([true, true, false])
    expect([outbox.conflated, outbox.dropped]).toEqual([0, 0])
  })

  test('property: whatever is pushed and taken, it stays within its bound and loses nothing that it took', () => {
    const limits = { maxBytes: 50, maxFrames: 5 }
    const operation = fc.oneof(fc.string({ maxLength: 60 }), fc.constant(undefined))
    fc.assert(
      fc.property(fc.array(operation), (operations) => {
        const outbox = outboxOf(limits)
        let waiting: string[] = []
        for (const text of operations) {
          if (text === undefined) {
            expect(outbox.take(all)).toBe(waiting.join(''))
            waiting = []
          } else if (outbox.push(frame(text))) waiting.push(text)
          expect([outbox.bytes, outbox.frames]).toEqual([utf8Length(waiting.join('')), waiting.length])
          expect(waiting.length).toBeLessThanOrEqual(limits.maxFrames)
          const [within, over] = [true, false].map((isWithin) => waiting.filter((one) => utf8Length(one) <= limits.maxBytes === isWithin))
          expect(utf8Length(within?.join('') ?? '')).toBeLessThanOrEqual(limits.maxBytes)
          expect(over?.length).toBeLessThanOrEqual(1)
        }
      }),
    )
  })
})

describe('writes', () => {
  test.each<[string, readonly string[], readonly string[]]>([
    ['that fit go together, and the next one waits for the next write', ['aaa', 'bb', 'cccc'], ['aaabb', 'cccc']],
    ['that fit exactly go together', ['aaa', 'bb', 'c'], ['aaabb', 'c']],
    ['larger than the bound go alone, in parts, the rest with what follows', ['a', 'b'.repeat(7), 'cc'], ['a', 'bbbbb', 'bbcc']],
  ])('frames %s', (_, frames, writes) => {
    const outbox = outboxOf()
    pushAll(outbox, frames)
    expect(takeAll(outbox, 5)).toEqual(writes)
    expect(outbox.bytes).toBe(0)
  })

  test('what comes between two writes goes behind what waits', () => {
    const outbox = outboxOf()
    pushAll(outbox, ['aaa', 'bbb', 'ccc'])
    const first = outbox.take(4)
    outbox.push(frame('ddd'))
    expect([first, outbox.take(4), outbox.take(100), outbox.isEmpty]).toEqual(['aaa', 'bbb', 'cccddd', true])
  })

  test('the frames that wait count towards the bound, also once some of them have left', () => {
    const outbox = outboxOf({ maxFrames: 3 })
    pushAll(outbox, ['aaa', 'bbb', 'ccc'])
    outbox.take(4)
    expect(pushAll(outbox, ['ddd', 'eee'])).toEqual([true, false])
  })

  test('of a frame in parts, what is left counts towards the bound', () => {
    const outbox = outboxOf({ maxBytes: 12, maxFrames: 2 })
    outbox.push(frame('x'.repeat(12)))
    outbox.take(5)
    expect([outbox.bytes, outbox.frames]).toEqual([7, 1])
    expect(pushAll(outbox, ['yyyyyy', 'yyy', ''])).toEqual([false, true, false])
    expect(takeAll(outbox, 5)).toEqual(['xxxxx', 'xxyyy'])
  })

  test('property: taken in parts of any size it is the same text, with no pair of surrogates cut', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), fc.integer({ min: 2, max: 9 }), (texts, most) => {
        const outbox = outboxOf()
        pushAll(outbox, texts)
        const parts = takeAll(outbox, most)
        expect(parts.join('')).toBe(texts.join(''))
        expect([outbox.bytes, outbox.frames]).toEqual([0, 0])
        for (const part of parts) expect([part.length <= most, !/\p{Surrogate}/u.test(part)]).toEqual([true, true])
      }),
    )
  })
})
