import { channel, defineContract, defineEvents, text } from '@sse/schema'
import type { Control, Message } from '@sse/schema/wire'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { AlreadyFedError, HubStreamIdError, OptionError, StreamEndedError } from './errors.js'
import type { EventStream, Feeder } from './event-stream.js'
import { frameOf } from './frame.js'
import { isPending, turns } from './testing/deferred.js'
import { openFakeStream } from './testing/hub-session.js'
import { controlOf, messagesOf } from './testing/messages.js'
import { rejection } from './testing/session.js'

// A stream that somebody feeds beside its application, as a hub does.

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
  vi.spyOn(Math, 'random').mockReturnValue(0)
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const live: Control = { type: 'sse.live', topics: ['a'], resumed: false, position: '1.e.5' }
const event = (n: number): string => `event: a\ndata: ${n}\n\n`

function feeder(given: Partial<Feeder> = {}): Feeder {
  return { text: [], heartbeat: () => undefined, ...given }
}

describe('the greeting', () => {
  test('leaves first, and in one write with what is sent, relayed and told in the same turn', async () => {
    const { stream, sink } = openFakeStream()
    stream.feed(feeder())
    stream.tell({ type: 'sse.gap', topics: ['a'], reason: 'reset' })
    stream.relay(frameOf(event(1)))
    stream.tell(live, '1.e.5')
    void stream.send({ type: 'private', data: 2 })
    await turns()
    expect(sink.writes).toHaveLength(1)
    const messages = messagesOf(sink.writes[0] ?? '')
    expect(messages.map(({ event: type, id }) => [type, id])).toEqual([
      ['sse.ready', undefined],
      ['sse.gap', undefined],
      ['a', undefined],
      ['sse.live', '1.e.5'],
      ['private', undefined],
    ])
    const { key } = controlOf(messages, 'sse.ready')
    expect([controlOf(messages, 'sse.gap')['key'], controlOf(messages, 'sse.live')['key']]).toEqual([key, key])
  })

  test('leaves by itself where nothing is sent', async () => {
    const { sink } = openFakeStream()
    await turns()
    expect(messagesOf(sink.writes.join('')).map(({ event: type }) => type)).toEqual(['sse.ready'])
  })

  test('leaves before what is sent to a reader that takes no more than it', async () => {
    const { stream, sink } = openFakeStream()
    sink.hasRoom = false
    await turns()
    void stream.send({ type: 'private', data: 1 })
    await turns()
    expect(sink.writes).toHaveLength(1)
    stream.drained()
    expect(sink.writes.map((write) => messagesOf(write)[0]?.event)).toEqual(['sse.ready', 'private'])
  })

  test('names the text types of the feeder beside those of the stream, each once', async () => {
    const events = defineEvents({ token: text, tick: z.number() })
    const { stream, sink } = openFakeStream({ events })
    stream.feed(feeder({ text: ['line', 'token'] }))
    await turns()
    expect(controlOf(messagesOf(sink.writes.join('')), 'sse.ready')['text']).toEqual(['token', 'line'])
  })
})

describe('feeding', () => {
  test('text types that come after the greeting are rejected, naming one and the remedy, for readers would take them for JSON', async () => {
    const { stream } = openFakeStream()
    await turns()
    expect(() => stream.feed(feeder({ text: ['line'] }))).toThrow(OptionError)
    expect(() => stream.feed(feeder({ text: ['line'] }))).toThrow(/"line".*subscribe before anything is awaited/)
    // Nothing has changed: another feeder is welcome.
    stream.feed(feeder())
  })

  test('text types that the greeting has told already may come later', async () => {
    const { events } = defineContract({ log: channel('logs/:job', { line: text }) }).log
    const { stream } = openFakeStream({ events })
    await turns()
    expect(() => stream.feed(feeder({ text: ['line'] }))).not.toThrow()
  })

  test('a second feeder is rejected', () => {
    const { stream } = openFakeStream()
    stream.feed(feeder())
    expect(() => stream.feed(feeder())).toThrow(AlreadyFedError)
  })

  test('a stream that its application has ended takes no feeder', () => {
    const { stream } = openFakeStream()
    void stream.end()
    expect(() => stream.feed(feeder())).toThrow(StreamEndedError)
  })

  test('a stream whose reader has left takes one, for that is no mistake of anybody’s', () => {
    const { stream } = openFakeStream()
    stream.left()
    expect(() => stream.feed(feeder())).not.toThrow()
  })
})

describe('ids', () => {
  test('R8: a private event with an id is rejected, and the stream stays usable', async () => {
    const { stream, summary, closes } = openFakeStream()
    stream.feed(feeder())
    expect(await rejection(stream.send({ type: 'private', data: 1, id: '7' }))).toBeInstanceOf(HubStreamIdError)
    expect(await rejection(stream.end({ type: 'private', data: 2, id: '8' }))).toBeInstanceOf(HubStreamIdError)
    expect(await rejection(stream.sendAll([{ type: 'private', data: 3, id: '9' }]))).toBeInstanceOf(HubStreamIdError)
    expect(await stream.send({ type: 'private', data: 4 })).toBe(true)
    expect([summary(), closes]).toEqual(['4', []])
  })

  test('on a stream that nobody feeds they are the application’s own', async () => {
    const { stream, messages } = openFakeStream()
    expect(await stream.send({ type: 'private', data: 1, id: '7' })).toBe(true)
    expect(messages()).toEqual([{ event: 'private', data: '1', id: '7' }])
  })
})

describe('relaying and telling', () => {
  test('raw text that is left open is finished off before what is relayed', async () => {
    const { stream, sink } = openFakeStream()
    stream.feed(feeder())
    await turns()
    sink.writes.length = 0
    void stream.writeRaw('data: half')
    stream.relay(frameOf(event(1)))
    stream.relay(frameOf(event(2)))
    await turns()
    expect(sink.writes).toEqual([`data: half\n\n${event(1)}${event(2)}`])
  })

  test.each<[string, (stream: EventStream<Record<string, unknown>>) => void]>([
    ['ended by its application', (stream) => void stream.end()],
    ['let go', (stream) => void stream.release({ reason: 'drained', reconnect: true })],
    ['left', (stream) => stream.left()],
  ])('nothing is relayed or told on a stream that is %s', async (_, end) => {
    const { stream, summary } = openFakeStream()
    stream.feed(feeder())
    end(stream)
    stream.relay(frameOf(event(1)))
    stream.tell(live)
    await turns()
    expect(summary()).toMatch(/^(end)?$/)
    expect(await stream.room()).toBe(false)
  })

  test('a frame that does not fit into the outbox closes the stream, and the error says how much waited', async () => {
    const { stream, sink, closes, errors } = openFakeStream({ outbox: { maxFrames: 2 } })
    stream.feed(feeder())
    sink.hasRoom = false
    await turns()
    for (const n of [1, 2, 3]) stream.relay(frameOf(event(n)))
    expect(closes).toMatchObject([{ reason: 'overflow', reconnect: true, error: { code: 'outbox_overflow' } }])
    expect([errors.length, sink.calls.at(-1), stream.outbox.frames]).toEqual([1, 'destroy', 0])
  })

  test('frames that may be replaced or left out never close it, and the gap is a control message of the stream', async () => {
    const { stream, sink, closes, messages, summary } = openFakeStream({ outbox: { maxFrames: 2 } })
    stream.feed(feeder())
    sink.hasRoom = false
    await turns()
    for (const n of [1, 2, 3, 4]) stream.relay(frameOf(event(n), { policy: 'drop-oldest', topic: 'orders/1' }))
    for (const n of [5, 6]) stream.relay(frameOf(event(n), { policy: 'conflate', key: 'k' }))
    expect([stream.outbox.dropped, stream.outbox.conflated, closes]).toEqual([3, 1, []])
    sink.hasRoom = true
    stream.drained()
    expect(summary()).toBe('gap:overflow:orders/1 4 6')
    const { key } = controlOf(messagesOf(sink.writes.join('')), 'sse.ready')
    expect(controlOf(messages(), 'sse.gap')['key']).toBe(key)
  })
})

describe('room', () => {
  test('resolves true when the sink takes more, also where nothing was sent', async () => {
    const { stream } = openFakeStream()
    expect(await stream.room()).toBe(true)
  })

  test('waits for a full sink, and resolves false where the reader leaves meanwhile', async () => {
    const { stream, sink } = openFakeStream()
    sink.hasRoom = false
    await turns()
    const room = stream.room()
    expect(await isPending(room, 5)).toBe(true)
    stream.left()
    expect([await room, await stream.room()]).toEqual([false, false])
  })
})

describe('release and cut', () => {
  test('a stream that is released sends its last text behind what waits, ends, and says why', async () => {
    const { stream, sink, summary, closes } = openFakeStream()
    stream.feed(feeder())
    stream.relay(frameOf(event(1)))
    await stream.release({ reason: 'rewound', reconnect: true }, 'id: 1.e.3\n\n')
    expect([summary(), closes, sink.calls]).toEqual(['1 id@3', [{ reason: 'rewound', reconnect: true }], ['write', 'end']])
  })

  test('the first release counts, and resolves for all when the stream is over', async () => {
    const { stream, closes } = openFakeStream()
    await Promise.all([
      stream.release({ reason: 'drained', reconnect: true }),
      stream.release({ reason: 'disconnected', reconnect: true }),
      stream.end(),
    ])
    expect(closes).toEqual([{ reason: 'drained', reconnect: true }])
  })

  test('what its application sends on a stream that was let go is answered with false, not with an error', async () => {
    const { stream } = openFakeStream()
    void stream.release({ reason: 'drained', reconnect: true })
    expect([await stream.send({ type: 'private', data: 1 }), await stream.sendAll([{ type: 'private', data: 2 }])]).toEqual([false, false])
  })

  test('a stream that is cut is broken off, whatever was on its way', async () => {
    const { stream, sink, closes } = openFakeStream()
    sink.hasRoom = false
    void stream.send({ type: 'private', data: 1 })
    stream.cut('drained')
    await turns()
    expect([closes, sink.calls, vi.getTimerCount()]).toEqual([[{ reason: 'drained', reconnect: true }], ['destroy'], 0])
  })

  test('a stream that was let go and is cut keeps the reason of the first', async () => {
    const { stream, sink, closes } = openFakeStream()
    sink.hasRoom = false
    await turns()
    void stream.send({ type: 'private', data: 1 })
    void stream.release({ reason: 'disconnected', reconnect: true })
    await turns()
    expect(closes).toEqual([])
    stream.cut('drained')
    stream.cut('drained')
    expect([closes, sink.calls.at(-1)]).toEqual([[{ reason: 'disconnected', reconnect: true }], 'destroy'])
  })
})

describe('a heartbeat', () => {
  const beat = (milliseconds = 1_000): Promise<unknown> => vi.advanceTimersByTimeAsync(milliseconds)

  test.each<[string, Message | Control | undefined, string | RegExp]>([
    ['a comment, where the feeder has nothing to say', undefined, ':\n\n'],
    ['a frame with nothing but an id', { id: '1.e.5' }, 'id: 1.e.5\n\n'],
    [
      'a control message with the stream’s key',
      live,
      /^event: sse\.live\ndata: \{"topics":\["a"\],.*"position":"1\.e\.5","key":"\w+"\}\n\n$/,
    ],
  ])('is %s', async (_, said, expected) => {
    const { stream, sink } = openFakeStream({ heartbeat: 1_000 })
    stream.feed(feeder({ heartbeat: () => said }))
    await turns()
    await beat()
    expect(sink.writes).toHaveLength(2)
    expect(sink.writes[1]).toMatch(expected)
  })

  test('does not ask the feeder for a position behind a full sink: it would be told with what does not leave', async () => {
    const heartbeat = vi.fn(() => undefined)
    const { stream, sink } = openFakeStream({ heartbeat: 1_000 })
    stream.feed(feeder({ heartbeat }))
    sink.hasRoom = false
    await turns()
    await beat(5_000)
    expect([heartbeat.mock.calls.length, sink.writes.length]).toEqual([0, 1])
  })

  test('finds an outbox whose oldest frame has waited for too long, also where nothing else comes', async () => {
    const { stream, sink, closes } = openFakeStream({ heartbeat: 1_000, outbox: { maxAge: 10_000 } })
    sink.hasRoom = false
    await turns()
    stream.relay(frameOf(event(1)))
    await beat(10_000)
    expect(closes).toEqual([])
    await beat()
    expect(closes).toMatchObject([{ reason: 'overflow', reconnect: true }])
    expect([sink.calls, vi.getTimerCount()]).toEqual([['write', 'destroy'], 0])
  })
})
