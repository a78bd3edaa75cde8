import { afterEach, describe, expect, test, vi } from 'vitest'
import { StreamEndedError } from '../errors.js'
import type { Source } from '../source.js'
import type { Stream } from '../stream.js'
import { adapters } from '../testing/adapters.js'
import { deferred, isPending, turns } from '../testing/deferred.js'
import { controlOf } from '../testing/messages.js'
import { openSession, rejection } from '../testing/session.js'

// How a stream ends, and what both sides are told, by every adapter alike.

const tick = { type: 'tick', data: 1 }

afterEach(() => {
  vi.restoreAllMocks()
})

describe.each(adapters)('$name', (adapter) => {
  test('E61 a one-off update is one event and a definitive end', async () => {
    await using served = await adapter.serve({}, (stream) => stream.end({ type: 'done', data: 1 }))
    const messages = await (await served.ask()).messages()
    expect(messages.slice(1)).toEqual([
      { event: 'done', data: '1' },
      { event: 'sse.end', data: expect.any(String), id: 'sse.end' },
    ])
    expect(controlOf(messages, 'sse.end')).toEqual({ reason: 'ended', key: controlOf(messages, 'sse.ready')['key'] })
  })

  test('a stream that is closed from elsewhere, as a drain does, stops its sendAll and is no error', async () => {
    await using session = await openSession(adapter)
    let item: () => void = () => {}
    async function* endless(): AsyncGenerator<typeof tick> {
      for (;;) {
        yield tick
        await new Promise<void>((resolve) => {
          item = resolve
        })
      }
    }
    const all = session.stream.sendAll(endless())
    await turns()
    const closed = session.stream.close({ retry: 100 })
    item()
    expect(await all).toBe(false)
    await closed
    expect(session.errors).toEqual([])
  })

  test('a producer that returns ends its stream for good', async () => {
    const closed = deferred<unknown>()
    await using served = await adapter.serve({ onClose: closed.resolve }, (stream) => stream.send({ type: 'tick', data: 1 }))
    expect((await (await served.ask()).messages()).at(-1)).toMatchObject({ event: 'sse.end', id: 'sse.end' })
    expect(await closed.promise).toEqual({ reason: 'ended', reconnect: false })
  })

  test('a stream that was closed lets its reader come back when it was told', async () => {
    await using session = await openSession(adapter)
    await session.stream.close({ retry: 2500 })
    const messages = await session.incoming.messages()
    expect(messages.slice(1)).toEqual([{ retry: 2500 }])
    expect(session.closes).toEqual([{ reason: 'closed', reconnect: true }])
  })

  test('a stream that was closed without a time leaves the time to its reader', async () => {
    await using session = await openSession(adapter)
    await session.stream.close()
    expect((await session.incoming.messages()).map(({ event }) => event)).toEqual(['sse.ready'])
  })

  test.each<[string, (stream: Stream) => Promise<void>]>([
    ['end', (stream) => stream.end()],
    ['close', (stream) => stream.close()],
  ])('whatever is sent after %s is rejected, and none of it is sent', async (_, over) => {
    await using session = await openSession(adapter)
    const { stream } = session
    const ending = over(stream)
    const late = [
      () => stream.send({ type: 'tick', data: 1 }),
      () => stream.comment('late'),
      () => stream.writeRaw('data: late\n\n'),
      () => stream.end({ type: 'tick', data: 1 }),
    ]
    const errors = await Promise.all(late.map((send) => rejection(send())))
    const body = await session.incoming.all()
    await ending
    // The answer is the same once the stream is over.
    errors.push(...(await Promise.all(late.map((send) => rejection(send())))))
    expect(errors).toEqual(Array.from({ length: 8 }, () => expect.any(StreamEndedError)))
    expect(body).not.toMatch(/late|tick/)
  })

  test('what is sent after end(event), though nobody awaited the end, is rejected and not sent', async () => {
    await using session = await openSession(adapter)
    const { stream } = session
    const ending = stream.end({ type: 'last', data: 1 })
    const errors = await Promise.all([rejection(stream.send(tick)), rejection(stream.end(tick)), rejection(stream.sendAll([tick]))])
    await ending
    expect(errors).toEqual(Array.from({ length: 3 }, () => expect.any(StreamEndedError)))
    expect(await session.incoming.events()).toEqual([{ event: 'last', data: '1' }])
  })

  test('a last event takes no more room in the outbox than any other', async () => {
    await using session = await openSession(adapter, { outbox: { maxFrames: 1 } })
    await session.incoming.until('\n\n')
    await session.stream.end(tick)
    expect(session.closes).toEqual([{ reason: 'ended', reconnect: false }])
  })

  test.each<[string, (stream: Stream) => Promise<void>]>([
    ['closed', (stream) => stream.close({ retry: 100 })],
    ['ended', (stream) => stream.end()],
  ])('a producer that was still sending when its stream was %s from elsewhere has not failed', async (reason, over) => {
    const opened = deferred<Stream>()
    const ending = deferred<void>()
    const closed = deferred<unknown>()
    const errors: unknown[] = []
    const options = { onError: (error: unknown) => errors.push(error), onClose: closed.resolve }
    await using served = await adapter.serve(options, async (stream) => {
      opened.resolve(stream)
      await ending.promise
      await stream.send(tick)
    })
    const incoming = await served.ask()
    const stream = await opened.promise
    const gone = over(stream)
    ending.resolve()
    expect(await incoming.events()).toEqual(reason === 'closed' ? [{ retry: 100 }] : [])
    await gone
    expect(await closed.promise).toMatchObject({ reason })
    await turns()
    expect(errors).toEqual([])
  })

  test('ending twice is ending once, and both wait for the end', async () => {
    await using session = await openSession(adapter)
    const { stream } = session
    const over: string[] = []
    void stream.closed.then(() => over.push('closed'))
    await Promise.all([stream.end(), stream.end().then(() => over.push('second')), stream.close()])
    await stream.end()
    expect((await session.incoming.all()).match(/event: sse\.end/g)).toHaveLength(1)
    expect(over).toEqual(['closed', 'second'])
    expect(session.closes).toEqual([{ reason: 'ended', reconnect: false }])
  })

  test('closing after an end, or ending after a close, changes nothing', async () => {
    await using session = await openSession(adapter)
    await session.stream.close()
    await session.stream.end()
    expect(await session.incoming.all()).not.toContain('sse.end')
    expect(await session.stream.closed).toEqual({ reason: 'closed', reconnect: true })
  })

  test('events that were sent before the end arrive before it', async () => {
    await using session = await openSession(adapter)
    for (let n = 0; n < 100; n++) void session.stream.send({ type: 'tick', data: n })
    await session.stream.end()
    expect((await session.incoming.events()).map(({ data }) => data)).toEqual(Array.from({ length: 100 }, (_, n) => String(n)))
  })

  test('D49 D53 a reader that leaves ends its stream, once, and is no error', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {})
    await using session = await openSession(adapter)
    const { stream } = session
    await session.incoming.until('\n\n')
    session.incoming.leave()
    expect(await stream.closed).toEqual({ reason: 'left', reconnect: true })
    expect(stream.signal.aborted).toBe(true)
    expect(session.errors).toEqual([])
    expect(session.closes).toEqual([{ reason: 'left', reconnect: true }])
    // Nor does the server around it take what the adapter did for one.
    await turns(5)
    expect(log).not.toHaveBeenCalled()
  })

  test('D53 what is sent to a reader that has left resolves false', async () => {
    await using session = await openSession(adapter)
    const { stream } = session
    session.incoming.leave()
    await stream.closed
    expect(await stream.send({ type: 'tick', data: 1 })).toBe(false)
    expect(await stream.comment('anybody?')).toBe(false)
    expect(await stream.writeRaw('data: x\n\n')).toBe(false)
    expect(await stream.sendAll([{ type: 'tick', data: 1 }])).toBe(false)
    await stream.end({ type: 'tick', data: 1 })
    await stream.close()
    expect(session.errors).toEqual([])
    expect(session.closes).toEqual([{ reason: 'left', reconnect: true }])
  })

  test.each<[string, (returned: () => void) => Source<{ type: string; data: number }>]>([
    [
      'a generator',
      function* (returned) {
        try {
          for (;;) yield tick
        } finally {
          returned()
        }
      },
    ],
    [
      'an async generator',
      async function* (returned) {
        try {
          for (;;) yield tick
        } finally {
          returned()
        }
      },
    ],
    ['a silent ReadableStream', (returned) => new ReadableStream({ cancel: returned })],
    [
      'an iterator that is stuck in next()',
      (returned) => ({
        [Symbol.asyncIterator]: () => ({
          next: () => new Promise<never>(() => {}),
          return: async () => {
            returned()
            return { done: true as const, value: undefined }
          },
        }),
      }),
    ],
  ])('D49 the source of a reader that left is returned: %s', async (_, sourceWith) => {
    await using session = await openSession(adapter)
    const returned = deferred<string>()
    const all = session.stream.sendAll(sourceWith(() => returned.resolve('returned')))
    await session.incoming.until('\n\n')
    session.incoming.leave()
    expect(await all).toBe(false)
    expect(await returned.promise).toBe('returned')
    expect(session.errors).toEqual([])
  })

  test('the signal aborts when the stream was ended, too', async () => {
    await using session = await openSession(adapter)
    expect(session.stream.signal.aborted).toBe(false)
    await session.stream.end()
    expect(session.stream.signal.aborted).toBe(true)
  })

  test('closed does not resolve while the stream is open', async () => {
    await using session = await openSession(adapter)
    await session.stream.send({ type: 'tick', data: 1 })
    expect(await isPending(session.stream.closed)).toBe(true)
  })
})
