import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { OverflowError } from '../errors.js'
import type { Stream } from '../stream.js'
import { adapters } from '../testing/adapters.js'
import { isPending, turns } from '../testing/deferred.js'
import { openSession } from '../testing/session.js'

// What happens when a reader is slower than its events, by every adapter alike. The deadline's timer is the only clock.

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  // Hono's server writes there that a body broke off, as it should here.
  vi.spyOn(console, 'error').mockImplementation(() => {})
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const event = { type: 'block', data: 'x'.repeat(256 * 1024) }

/** More than the kernel's buffers and ours hold together: what a stream takes beyond it is held without a bound. */
const cap = 64 * 1024 * 1024

/** Sends to a reader that reads nothing until `send` no longer resolves, and returns that send. */
async function fill(stream: Stream): Promise<{ readonly waiting: Promise<boolean>; readonly sent: number }> {
  for (let sent = 1; sent * event.data.length < cap; sent++) {
    const waiting = stream.send(event)
    if (await isPending(waiting)) return { waiting, sent }
    expect(await waiting).toBe(true)
  }
  throw new Error('the stream took more than it can have handed to the connection: it does not wait for its reader')
}

describe.each(adapters)('$name', (adapter) => {
  test('send does not resolve while the reader reads nothing, and does once it reads', async () => {
    await using session = await openSession(adapter)
    const { waiting, sent } = await fill(session.stream)
    const [events] = await Promise.all([session.incoming.events(), waiting.then(() => session.stream.end())])
    expect(await waiting).toBe(true)
    expect(events).toHaveLength(sent)
    expect(session.closes).toEqual([{ reason: 'ended', reconnect: false }])
  })

  test('sendAll takes the next item only when there is room for it', async () => {
    await using session = await openSession(adapter)
    await fill(session.stream)
    let taken = 0
    function* blocks(): Generator<typeof event> {
      for (;;) {
        taken++
        yield event
      }
    }
    const all = session.stream.sendAll(blocks())
    expect(await isPending(all)).toBe(true)
    expect(taken).toBe(1)
    session.incoming.leave()
    expect(await all).toBe(false)
  })

  test('a reader that leaves frees whoever waits for it', async () => {
    await using session = await openSession(adapter)
    const { waiting } = await fill(session.stream)
    session.incoming.leave()
    expect(await waiting).toBe(false)
    expect(await session.stream.closed).toEqual({ reason: 'left', reconnect: true })
    expect(session.errors).toEqual([])
  })

  test('sends that nobody awaits wait up to the bound in bytes; then the stream is closed for overflow', async () => {
    await using session = await openSession(adapter, { outbox: { maxBytes: 1_000_000 } })
    await fill(session.stream)
    const sends = [1, 2, 3].map(() => session.stream.send(event))
    expect(session.closes).toEqual([])
    const last = session.stream.send(event)
    expect(await Promise.all([...sends, last])).toEqual([false, false, false, false])
    const error = expect.any(OverflowError)
    expect(await session.stream.closed).toEqual({ reason: 'overflow', reconnect: true, error })
    expect(session.errors).toEqual([{ error, context: { request: 'GET /', lastEventId: undefined } }])
    await expect(session.incoming.all()).rejects.toThrow()
  })

  test('sends that nobody awaits wait up to the bound in frames, too', async () => {
    await using session = await openSession(adapter, { outbox: { maxFrames: 4 } })
    // The rest of its last block waits, too.
    await fill(session.stream)
    for (let n = 0; n < 3; n++) void session.stream.comment('')
    expect(session.closes).toEqual([])
    expect(await session.stream.comment('')).toBe(false)
    expect(session.closes).toMatchObject([{ reason: 'overflow', reconnect: true }])
  })

  test('a stream that overflowed is over: what follows resolves false and is no error', async () => {
    await using session = await openSession(adapter, { outbox: { maxFrames: 1 } })
    await fill(session.stream)
    const results = await Promise.all([1, 2, 3].map((n) => session.stream.send({ type: 'tick', data: n })))
    expect(results).toEqual([false, false, false])
    expect(await session.stream.send({ type: 'tick', data: 4 })).toBe(false)
    expect(session.errors).toHaveLength(1)
    expect(session.closes).toHaveLength(1)
  })

  test('D49 a reader that takes nothing for as long as writeTimeout is let go', async () => {
    await using session = await openSession(adapter, { writeTimeout: 60_000, heartbeat: 0 })
    const { waiting } = await fill(session.stream)
    await vi.advanceTimersByTimeAsync(59_999)
    expect(session.closes).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect(await waiting).toBe(false)
    expect(await session.stream.closed).toEqual({ reason: 'stalled', reconnect: true })
    expect(session.stream.signal.aborted).toBe(true)
    await expect(session.incoming.all()).rejects.toThrow()
    expect(session.closes).toHaveLength(1)
  })

  test('D49 a reader that takes something in time is kept', async () => {
    await using session = await openSession(adapter, { writeTimeout: 60_000, heartbeat: 0 })
    const { waiting } = await fill(session.stream)
    await vi.advanceTimersByTimeAsync(59_999)
    const reading = session.incoming.all()
    expect(await waiting).toBe(true)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(session.closes).toEqual([])
    await session.stream.end()
    await reading
  })

  test('no heartbeat piles up behind a reader that takes nothing', async () => {
    await using session = await openSession(adapter, { writeTimeout: 100_000, heartbeat: 1000, outbox: { maxFrames: 3 } })
    const { waiting } = await fill(session.stream)
    await vi.advanceTimersByTimeAsync(90_000)
    expect(session.closes).toEqual([])
    const reading = session.incoming.all()
    expect(await waiting).toBe(true)
    await session.stream.end()
    expect((await reading).match(/^:/gm)).toBeNull()
  })

  test('an end that the reader does not take is given up, like everything else', async () => {
    await using session = await openSession(adapter, { writeTimeout: 60_000, heartbeat: 0 })
    await fill(session.stream)
    const ended = session.stream.end()
    await turns(10)
    await vi.advanceTimersByTimeAsync(60_000)
    await ended
    expect(session.closes).toEqual([{ reason: 'stalled', reconnect: true }])
  })
})
