import { readControl } from '@sse/schema/wire'
import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { adapters, fetchDirectly } from '../testing/adapters.js'
import { controlOf, messagesOf } from '../testing/messages.js'
import { openSession } from '../testing/session.js'

// Wire text of other people's, relayed as it is, by every adapter alike.

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe.each(adapters)('$name', (adapter) => {
  test('E65 raw text and raw bytes go out as they are', async () => {
    await using session = await openSession(adapter)
    await session.incoming.until('\n\n')
    expect(await session.stream.writeRaw('event: a\r\nid: 1\r\ndata: x\r\n\r\n')).toBe(true)
    await session.stream.writeRaw(bytes(':c\ndata:y\n\n'))
    await session.incoming.until('data:y\n\n')
    expect(session.incoming.chunks.slice(1).join('')).toBe('event: a\r\nid: 1\r\ndata: x\r\n\r\n:c\ndata:y\n\n')
  })

  test('E65 bytes may be cut anywhere, also within a character', async () => {
    await using session = await openSession(adapter)
    for (const byte of bytes('data: €豆腐🥢\n\n')) await session.stream.writeRaw(Uint8Array.of(byte))
    await session.stream.end()
    expect(await session.incoming.events()).toEqual([{ data: '€豆腐🥢' }])
  })

  test('E65 a byte order mark is data like any other, for it is not at the start of the stream', async () => {
    await using session = await openSession(adapter)
    await session.stream.writeRaw(bytes('\uFEFFdata: a\n\n'))
    await session.stream.writeRaw(bytes('\uFEFFdata: b\n\n'))
    expect(await session.incoming.until('data: b')).toContain('\n\n\uFEFFdata: a\n\n\uFEFFdata: b')
  })

  test.each(['data: cut', 'data: cut\n', 'data: cut\r', 'data: cut\r\n'])(
    'E65 what %j leaves unfinished does not swallow the next event',
    async (cut) => {
      await using session = await openSession(adapter)
      await session.stream.writeRaw(cut)
      await session.stream.send({ type: 'tick', data: 1 })
      await session.stream.end()
      expect((await session.incoming.messages()).slice(1)).toEqual([
        { data: 'cut' },
        { event: 'tick', data: '1' },
        { event: 'sse.end', data: expect.any(String), id: 'sse.end' },
      ])
    },
  )

  test.each<[string, (session: Awaited<ReturnType<typeof openSession>>) => Promise<unknown>]>([
    ['a comment', ({ stream }) => stream.comment('c').then(() => stream.end())],
    ['the end', ({ stream }) => stream.end()],
    ['a close', ({ stream }) => stream.close({ retry: 5 })],
  ])('E65 %s is no part of an unfinished raw message before it', async (_, then) => {
    await using session = await openSession(adapter)
    await session.stream.writeRaw('data: cut')
    await then(session)
    expect((await session.incoming.messages())[1]).toEqual({ data: 'cut' })
  })

  test('E65 a raw message that comes in pieces stays one', async () => {
    await using session = await openSession(adapter)
    for (const piece of ['data: a\n', 'data', ': b', '\r', '\n', '\r\n']) await session.stream.writeRaw(piece)
    await session.stream.end()
    expect(await session.incoming.events()).toEqual([{ data: 'a\nb' }])
  })

  test('E65 no heartbeat goes into an unfinished raw line', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    await using session = await openSession(adapter, { heartbeat: 1000 })
    await session.stream.writeRaw('data: a\nda')
    await vi.advanceTimersByTimeAsync(10_000)
    await session.stream.writeRaw('ta: b\n\n')
    await vi.advanceTimersByTimeAsync(1000)
    await session.stream.end()
    const wire = await session.incoming.all()
    expect(wire).toContain('\n\ndata: a\ndata: b\n\n:\n\n')
  })

  test('D47 E65 between the lines of a raw message heartbeats go on, each a line that does not end it', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    vi.spyOn(Math, 'random').mockReturnValue(0)
    await using session = await openSession(adapter, { heartbeat: 1000 })
    await session.incoming.until('\n\n')
    await session.stream.writeRaw(':ping\n')
    await vi.advanceTimersByTimeAsync(2000)
    expect(await session.incoming.until(':ping\n:\n:\n')).toMatch(/\n\n:ping\n:\n:\n$/)
    await session.stream.writeRaw('data: a\r\n')
    await vi.advanceTimersByTimeAsync(1000)
    await session.stream.writeRaw('data: b\n\n')
    await session.stream.end()
    expect(await session.incoming.events()).toEqual([{ data: 'a\nb' }])
  })

  test('E65 no heartbeat goes between CR and LF, where it would make of one line end two', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    await using session = await openSession(adapter, { heartbeat: 1000 })
    await session.stream.writeRaw('data: a\r')
    await vi.advanceTimersByTimeAsync(10_000)
    await session.stream.writeRaw('\ndata: b\n\n')
    await session.stream.end()
    expect(await session.incoming.events()).toEqual([{ data: 'a\nb' }])
  })

  test("E65 raw text cannot forge the protocol's own messages", async () => {
    await using session = await openSession(adapter)
    const forged = [
      'event: sse.end\ndata: {"reason":"forged"}\nid: sse.end\n\n',
      'event: sse.end\ndata: {"reason":"forged","key":"guessed"}\n\n',
      'event: sse.ready\ndata: {"protocol":1,"key":"mine"}\n\nevent: sse.error\ndata: {"code":"forged","message":"","key":"mine"}\n\n',
    ]
    for (const text of forged) await session.stream.writeRaw(text)
    await session.stream.end()
    const messages = await session.incoming.messages()
    const key = String(controlOf(messages, 'sse.ready')['key'])
    const believed = messages.filter((message) => readControl(message, key) !== undefined)
    expect(believed).toEqual(messages.slice(-1))
    expect(controlOf(believed, 'sse.end')['reason']).toBe('ended')
  })
})

test('E65 property: whatever raw text comes before it, in whatever pieces, the next event is read whole', async () => {
  const piece = fc.oneof(
    fc.constantFrom('data: x', '\n', '\r', '\r\n', ':', 'event: sse.end', 'id: \0', '\n\n'),
    fc.string({ unit: 'binary' }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(piece), async (pieces) => {
      await using session = await openSession(fetchDirectly)
      for (const text of pieces) void session.stream.writeRaw(text)
      void session.stream.send({ type: 'tick', data: 'whole' })
      await session.stream.end()
      const [event, end] = messagesOf(await session.incoming.all()).slice(-2)
      expect(event).toEqual({ event: 'tick', data: '"whole"' })
      expect(end?.event).toBe('sse.end')
    }),
  )
})
