import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Snapshot, State } from './state.js'
import { subscribe } from './subscribe.js'
import { turns } from './testing/async.js'
import { Log } from './testing/log.js'
import { scriptedFetch } from './testing/scripted-fetch.js'
import { event, ready } from './testing/wire.js'

// The platform's fetch has timers of its own; over a scripted one all that are counted are ours. One that is left would
// keep a Node process alive for as long as it runs.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const url = 'http://sse.test/'

/** A fetch that always fails. */
const unreachable = (): Promise<Response> => Promise.reject(new TypeError('fetch failed'))

describe('C33 closed, no timer is left', () => {
  test('of the silence watch', async () => {
    const live = subscribe(url, scriptedFetch([ready({ heartbeat: 15_000 })]))
    live.on('a', () => {})
    await turns()
    expect(vi.getTimerCount()).toBe(1)
    live.close()
    await live[Symbol.asyncDispose]()
    expect(vi.getTimerCount()).toBe(0)
  })

  test('of the wait', async () => {
    const live = subscribe(url, { fetch: unreachable })
    await turns()
    expect(live.state).toBe('waiting')
    expect(vi.getTimerCount()).toBe(1)
    live.close()
    expect(vi.getTimerCount()).toBe(0)
    await live[Symbol.asyncDispose]()
  })

  test.each<State>(['connecting', 'open', 'waiting'])('where onStateChange of %s closed it', async (when) => {
    const fetch = when === 'waiting' ? unreachable : scriptedFetch([ready({ heartbeat: 15_000 })]).fetch
    const live = subscribe(url, { fetch, onStateChange: ({ state }) => (state === when ? live.close() : undefined) })
    await turns()
    expect(live.state).toBe('closed')
    await live[Symbol.asyncDispose]()
    expect(vi.getTimerCount()).toBe(0)
  })
})

test('a connection that is lost leaves no silence watch behind', async () => {
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      controller.enqueue(new TextEncoder().encode(ready({ heartbeat: 15_000 })))
    },
    pull: (controller) => {
      controller.error(new Error('reset'))
    },
  })
  await using live = subscribe(url, { fetch: async () => new Response(body, { headers: { 'content-type': 'text/event-stream' } }) })
  live.on('a', () => {})
  await turns()
  expect(live.state).toBe('waiting')
  // The wait's only.
  expect(vi.getTimerCount()).toBe(1)
})

describe('C36 silence', () => {
  /** A subscription that somebody listens to, on a stream with these chunks. */
  async function listening(chunks: readonly string[], maxSilence?: number) {
    const script = scriptedFetch(chunks)
    const states = new Log<Snapshot>()
    const live = subscribe(url, { fetch: script.fetch, maxSilence, onStateChange: states.add })
    live.on('a', () => {})
    await turns()
    return { script, states, live }
  }

  const silent = { state: 'waiting', reason: 'silent', error: { code: 'silent' } }

  test('of two heartbeats is a dead connection', async () => {
    const { live } = await listening([ready({ heartbeat: 15_000 })])
    await vi.advanceTimersByTimeAsync(29_999)
    expect(live.state).toBe('open')
    await vi.advanceTimersByTimeAsync(1)
    expect(live.getSnapshot()).toMatchObject(silent)
    live.close()
  })

  test('of maxSilence is one where the server announces nothing', async () => {
    const { live } = await listening(['data:1\n\n'], 1000)
    await vi.advanceTimersByTimeAsync(999)
    expect(live.state).toBe('open')
    await vi.advanceTimersByTimeAsync(1)
    expect(live.getSnapshot()).toMatchObject(silent)
    live.close()
  })

  test('from the beginning on, too', async () => {
    const { live } = await listening([], 1000)
    await vi.advanceTimersByTimeAsync(1000)
    expect(live.getSnapshot()).toMatchObject(silent)
    live.close()
  })

  test('what the server announces counts more than maxSilence', async () => {
    const { live } = await listening([ready({ heartbeat: 15_000 })], 1000)
    await vi.advanceTimersByTimeAsync(29_999)
    expect(live.state).toBe('open')
    live.close()
  })

  test.each([
    ['neither', ready(), undefined],
    ['a maxSilence without an end', 'data:1\n\n', Number.POSITIVE_INFINITY],
    ['a heartbeat that no timer can hold', ready({ heartbeat: 2 ** 31 - 1 }), undefined],
  ])('is none for days with %s', async (_, chunk, maxSilence) => {
    const { live, states } = await listening([chunk], maxSilence)
    await vi.advanceTimersByTimeAsync(3 * 24 * 3_600_000)
    expect(states.entries.map(({ state }) => state)).toEqual(['connecting', 'open'])
    live.close()
  })

  test('the next connection comes after it', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.5)
    const { live, states } = await listening([], 1000)
    await vi.advanceTimersByTimeAsync(1000 + 500)
    expect(states.entries.map(({ state }) => state)).toEqual(['connecting', 'open', 'waiting', 'connecting', 'open'])
    live.close()
  })

  test('a busy handler is no silence', async () => {
    const script = scriptedFetch([ready({ heartbeat: 1000 }) + event('a', 1)])
    const live = subscribe(url, script)
    live.on('a', () => new Promise((resolve) => setTimeout(resolve, 10_000)))
    await turns()
    await vi.advanceTimersByTimeAsync(9_999)
    expect(live.state).toBe('open')
    live.close()
    await vi.advanceTimersByTimeAsync(1)
    await live[Symbol.asyncDispose]()
  })

  test('while nobody listens is none: nothing is read that could tell', async () => {
    const live = subscribe(url, { ...scriptedFetch(), maxSilence: 1000 })
    await turns()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(live.state).toBe('open')
    live.close()
  })
})

describe('connectTimeout', () => {
  /** Accepts, and never answers. */
  const mute: typeof globalThis.fetch = (_url, init) =>
    new Promise((_, reject) => {
      init?.signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')), { once: true })
    })

  test.each([
    ['30 seconds', {}, 30_000],
    ['its own', { connectTimeout: 1000 }, 1000],
  ])('a server that does not answer within %s counts as failed, and is asked again', async (_, options, limit) => {
    const live = subscribe(`${url}?token=s3cret`, { fetch: mute, ...options })
    await turns()
    await vi.advanceTimersByTimeAsync(limit - 1)
    expect(live.state).toBe('connecting')
    await vi.advanceTimersByTimeAsync(1)
    expect(live.getSnapshot()).toMatchObject({ state: 'waiting', reason: 'silent', attempt: 1 })
    expect(live.getSnapshot().error).toMatchObject({ code: 'silent', message: `GET ${url} was silent for ${limit} ms` })
    live.close()
  })

  test('is none with 0', async () => {
    const live = subscribe(url, { fetch: mute, connectTimeout: 0 })
    await turns()
    expect(vi.getTimerCount()).toBe(0)
    live.close()
  })

  test('does not count the time that headers take', async () => {
    const live = subscribe(url, { fetch: mute, headers: () => new Promise<HeadersInit>(() => {}) })
    await turns()
    expect(vi.getTimerCount()).toBe(0)
    expect(live.state).toBe('connecting')
    live.close()
  })

  test('leaves no timer behind, neither open nor closed', async () => {
    const open = subscribe(url, scriptedFetch())
    const closed = subscribe(url, { fetch: mute })
    await turns()
    expect(open.state).toBe('open')
    open.close()
    closed.close()
    await closed[Symbol.asyncDispose]()
    expect(vi.getTimerCount()).toBe(0)
  })
})

test.each([
  ['a comment', ':\n\n'],
  ['a single byte', 'd'],
  ['an id alone', 'id:1\n\n'],
  ['an event', 'data:1\n\n'],
])('C36 any byte begins the watch anew: %s', async (_, chunk) => {
  let give = (): void => {}
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      give = () => controller.enqueue(new TextEncoder().encode(chunk))
    },
  })
  const live = subscribe(url, {
    maxSilence: 1000,
    fetch: async (_url, init) => {
      init?.signal?.addEventListener('abort', () => void body.cancel().catch(() => {}), { once: true })
      return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
    },
  })
  live.on('message', () => {})
  await turns()
  for (let round = 0; round < 5; round++) {
    await vi.advanceTimersByTimeAsync(900)
    give()
    await turns()
    expect(live.state).toBe('open')
  }
  live.close()
})

test('C36 a fetch that fails in its own words when it is aborted is silent all the same', async () => {
  const live = subscribe(url, {
    maxSilence: 1000,
    fetch: async (_url, init) => {
      const body = new ReadableStream({
        start: (controller) => {
          init?.signal?.addEventListener('abort', () => controller.error(new DOMException('aborted', 'AbortError')), { once: true })
        },
      })
      return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
    },
  })
  live.on('a', () => {})
  await turns()
  await vi.advanceTimersByTimeAsync(1000)
  expect(live.getSnapshot()).toMatchObject({ state: 'waiting', reason: 'silent', error: { code: 'silent' } })
  live.close()
})

test('C37 a handler that is attached while it waits does not shorten the wait', async () => {
  const live = subscribe(url, { fetch: unreachable })
  await turns()
  expect(live.state).toBe('waiting')
  live.on('a', () => {})
  await turns()
  expect(live.state).toBe('waiting')
  expect(vi.getTimerCount()).toBe(1)
  live.close()
})
