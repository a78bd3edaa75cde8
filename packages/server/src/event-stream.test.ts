import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Close } from './close.js'
import { EventStream } from './event-stream.js'
import { type StreamOptions, settingsOf } from './options.js'
import { isPending, turns } from './testing/deferred.js'
import { FakeSink } from './testing/fake-sink.js'

// Orders of events that no real connection gives on demand: who is first, and what comes twice.

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const tick = { type: 'tick', data: 1 }

function openStream(options: StreamOptions = {}): { stream: EventStream<Record<string, unknown>>; sink: FakeSink; closes: Close[] } {
  const sink = new FakeSink()
  const closes: Close[] = []
  const settings = settingsOf({ onError: () => {}, onClose: (close) => void closes.push(close), heartbeat: 0, ...options })
  const stream = new EventStream<Record<string, unknown>>(sink, settings, { request: 'GET /', lastEventId: undefined })
  stream.open()
  return { stream, sink, closes }
}

describe('a large event and a slow reader', () => {
  const large = { type: 'large', data: 'x'.repeat(500_000) }
  const writeTimeout = 1_000

  test('a reader that takes a part of it within each writeTimeout is not stalled, and gets all of it', async () => {
    const { stream, sink, closes } = openStream({ writeTimeout })
    await turns()
    sink.writes.length = 0
    sink.hasRoom = false
    const sent = stream.send(large)
    await turns()
    while (await isPending(sent)) {
      vi.advanceTimersByTime(writeTimeout - 1)
      expect(closes).toEqual([])
      stream.drained()
    }
    expect(await sent).toBe(true)
    expect(sink.writes.length).toBeGreaterThan(5)
    expect(sink.writes.join('')).toBe(`event: large\ndata: ${JSON.stringify(large.data)}\n\n`)
  })

  test('a reader that takes no part of it within writeTimeout is stalled', async () => {
    const { stream, sink, closes } = openStream({ writeTimeout })
    sink.hasRoom = false
    const sent = stream.send(large)
    await turns()
    stream.drained()
    vi.advanceTimersByTime(writeTimeout)
    expect(await sent).toBe(false)
    expect(closes).toEqual([{ reason: 'stalled', reconnect: true }])
  })
})

describe('D49 the earliest cause ends a stream, once', () => {
  const left: Close = { reason: 'left', reconnect: true }
  const ended: Close = { reason: 'ended', reconnect: false }

  test('a reader that leaves while the end is on its way was not told', async () => {
    const { stream, closes } = openStream()
    const over = stream.end()
    await turns()
    stream.left(false)
    stream.left(true)
    await over
    expect(closes).toEqual([left])
  })

  test('an end that went out is the end, whatever the connection does after it', async () => {
    const { stream, closes } = openStream()
    const over = stream.end()
    await turns()
    stream.left(true)
    stream.left(false)
    await over
    expect(closes).toEqual([ended])
  })

  test('a connection that somebody else ended is no end of ours', () => {
    const { stream, closes } = openStream()
    stream.left(true)
    expect(closes).toEqual([left])
  })

  test('nothing is written, and no time runs, once it is over', async () => {
    const { stream, sink, closes } = openStream({ heartbeat: 1000 })
    void stream.send(tick)
    stream.left()
    await turns()
    await vi.advanceTimersByTimeAsync(100_000)
    stream.drained()
    await stream.fail(stream.signal.reason)
    expect([sink.calls, closes, vi.getTimerCount()]).toEqual([[], [left], 0])
  })

  test('a connection that never finishes is given up at the write deadline, its end included', async () => {
    const { stream, sink, closes } = openStream({ writeTimeout: 5000 })
    const over = stream.end()
    await turns()
    expect(sink.calls).toEqual(['write', 'end'])
    await vi.advanceTimersByTimeAsync(4999)
    expect(closes).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    await over
    expect([closes, sink.calls.at(-1)]).toEqual([[{ reason: 'stalled', reconnect: true }], 'destroy'])
  })

  test('nothing is written after the end, though the connection takes its time', async () => {
    const { stream, sink } = openStream({ heartbeat: 1000 })
    void stream.end()
    await turns()
    await vi.advanceTimersByTimeAsync(10_000)
    expect(sink.calls).toEqual(['write', 'end'])
  })

  test('the deadline begins anew when the sink has drained', async () => {
    const { stream, sink, closes } = openStream({ writeTimeout: 5000 })
    sink.hasRoom = false
    await turns()
    await vi.advanceTimersByTimeAsync(4000)
    void stream.send(tick)
    stream.drained()
    await vi.advanceTimersByTimeAsync(4000)
    expect(closes).toEqual([])
    await vi.advanceTimersByTimeAsync(1000)
    expect(closes).toEqual([{ reason: 'stalled', reconnect: true }])
  })

  test('a sink that asks for more while it takes the last write is ended once', async () => {
    const { stream, sink } = openStream()
    await turns()
    sink.onWrite = () => stream.drained()
    void stream.end()
    await turns()
    expect(sink.calls).toEqual(['write', 'write', 'end'])
  })

  test('a reader that leaves while the sink takes a write leaves no timer behind', async () => {
    const { stream, sink, closes } = openStream()
    sink.hasRoom = false
    sink.onWrite = () => stream.left()
    void stream.send(tick)
    await turns()
    expect([closes, vi.getTimerCount(), sink.calls]).toEqual([[left], 0, ['write']])
  })

  test('a reader that leaves while the sink takes the last write is not ended again', async () => {
    const { stream, sink, closes } = openStream()
    await turns()
    sink.onWrite = () => stream.left()
    const over = stream.end()
    await over
    await turns()
    expect([closes, sink.calls]).toEqual([[left], ['write', 'write']])
  })
})

describe('what leaves when', () => {
  test('one turn is one write, and what comes behind a full sink is one write, too', async () => {
    const { stream, sink } = openStream()
    void stream.send(tick)
    sink.hasRoom = false
    await turns()
    expect(sink.writes).toHaveLength(1)
    const waiting = Promise.all([stream.send(tick), stream.comment('c')])
    expect(await isPending(waiting)).toBe(true)
    expect(sink.writes).toHaveLength(1)
    sink.hasRoom = true
    stream.drained()
    expect(await waiting).toEqual([true, true])
    expect(sink.writes.slice(1)).toEqual(['event: tick\ndata: 1\n\n:c\n\n'])
  })

  test('D44 a turn that is more than one write can hold is cut between events', async () => {
    const { stream, sink } = openStream()
    for (let n = 0; n < 5000; n++) void stream.send({ type: 'tick', data: `${n}` })
    await turns()
    expect(sink.writes.length).toBeGreaterThan(1)
    for (const write of sink.writes) expect(write).toMatch(/^event: .*\n\n$/s)
    expect(sink.writes.join('').match(/event: tick/g)).toHaveLength(5000)
  })

  test('an end waits for what is before it', async () => {
    const { stream, sink } = openStream()
    sink.hasRoom = false
    await turns()
    void stream.send(tick)
    void stream.end()
    await turns()
    expect(sink.calls).toEqual(['write'])
    sink.hasRoom = true
    stream.drained()
    expect(sink.calls).toEqual(['write', 'write', 'end'])
    expect(sink.writes[1]).toMatch(/^event: tick\n.+\n\nevent: sse\.end\n/)
  })

  test('a failed stream takes no more, and says so by false', async () => {
    const { stream, sink } = openStream()
    const failed = stream.fail(new Error('no'))
    expect(await stream.send(tick)).toBe(false)
    stream.left(true)
    await failed
    expect(sink.writes.join('')).not.toContain('tick')
  })

  test('nothing that the application was not asked about makes a stream answer: it is over before it is open', async () => {
    const sink = new FakeSink()
    const stream = new EventStream(sink, settingsOf({}), { request: 'HEAD /', lastEventId: undefined })
    stream.answered()
    expect(await stream.closed).toEqual({ reason: 'answered', reconnect: false })
    expect([stream.isOver, stream.signal.aborted, sink.calls]).toEqual([true, true, []])
  })
})
