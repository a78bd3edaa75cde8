import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { adapters } from '../testing/adapters.js'
import { controlOf, messagesOf } from '../testing/messages.js'
import { openSession } from '../testing/session.js'

// Life on a quiet stream, by every adapter alike. A heartbeat is on the wire as ":" and a blank line.

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

describe.each(adapters)('$name', (adapter) => {
  /** The heartbeats that a quiet stream has sent after this time. */
  async function beatsAfter(milliseconds: number, heartbeat?: number): Promise<number> {
    await using session = await openSession(adapter, { heartbeat })
    await vi.advanceTimersByTimeAsync(milliseconds)
    await session.stream.end()
    return (await session.incoming.all()).match(/^:$/gm)?.length ?? 0
  }

  test.each([
    ['late, which is never later than promised', 0, 15_000],
    ['early, which is 20 % at most', 1, 12_000],
    ['in between', 0.5, 13_500],
  ])('D47 it beats every 15 seconds by default: %s', async (_, random, interval) => {
    vi.spyOn(Math, 'random').mockReturnValue(random)
    expect(await beatsAfter(interval - 1)).toBe(0)
    expect(await beatsAfter(interval)).toBe(1)
    expect(await beatsAfter(3 * interval)).toBe(3)
  })

  test('D47 the application sets the interval, and the reader is told', async () => {
    await using session = await openSession(adapter, { heartbeat: 5000 })
    expect(controlOf(messagesOf(await session.incoming.until('\n\n')), 'sse.ready')['heartbeat']).toBe(5000)
    vi.spyOn(Math, 'random').mockReturnValue(0)
    expect(await beatsAfter(4999, 5000)).toBe(0)
    expect(await beatsAfter(5000, 5000)).toBe(1)
  })

  test('D47 0 is none, and none is announced', async () => {
    await using session = await openSession(adapter, { heartbeat: 0 })
    expect(controlOf(messagesOf(await session.incoming.until('\n\n')), 'sse.ready')['heartbeat']).toBe(0)
    expect(await beatsAfter(1_000_000, 0)).toBe(0)
  })

  test('D44 a heartbeat reaches its reader at once, with nothing after it', async () => {
    await using session = await openSession(adapter)
    await session.incoming.until('\n\n')
    await vi.advanceTimersByTimeAsync(15_000)
    expect(await session.incoming.until('\n:\n\n')).toMatch(/\n\n:\n\n$/)
  })

  test.each(['ended', 'left'])('no timer is left when a stream has %s', async (reason) => {
    await using session = await openSession(adapter)
    const before = vi.getTimerCount()
    if (reason === 'left') session.incoming.leave()
    else await session.stream.end()
    await session.stream.closed
    expect(vi.getTimerCount()).toBe(before - 1)
  })
})
