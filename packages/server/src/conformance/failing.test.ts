import { SchemaError } from '@sse/schema'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { ReaderError } from '../errors.js'
import type { ErrorContext, StreamOptions } from '../options.js'
import type { Stream } from '../stream.js'
import { adapters, type Served } from '../testing/adapters.js'
import { deferred, turns } from '../testing/deferred.js'
import type { Incoming } from '../testing/incoming.js'
import { controlOf } from '../testing/messages.js'
import { openSession } from '../testing/session.js'

// What a producer throws: who is told, and how much, by every adapter alike.

afterEach(() => {
  vi.restoreAllMocks()
})

const secret = new Error('connect postgres://user:password@db: refused')

interface Told {
  readonly errors: { readonly error: unknown; readonly context: ErrorContext }[]
  readonly options: StreamOptions
  readonly closed: Promise<unknown>
}

function told(): Told {
  const errors: Told['errors'] = []
  const { promise: closed, resolve } = deferred<unknown>()
  return { errors, options: { onError: (error, context) => void errors.push({ error, context }), onClose: resolve }, closed }
}

describe.each(adapters)('$name', (adapter) => {
  test.each<[string, (stream: Stream) => unknown]>([
    [
      'at once',
      () => {
        throw secret
      },
    ],
    ['by rejecting', () => Promise.reject(secret)],
    [
      'in an iterable, mid-stream',
      (stream) =>
        stream.sendAll(
          (function* () {
            yield { type: 'tick', data: 1 }
            throw secret
          })(),
        ),
    ],
  ])('D54 a producer that fails %s: general words to the reader, all of it to onError, and the stream closed', async (_, producer) => {
    const { errors, options, closed } = told()
    await using served = await adapter.serve(options, producer)
    const incoming = await served.ask({ path: '/events?token=secret', headers: { 'last-event-id': '41' } })
    const messages = await incoming.messages()
    expect(controlOf(messages, 'sse.error')).toEqual({
      code: 'internal',
      message: 'The server failed to go on with this stream.',
      retry: true,
      key: controlOf(messages, 'sse.ready')['key'],
    })
    expect(await incoming.all()).not.toMatch(/postgres|password|sse\.end/)
    expect(await closed).toEqual({ reason: 'failed', reconnect: true, error: secret })
    // Method and path, and never the query, which may hold secrets.
    expect(errors).toEqual([{ error: secret, context: { request: 'GET /events', lastEventId: '41' } }])
  })

  test('D54 events that were sent before the failure arrive, and the process serves on', async () => {
    const { options } = told()
    let runs = 0
    await using served = await adapter.serve(options, async (stream) => {
      if (++runs > 1) return
      void stream.send({ type: 'tick', data: 1 })
      throw secret
    })
    expect(await (await served.ask()).events()).toEqual([{ event: 'tick', data: '1' }])
    expect((await (await served.ask()).messages()).map(({ event }) => event)).toEqual(['sse.ready', 'sse.end'])
  })

  test('what an application meant for its reader is told as it is, and the reader stays away', async () => {
    const { errors, options, closed } = told()
    const error = new ReaderError('quota', 'Your quota of today is used up.')
    await using served = await adapter.serve(options, () => {
      throw error
    })
    const messages = await (await served.ask()).messages()
    expect(controlOf(messages, 'sse.error')).toMatchObject({ code: 'quota', message: 'Your quota of today is used up.', retry: false })
    expect(messages.at(-1)?.id).toBe('sse.end')
    expect(await closed).toEqual({ reason: 'failed', reconnect: false, error })
    expect(errors).toHaveLength(1)
    // A native EventSource comes back all the same, with the id it was given.
    expect((await served.ask({ headers: { 'last-event-id': 'sse.end' } })).status).toBe(204)
  })

  test('a reader that may come back is given no end', async () => {
    const { options, closed } = told()
    const error = new ReaderError('busy', 'Try again.', { retry: true })
    await using served = await adapter.serve(options, () => Promise.reject(error))
    const last = (await (await served.ask()).messages()).at(-1)
    expect(last).toEqual({ event: 'sse.error', data: expect.stringContaining('"retry":true') })
    expect(await closed).toEqual({ reason: 'failed', reconnect: true, error })
  })

  test('D54 without onError the failure is written to the console', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {})
    await using served = await adapter.serve({}, () => Promise.reject(secret))
    await (await served.ask({ path: '/events?token=secret' })).all()
    expect(log.mock.calls).toEqual([['[@sse/server] GET /events:', secret]])
  })

  test('what a producer throws after its own end is told to onError only', async () => {
    const { errors, options, closed } = told()
    await using served = await adapter.serve(options, async (stream) => {
      await stream.end()
      throw secret
    })
    expect((await (await served.ask()).messages()).map(({ event }) => event)).toEqual(['sse.ready', 'sse.end'])
    expect(await closed).toEqual({ reason: 'ended', reconnect: false })
    await turns()
    expect(errors.map(({ error }) => error)).toEqual([secret])
  })

  test('an invalid event is what failed, though the source of it then throws while it cleans up', async () => {
    const { errors, options } = told()
    await using served = await adapter.serve(options, (stream) =>
      stream.sendAll(
        (function* () {
          try {
            yield { type: 'bad', data: 1n }
          } finally {
            failing()
          }
        })(),
      ),
    )
    await (await served.ask()).all()
    await turns()
    expect(errors.map(({ error }) => error)).toEqual([expect.any(SchemaError)])
  })

  test('sends after a failure resolve false', async () => {
    const { options, closed } = told()
    const streams: Stream[] = []
    await using served = await adapter.serve(options, (stream) => {
      streams.push(stream)
      throw secret
    })
    await (await served.ask()).all()
    await closed
    expect(await Promise.all(streams.map((stream) => stream.send({ type: 'tick', data: 1 })))).toEqual([false])
  })

  describe('D53 a reader that leaves is not an error', () => {
    async function leave(served: Served): Promise<Incoming> {
      const incoming = await served.ask()
      await incoming.until('\n\n')
      incoming.leave()
      return incoming
    }

    test.each<[string, (stream: Stream) => Promise<unknown>]>([
      ['a wait that rejects with the reason of the signal', (stream) => aborted(stream.signal, (signal) => signal.reason)],
      [
        'a wait that rejects with an AbortError of its own',
        (stream) => aborted(stream.signal, () => new DOMException('Stopped', 'AbortError')),
      ],
      [
        'a failure whose cause is the signal',
        (stream) => aborted(stream.signal, (signal) => new TypeError('terminated', { cause: signal.reason })),
      ],
      ['a send that nobody takes', (stream) => stream.closed.then(() => stream.send({ type: 'tick', data: 1 }))],
    ])('%s is not reported', async (_, producer) => {
      const { errors, options, closed } = told()
      const over = deferred<void>()
      await using served = await adapter.serve(options, async (stream) => {
        await producer(stream).finally(over.resolve)
      })
      await leave(served)
      expect(await closed).toEqual({ reason: 'left', reconnect: true })
      await over.promise
      await turns()
      expect(errors).toEqual([])
    })

    test('but a real failure after it is', async () => {
      const error = deferred<unknown>()
      await using served = await adapter.serve({ onError: error.resolve }, async (stream) => {
        await stream.closed
        throw secret
      })
      await leave(served)
      expect(await error.promise).toBe(secret)
    })

    test('and an AbortError of a reader that is still there is a failure', async () => {
      const { errors, options } = told()
      const error = new DOMException('The upstream gave up', 'AbortError')
      await using served = await adapter.serve(options, () => Promise.reject(error))
      await (await served.ask()).all()
      expect(errors.map((told) => told.error)).toEqual([error])
    })
  })

  describe('a callback that throws', () => {
    test('onError: the stream is closed all the same, and the process lives', async () => {
      const log = vi.spyOn(console, 'error').mockImplementation(() => {})
      const own = new Error('the logger failed')
      const closed = deferred<unknown>()
      const onError = (): void => {
        throw own
      }
      await using served = await adapter.serve({ onError, onClose: closed.resolve }, () => Promise.reject(secret))
      expect(controlOf(await (await served.ask()).messages(), 'sse.error')['code']).toBe('internal')
      expect(await closed.promise).toMatchObject({ reason: 'failed' })
      expect(log.mock.calls).toEqual([['[@sse/server] GET /:', own]])
    })

    test('an async onError that rejects does not end the process: it is written to the console', async () => {
      const log = vi.spyOn(console, 'error').mockImplementation(() => {})
      const own = new Error('the logger failed')
      const onError = (): Promise<never> => Promise.reject(own)
      await using served = await adapter.serve({ onError }, () => Promise.reject(secret))
      expect(controlOf(await (await served.ask()).messages(), 'sse.error')['code']).toBe('internal')
      await turns()
      expect(log.mock.calls).toEqual([['[@sse/server] GET /:', own]])
    })

    test('an async onClose that rejects does not end the process: onError is told', async () => {
      const own = new Error('the counter failed')
      await using session = await openSession(adapter, { onClose: () => Promise.reject(own) })
      await session.stream.end()
      await turns()
      expect(session.errors.map(({ error }) => error)).toEqual([own])
    })

    test('onClose: the end is complete, and onError is told', async () => {
      const own = new Error('the counter failed')
      const onClose = (): void => {
        throw own
      }
      await using session = await openSession(adapter, { onClose })
      await session.stream.end()
      expect(await session.stream.closed).toEqual({ reason: 'ended', reconnect: false })
      expect(session.errors.map(({ error }) => error)).toEqual([own])
    })
  })
})

function aborted(signal: AbortSignal, error: (signal: AbortSignal) => unknown): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(error(signal)))
  })
}

function failing(): never {
  throw new Error('cleanup failed')
}
