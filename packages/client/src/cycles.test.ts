import { getEventListeners } from 'node:events'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { subscribe } from './subscribe.js'
import { event } from './testing/wire.js'

setFlagsFromString('--expose-gc')

/** What is left in use after a collection, in bytes. */
function usedHeap(): number {
  runInNewContext('gc')()
  return process.memoryUsage().heapUsed
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

// CYCLES=100000 takes a quarter of a minute.
const cycles = Number(process.env['CYCLES'] ?? 10_000)

test(`C41 ${cycles.toLocaleString('en')} reconnects leave no listener, no timer, no connection and no memory behind`, async () => {
  const controller = new AbortController()
  const bodies = new Set<AbortSignal>()
  let most = 0
  let connects = 0
  /** What is in use when the first half is over, and at the end. */
  const heaps: number[] = []
  const fetch: typeof globalThis.fetch = async (_url, init) => {
    const signal = init?.signal ?? undefined
    if (signal === undefined) throw new Error('without a signal nobody could end it')
    connects += 1
    if (connects === cycles / 2 || connects === cycles) heaps.push(usedHeap())
    bodies.add(signal)
    most = Math.max(most, bodies.size)
    // What holds a socket: it is let go when the signal aborts, not when the stream ends.
    signal.addEventListener('abort', () => bodies.delete(signal), { once: true })
    const data = connects <= cycles ? event('a', connects, String(connects)) : 'data:END\n\n'
    return new Response(data, { headers: { 'content-type': 'text/event-stream' } })
  }
  const live = subscribe<{ a: number }>('http://sse.test/', {
    fetch,
    signal: controller.signal,
    maxSilence: 1000,
    endOn: 'END',
    reconnect: { baseDelay: 10, maxDelay: 10 },
  })
  const seen: number[] = []
  let listeners = 0
  let timers = 0
  live.on('a', ({ data }) => {
    seen.push(data)
    listeners = Math.max(listeners, getEventListeners(controller.signal, 'abort').length)
    timers = Math.max(timers, vi.getTimerCount())
  })
  for (let turn = 0; live.state !== 'closed'; turn++) {
    if (turn > cycles * 100) throw new Error(`stuck after ${connects} connections`)
    await new Promise((resolve) => setImmediate(resolve))
    if (live.state === 'waiting') await vi.advanceTimersByTimeAsync(10)
  }
  await live[Symbol.asyncDispose]()
  expect(seen).toEqual(Array.from({ length: cycles }, (_, n) => n + 1))
  expect(live.lastEventId).toBe(String(cycles))
  // Never more than one of each at a time, and in the end none.
  expect([listeners, timers, most]).toEqual([1, 0, 1])
  expect(getEventListeners(controller.signal, 'abort')).toEqual([])
  expect(vi.getTimerCount()).toBe(0)
  expect(bodies.size).toBe(0)
  const [half = 0, whole = Number.POSITIVE_INFINITY] = heaps
  // A listener or a timer is more than that.
  expect((whole - half) / (cycles / 2)).toBeLessThan(100)
}, 120_000)
