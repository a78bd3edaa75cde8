import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Frame, frameOf } from './frame.js'
import { defaultOutboxLimits, Outbox, type OutboxLimits } from './outbox.js'
import { utf8Length } from './utf8.js'

// What becomes of frames that may be replaced, or left out. A gap is on the wire as `[its topics]`.

const all = 1_000_000

function outboxOf(limits: Partial<OutboxLimits> = {}): Outbox {
  return new Outbox({ ...defaultOutboxLimits, ...limits }, (topics) => `[${topics.join()}]`)
}

const kept = (text: string): Frame => frameOf(text)
const latest = (text: string, key: string): Frame => frameOf(text, { policy: 'conflate', key })
const droppable = (text: string, topic = 't'): Frame => frameOf(text, { policy: 'drop-oldest', topic })

function pushAll(outbox: Outbox, frames: readonly Frame[]): boolean[] {
  return frames.map((frame) => outbox.push(frame))
}

describe('conflate', () => {
  test('R9: a newer frame takes the place of the older one at the end, not where that one was', () => {
    const outbox = outboxOf()
    pushAll(outbox, [latest('a1', 'a'), kept('k'), latest('a2', 'a')])
    expect([outbox.frames, outbox.bytes, outbox.conflated]).toEqual([2, 3, 1])
    expect(outbox.take(all)).toBe('ka2')
  })

  test('frames with different keys leave each other alone', () => {
    const outbox = outboxOf()
    pushAll(outbox, [latest('a1', 'a'), latest('b1', 'b'), latest('a2', 'a'), latest('a3', 'a')])
    expect([outbox.take(all), outbox.conflated]).toEqual(['b1a3', 2])
  })

  test('what has left is not replaced', () => {
    const outbox = outboxOf()
    outbox.push(latest('a1', 'a'))
    expect(outbox.take(all)).toBe('a1')
    pushAll(outbox, [kept('k'), latest('a2', 'a')])
    expect([outbox.take(all), outbox.conflated]).toEqual(['ka2', 0])
  })

  test('a frame that has left in part is not replaced', () => {
    const outbox = outboxOf()
    outbox.push(latest('aaaaaa', 'a'))
    expect(outbox.take(4)).toBe('aaaa')
    outbox.push(latest('bb', 'a'))
    expect([outbox.take(all), outbox.conflated]).toEqual(['aabb', 0])
  })

  test('a full outbox takes a frame that replaces one', () => {
    const outbox = outboxOf({ maxFrames: 2 })
    expect(pushAll(outbox, [latest('a1', 'a'), kept('k'), latest('a2', 'a'), latest('b1', 'b')])).toEqual([true, true, true, false])
    expect(outbox.take(all)).toBe('ka2')
  })

  test('after a frame with its key was refused, nothing else is taken for it', () => {
    const outbox = outboxOf({ maxBytes: 4 })
    expect(pushAll(outbox, [kept('k'), latest('a1', 'a'), latest('a222', 'a')])).toEqual([true, true, false])
    expect(outbox.take(all)).toBe('k')
    expect(pushAll(outbox, [kept('1'), kept('2'), latest('a3', 'a')])).toEqual([true, true, true])
    expect(outbox.take(all)).toBe('12a3')
  })

  test('100,000 frames of a few keys behind a stalled reader cost as little as the few', () => {
    const outbox = outboxOf({ maxFrames: 20 })
    outbox.push(kept('k'))
    for (let n = 0; n < 100_000; n++) expect(outbox.push(latest(`${n},`, `${n % 3}`))).toBe(true)
    expect([outbox.frames, outbox.conflated]).toEqual([4, 99_997])
    expect(outbox.take(all)).toBe('k99997,99998,99999,')
  })

  test('100,000 frames of many keys behind a stalled reader are no slower than those of a few', () => {
    const outbox = outboxOf({ maxFrames: 10_000 })
    for (let n = 0; n < 100_000; n++) outbox.push(latest('x', `${n % 9_000}`))
    expect([outbox.frames, outbox.conflated]).toEqual([9_000, 91_000])
  })
})

describe('drop-oldest', () => {
  test('R9: the gap leaves in one write with the next frame, directly before it', () => {
    const outbox = outboxOf({ maxFrames: 3 })
    expect(
      pushAll(
        outbox,
        ['1', '2', '3', '4'].map((text) => droppable(text)),
      ),
    ).toEqual([true, true, true, true])
    expect([outbox.dropped, outbox.frames]).toEqual([1, 3])
    // The gap alone would fit into the first write: then a reader could take it for told, and the frame for missing.
    expect(outbox.take(4)).toBe('[t]2')
    expect(outbox.take(all)).toBe('34')
  })

  test('R9: a gap that does not fit into a write with its frame waits for it', () => {
    const outbox = outboxOf({ maxFrames: 3 })
    pushAll(outbox, [kept('kk'), droppable('1'), droppable('22'), droppable('33')])
    expect([outbox.take(6), outbox.take(6), outbox.take(6)]).toEqual(['kk', '[t]22', '33'])
  })

  test('a gap that stands before a frame in parts leaves with the first of them', () => {
    const outbox = outboxOf({ maxFrames: 1 })
    pushAll(outbox, [droppable('1'), droppable('x'.repeat(8))])
    expect([outbox.take(5), outbox.take(5), outbox.take(5)]).toEqual(['[t]xx', 'xxxxx', 'x'])
    expect([outbox.bytes, outbox.frames]).toEqual([0, 0])
  })

  test('all that is left out between two frames is one gap, which names the topics', () => {
    const outbox = outboxOf({ maxFrames: 3 })
    pushAll(outbox, [kept('k'), droppable('1', 'a'), droppable('2', 'b'), droppable('3', 'a'), droppable('4', 'c'), kept('l')])
    expect([outbox.take(all), outbox.dropped]).toEqual(['k[a,b]4l', 3])
  })

  test('what is left out between frames that stay is told between them', () => {
    const outbox = outboxOf({ maxFrames: 4 })
    pushAll(outbox, [droppable('1', 'a'), kept('k'), droppable('2', 'b'), kept('l'), kept('m'), kept('n')])
    expect([outbox.take(all), outbox.dropped]).toEqual(['[a]k[b]lmn', 2])
  })

  test('frames that may not be left out push out those that may', () => {
    const outbox = outboxOf({ maxBytes: 6 })
    expect(pushAll(outbox, [droppable('11'), droppable('22'), kept('kk'), kept('llll')])).toEqual([true, true, true, true])
    expect([outbox.take(all), outbox.dropped]).toEqual(['[t]kkllll', 2])
  })

  test('a full outbox of frames that may not be left out refuses, and leaves nothing out in vain', () => {
    const outbox = outboxOf({ maxFrames: 3, maxBytes: 10 })
    expect(pushAll(outbox, [kept('kk'), kept('ll'), droppable('11')])).toEqual([true, true, true])
    expect(outbox.push(droppable('2'.repeat(7)))).toBe(false)
    expect([outbox.take(all), outbox.dropped]).toEqual(['kkll11', 0])
  })

  test('a frame as large as the outbox comes in when all else may be left out', () => {
    const outbox = outboxOf({ maxBytes: 4 })
    expect(pushAll(outbox, [droppable('1'), droppable('2'), droppable('xxxx')])).toEqual([true, true, true])
    expect([outbox.take(all), outbox.dropped]).toEqual(['[t]xxxx', 2])
  })

  test('F8 a frame larger than the outbox comes in when the one that is, too, may be left out', () => {
    const outbox = outboxOf({ maxBytes: 4 })
    const frames = [droppable('x'.repeat(9)), droppable('1'), droppable('y'.repeat(9))]
    expect(pushAll(outbox, frames)).toEqual([true, true, true])
    expect([outbox.take(all), outbox.dropped]).toEqual([`[t]1${'y'.repeat(9)}`, 1])
  })

  test('what has waited for longer than it may is left out, where it may be', () => {
    const outbox = outboxOf({ maxAge: 1000 })
    const at = (text: string, time: number): Frame => ({ ...droppable(text), at: time })
    expect([at('1', 0), at('2', 500), at('3', 1400)].map((frame) => outbox.push(frame))).toEqual([true, true, true])
    expect([outbox.take(all), outbox.dropped]).toEqual(['[t]23', 1])
  })

  test('a frame is refused where one that may not be left out has waited for too long', () => {
    const outbox = outboxOf({ maxAge: 1000 })
    const frames = [kept('k'), droppable('1')].map((frame, n) => ({ ...frame, at: n * 1001 }))
    expect(pushAll(outbox, frames)).toEqual([true, false])
  })

  test('one gap is told where a replaced frame stood between two that were left out', () => {
    const outbox = outboxOf({ maxFrames: 2 })
    pushAll(outbox, [droppable('1', 'a'), latest('p', 'k'), droppable('2', 'b'), latest('q', 'k'), kept('l')])
    expect([outbox.take(all), outbox.dropped, outbox.conflated]).toEqual(['[a,b]ql', 2, 1])
  })

  test('100,000 frames behind a stalled reader cost no more than the bound, with one gap, also between frames that are replaced', () => {
    const gaps: (readonly string[])[] = []
    const outbox = new Outbox({ ...defaultOutboxLimits, maxFrames: 5_000 }, (topics) => {
      gaps.push(topics)
      return ''
    })
    for (let n = 0; n < 50_000; n++) pushAll(outbox, [droppable('d', `${n % 3}`), latest('l', 'k')])
    expect([outbox.frames, outbox.conflated + outbox.dropped]).toEqual([5_000, 95_000])
    outbox.take(all)
    expect(gaps).toEqual([expect.arrayContaining(['0', '1', '2'])])
  })
})

/** The same in the plainest words: a list, searched from its beginning. */
class Model {
  waiting: { readonly text: string; readonly key?: string; readonly topic?: string; gap: Set<string> }[] = []
  conflated = 0
  dropped = 0

  constructor(readonly limits: Pick<OutboxLimits, 'maxBytes' | 'maxFrames'>) {}

  get bytes(): number {
    return this.waiting.reduce((sum, { text }) => sum + utf8Length(text), 0)
  }

  fits(text: string, besides = this.waiting): boolean {
    const { maxBytes, maxFrames } = this.limits
    const [sizes, size] = [besides.map((one) => utf8Length(one.text)), utf8Length(text)]
    const within = sizes.filter((bytes) => bytes <= maxBytes).reduce((sum, bytes) => sum + bytes, 0)
    const finds = size > maxBytes ? sizes.every((bytes) => bytes <= maxBytes) : within + size <= maxBytes
    return besides.length === 0 || (besides.length < maxFrames && finds)
  }

  remove(index: number): Set<string> {
    const [removed] = this.waiting.splice(index, 1)
    const gap = removed?.gap ?? new Set()
    // What was told before it is told before the next.
    const next = this.waiting[index]
    if (next === undefined) return gap
    next.gap = new Set([...gap, ...next.gap])
    return new Set()
  }

  push({ text, overflow }: Frame): boolean {
    let gap = new Set<string>()
    if (overflow?.policy === 'conflate') {
      const at = this.waiting.findIndex(({ key }) => key === overflow.key)
      if (at >= 0) {
        this.conflated++
        gap = this.remove(at)
      }
    }
    if (
      !this.fits(
        text,
        this.waiting.filter(({ topic }) => topic === undefined),
      ) &&
      !this.fits(text)
    )
      return false
    while (!this.fits(text)) {
      const at = this.waiting.findIndex(({ topic }) => topic !== undefined)
      const oldest = this.waiting[at]
      if (oldest?.topic === undefined) return false
      oldest.gap.add(oldest.topic)
      this.dropped++
      gap = new Set([...gap, ...this.remove(at)])
    }
    this.waiting.push({
      text,
      gap,
      ...(overflow?.policy === 'conflate' ? { key: overflow.key } : {}),
      ...(overflow?.policy === 'drop-oldest' ? { topic: overflow.topic } : {}),
    })
    return true
  }

  take(): string {
    const text = this.waiting
      .map(({ text, gap }) => (gap.size > 0 ? `[${[...gap].sort((one, other) => one.localeCompare(other)).join()}]` : '') + text)
      .join('')
    this.waiting = []
    return text
  }
}

/** Now and then one that is larger than the bound. */
const anyText = fc.oneof({ weight: 6, arbitrary: fc.string({ maxLength: 12 }) }, { weight: 1, arbitrary: fc.constant('x'.repeat(50)) })

const anyFrame = fc.oneof(
  anyText.map(kept),
  fc.tuple(anyText, fc.constantFrom('k', 'l')).map(([text, key]) => latest(text, key)),
  fc.tuple(anyText, fc.constantFrom('s', 't')).map(([text, topic]) => droppable(text, topic)),
)

describe('all policies together', () => {
  test('property: they do what the plainest model does', () => {
    const limits = { maxBytes: 40, maxFrames: 6 }
    fc.assert(
      fc.property(
        fc.array(fc.oneof({ weight: 6, arbitrary: anyFrame }, { weight: 1, arbitrary: fc.constant('take' as const) })),
        (steps) => {
          const outbox = new Outbox(
            { ...defaultOutboxLimits, ...limits },
            (topics) => `[${[...topics].sort((one, other) => one.localeCompare(other)).join()}]`,
          )
          const model = new Model(limits)
          for (const step of steps) {
            if (step === 'take') expect(outbox.take(all)).toBe(model.take())
            else {
              const taken = model.push(step)
              expect(outbox.push(step)).toBe(taken)
              // The stream closes then: what becomes of the rest is nobody's business.
              if (!taken) return
            }
            const { bytes, frames, conflated, dropped } = outbox
            expect({ bytes, frames, conflated, dropped }).toEqual({
              bytes: model.bytes,
              frames: model.waiting.length,
              conflated: model.conflated,
              dropped: model.dropped,
            })
          }
          expect(outbox.take(all)).toBe(model.take())
        },
      ),
      { numRuns: 1000 },
    )
  })

  test('property: in writes of any size it is the same text', () => {
    fc.assert(
      fc.property(fc.array(anyFrame), fc.integer({ min: 2, max: 20 }), (frames, most) => {
        const [whole, parts] = [outboxOf({ maxFrames: 4 }), outboxOf({ maxFrames: 4 })]
        for (const frame of frames) if (whole.push(frame) !== parts.push(frame)) throw new Error('they differ')
        const taken: string[] = []
        while (!parts.isEmpty) taken.push(parts.take(most))
        expect(taken.join('')).toBe(whole.take(all))
        expect([parts.bytes, parts.frames]).toEqual([0, 0])
      }),
    )
  })
})
