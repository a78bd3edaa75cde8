import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { turns } from './testing/deferred.js'
import { appendAll, change, until } from './testing/hub-session.js'
import { readerSession } from './testing/reader-session.js'

// A replay keeps to its reader's pace, and channels' settings hold in it as they do live.

afterEach(() => {
  vi.useRealTimers()
})

const numbers = (count: number, from = 1): string => Array.from({ length: count }, (_, n) => n + from).join(' ')

function sized(topic: string, n: number, bytes: number): ReturnType<typeof change> {
  return change(topic, n, { data: JSON.stringify({ n, pad: 'x'.repeat(bytes) }) })
}

describe('a small outbox and a long replay', () => {
  test.each([
    ['frames', { maxFrames: 4 }],
    ['bytes', { maxBytes: 1_000 }],
  ])('a replay waits for its reader, and never overflows by itself: %s', async (_, outbox) => {
    const { backplane, join, cursor } = readerSession()
    await appendAll(
      backplane,
      Array.from({ length: 500 }, () => 'a'),
    )
    const { reader, stream, sink, summary, closes } = join([{ name: 'a', start: cursor(0) }], { stream: { outbox } })
    await until(() => sink.writes.length > 0)
    sink.hasRoom = false
    for (let step = 0; step < 5_000 && !reader.isLive; step++) {
      expect(stream.outbox.frames).toBeLessThanOrEqual(4)
      expect(stream.outbox.bytes).toBeLessThanOrEqual(1_000)
      stream.drained()
      await turns()
    }
    sink.hasRoom = true
    stream.drained()
    await turns()
    expect([closes, summary()]).toEqual([[], `${numbers(500)} live@500`])
  })

  test('nothing more is read while its reader takes nothing', async () => {
    const { backplane, join, cursor } = readerSession()
    await appendAll(
      backplane,
      Array.from({ length: 900 }, () => 'a'),
    )
    const { stream, sink, closes } = join([{ name: 'a', start: cursor(0) }], { stream: { outbox: { maxFrames: 40 } } })
    sink.hasRoom = false
    await until(() => sink.writes.length > 0)
    await turns(20)
    expect(backplane.calls.filter(({ method }) => method === 'read')).toHaveLength(1)
    expect([stream.outbox.frames <= 10, closes]).toEqual([true, []])
  })

  test('an event as large as the outbox finds room behind a small one', async () => {
    const { backplane, join, cursor } = readerSession()
    await backplane.append(sized('a', 1, 100))
    await backplane.append(sized('a', 2, 9_950))
    await backplane.append(sized('a', 3, 100))
    const { reader, summary, closes } = join([{ name: 'a', start: cursor(0) }], { stream: { outbox: { maxBytes: 10_000 } } })
    await until(() => reader.isLive || closes.length > 0)
    expect([closes, summary()]).toEqual([[], '1 2 3 live@3'])
  })

  test('F8 an event larger than the outbox gets through, whatever is told and sent while it is on its way', async () => {
    const { backplane, join, cursor } = readerSession()
    await backplane.append(sized('a', 1, 100))
    await backplane.append(sized('a', 2, 1_000_000))
    await backplane.append(sized('a', 3, 100))
    const { reader, stream, sink, messages, closes } = join([{ name: 'a', start: cursor(0) }], { stream: { outbox: { maxBytes: 10_000 } } })
    sink.hasRoom = false
    let told = 0
    for (let step = 0; step < 100 && !reader.isLive; step++) {
      if (stream.outbox.bytes > 100_000) {
        told++
        reader.tellPresence({ type: 'sse.presence', topic: 'a', count: step, joined: [], left: [], reset: false })
        void stream.comment('private')
      }
      stream.drained()
      await turns(3)
    }
    expect([closes, reader.isLive, told > 10]).toEqual([[], true, true])
    expect(messages().flatMap(({ event, data }) => (event === 'changed' ? JSON.parse(data ?? '').n : []))).toEqual([1, 2, 3])
  })

  test.each([
    ['frames', { maxFrames: 20 }],
    ['bytes', { maxBytes: 4_000 }],
  ])('what comes meanwhile is no more than its outbox takes at once, and all of it comes: %s', async (_, outbox) => {
    const { backplane, join, cursor } = readerSession()
    await appendAll(backplane, ['a'])
    const { reached, release } = backplane.hold('read')
    const { reader, summary, closes } = join([{ name: 'a', start: cursor(0) }], { stream: { outbox } })
    await reached
    await appendAll(
      backplane,
      Array.from({ length: 300 }, () => 'a'),
      2,
    )
    release()
    await until(() => reader.isLive || closes.length > 0)
    await turns()
    expect([closes, summary().replaceAll(/ live@\d+/g, '')]).toEqual([[], numbers(301)])
  })
})

describe('the age of what waits', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'] })
  })

  test('is the time in this outbox: events that others got long ago do not overflow it', async () => {
    const { backplane, join, cursor } = readerSession()
    const first = join(['a'])
    await until(() => first.reader.isLive)
    for (let n = 1; n <= 5; n++) {
      await appendAll(backplane, ['a'], n)
      await turns()
      vi.setSystemTime(Date.now() + 300_000)
    }
    const second = join([{ name: 'a', start: cursor(0) }])
    await until(() => second.reader.isLive || second.closes.length > 0)
    expect([second.closes, second.summary()]).toEqual([[], '1 2 3 4 5 live@5'])
    expect(first.summary()).toBe('live@0 1 2 3 4 5')
  })

  test('is that of frames that wait here, for a reader that takes nothing', async () => {
    const { backplane, join } = readerSession()
    const { reader, sink, closes } = join(['a'])
    await until(() => reader.isLive)
    sink.hasRoom = false
    await appendAll(backplane, ['a', 'a'])
    await turns()
    await appendAll(backplane, ['a'], 3)
    vi.setSystemTime(Date.now() + 120_001)
    await appendAll(backplane, ['a'], 4)
    expect(closes).toMatchObject([{ reason: 'overflow', reconnect: true }])
  })
})

describe('events of which only the latest counts', () => {
  const conflate = (): string => 'same'

  test('R9: are conflated in a replay, too, as far as it is read at once', async () => {
    const { backplane, join, cursor } = readerSession({ conflate })
    await appendAll(backplane, ['a', 'b', 'a', 'b', 'a'])
    const { reader, summary } = join(['a', 'b'].map((name) => ({ name, start: cursor(0) })))
    await until(() => reader.isLive)
    expect(summary()).toBe('4 5 live@5')
  })

  test('R9: come at the end, behind what led to them', async () => {
    const { backplane, join } = readerSession({ conflate: () => 'same' })
    const { reader, stream, sink, summary } = join(['a'])
    await until(() => reader.isLive)
    sink.hasRoom = false
    await appendAll(backplane, ['a'])
    await turns()
    await appendAll(backplane, ['a'], 2)
    void stream.send({ type: 'private', data: 'between' })
    await appendAll(backplane, ['a'], 3)
    sink.hasRoom = true
    stream.drained()
    expect([summary(), stream.outbox.conflated]).toEqual(['live@0 1 "between" 3', 1])
  })

  test('carry no link, for a reader may not have had the one before', async () => {
    const { backplane, join } = readerSession({ conflate })
    const { reader, messages } = join(['a'])
    await until(() => reader.isLive)
    for (const n of [1, 2]) {
      await backplane.append(change('a', n))
      await turns()
    }
    expect(messages().map(({ id }) => id?.includes('-'))).toEqual([false, false, false])
  })

  test('leave as one where they come in one turn of the event loop', async () => {
    const { backplane, join } = readerSession({ conflate })
    const { reader, summary } = join(['a'])
    await until(() => reader.isLive)
    for (const n of [1, 2, 3]) await backplane.append(change('a', n))
    await turns()
    expect(summary()).toBe('live@0 3')
  })

  test('whose key cannot be told replace nothing, and the hub hears of it', async () => {
    const error = new Error('no key')
    const { backplane, errors, join, cursor } = readerSession({
      conflate: () => {
        throw error
      },
    })
    await appendAll(backplane, ['a', 'a'])
    const { reader, summary } = join([{ name: 'a', start: cursor(0) }])
    await until(() => reader.isLive)
    expect([summary(), new Set(errors)]).toEqual(['1 2 live@2', new Set([error])])
  })
})

describe('events that may be left out', () => {
  test('R9: are left out of a full outbox, oldest first, and the gap stands directly before the next one', async () => {
    const { backplane, join } = readerSession({ overflow: 'drop-oldest' })
    const { reader, stream, sink, summary, closes } = join(['a'], { stream: { outbox: { maxFrames: 3 } } })
    await until(() => reader.isLive)
    sink.hasRoom = false
    await appendAll(backplane, ['a'])
    await turns()
    await appendAll(
      backplane,
      Array.from({ length: 9 }, () => 'a'),
      2,
    )
    sink.hasRoom = true
    stream.drained()
    expect([summary(), closes, stream.outbox.dropped]).toEqual(['live@0 1 gap:overflow:a 8 9 10', [], 6])
  })

  test('those of other channels close the stream instead, and the reader comes back', async () => {
    const { backplane, join } = readerSession()
    const { reader, sink, closes, errors } = join(['a'], { stream: { outbox: { maxFrames: 3 } } })
    await until(() => reader.isLive)
    sink.hasRoom = false
    await appendAll(backplane, ['a'])
    await turns()
    await appendAll(
      backplane,
      Array.from({ length: 9 }, () => 'a'),
      2,
    )
    expect(closes).toMatchObject([{ reason: 'overflow', reconnect: true }])
    expect(errors).toMatchObject([{ code: 'outbox_overflow' }])
  })
})

describe('events that not everybody may see', () => {
  test('are left out for those who may not, live and in a replay, and carry no link', async () => {
    const { backplane, join, cursor } = readerSession({
      visibleTo: ({ data }, { identity, topic }) => topic === 'a' && JSON.stringify(data) === `{"n":${identity}}`,
    })
    await appendAll(backplane, ['a', 'a', 'b'])
    const [one, two] = ['1', '2'].map((identity) =>
      join(
        ['a', 'b'].map((name) => ({ name, start: cursor(0) })),
        { identity },
      ),
    )
    if (one === undefined || two === undefined) throw new Error('nobody joined')
    await until(() => one.reader.isLive && two.reader.isLive)
    for (const n of [2, 1]) await backplane.append(change('a', n))
    await turns()
    expect([one.summary(), two.summary()]).toEqual(['1 live@3 1', '2 live@3 2'])
    expect(one.messages().every(({ id }) => id?.includes('-') === false)).toBe(true)
  })

  test('are hidden where the answer fails, and the hub hears of it', async () => {
    const error = new Error('no answer')
    const { backplane, errors, join } = readerSession({
      visibleTo: () => {
        throw error
      },
    })
    const { reader, summary } = join(['a'])
    await until(() => reader.isLive)
    await appendAll(backplane, ['a'])
    await turns()
    expect([summary(), errors]).toEqual(['live@0', [error]])
  })
})

describe('what comes live in one turn of the event loop', () => {
  test('leaves in one write, also where its publisher awaited each', async () => {
    const { backplane, join } = readerSession()
    const { reader, sink, summary } = join(['a', 'b'])
    await until(() => reader.isLive)
    await turns()
    const before = sink.writes.length
    for (const topic of ['a', 'b', 'a']) await backplane.append(change(topic, 1))
    expect(sink.writes).toHaveLength(before)
    await turns()
    expect([summary(), sink.writes.length]).toEqual(['live@0 1 1 1', before + 1])
  })
})
