import { describe, expect, test, vi } from 'vitest'
import type { State } from './state.js'
import { subscribe } from './subscribe.js'
import { collect, deferred, failureOf, turns } from './testing/async.js'
import { Log } from './testing/log.js'
import { startServer } from './testing/raw-server.js'
import { scriptedFetch } from './testing/scripted-fetch.js'
import { event, ready } from './testing/wire.js'

describe('C33 close', () => {
  test('before it connects: no request is made', async () => {
    await using server = await startServer()
    const live = subscribe(server.url)
    live.close()
    await live[Symbol.asyncDispose]()
    await turns()
    expect(server.requests).toBe(0)
  })

  test('while connecting: the socket goes', async () => {
    await using server = await startServer()
    const live = subscribe(server.url)
    const { gone } = await server.next()
    live.close()
    await gone
    expect(live.getSnapshot()).toMatchObject({ state: 'closed', reason: 'closed', error: undefined })
  })

  test('while headers are being made: no request is made', async () => {
    await using server = await startServer()
    const asked = deferred()
    const token = deferred<HeadersInit>()
    const live = subscribe(server.url, {
      headers: () => {
        asked.resolve()
        return token.promise
      },
    })
    await asked.promise
    live.close()
    token.resolve({})
    await live[Symbol.asyncDispose]()
    await turns()
    expect(server.requests).toBe(0)
  })

  test('while open: the socket goes', async () => {
    await using server = await startServer()
    const live = subscribe(server.url)
    const events = new Log<unknown>()
    live.on('a', events.add)
    const { gone } = await server.stream(ready() + event('a', 1))
    await events.count(1)
    live.close()
    await gone
    await live[Symbol.asyncDispose]()
  })

  test('while open and nobody listens: the socket goes', async () => {
    await using server = await startServer()
    const states = new Log<State>()
    const live = subscribe(server.url, { onStateChange: ({ state }) => states.add(state) })
    const { gone } = await server.stream()
    await states.find((state) => state === 'open')
    live.close()
    await gone
    await live[Symbol.asyncDispose]()
  })

  test('while waiting: nothing more is asked of the server', async () => {
    await using server = await startServer()
    const states = new Log<State>()
    const live = subscribe(server.url, { onStateChange: ({ state }) => states.add(state) })
    ;(await server.next()).answer(503)
    await states.find((state) => state === 'waiting')
    live.close()
    // It resolves at once, not after the delay.
    await live[Symbol.asyncDispose]()
    expect(server.requests).toBe(1)
    expect(states.entries).toEqual(['connecting', 'waiting', 'closed'])
  })

  test('in a handler: what is left of the chunk is dropped, and other handlers get nothing more', async () => {
    const { fetch } = scriptedFetch([event('a', 1) + event('a', 2)])
    const live = subscribe<{ a: number }>('http://sse.test/', { fetch })
    const seen: string[] = []
    live.on('a', ({ data }) => {
      seen.push(`first ${data}`)
      live.close()
    })
    live.on('a', ({ data }) => void seen.push(`second ${data}`))
    await turns()
    await live[Symbol.asyncDispose]()
    expect(seen).toEqual(['first 1'])
  })

  test('in a handler, while a loop waits: the loop ends, without the event', async () => {
    const { fetch } = scriptedFetch([event('a', 1) + event('a', 2)])
    const live = subscribe<{ a: number }>('http://sse.test/', { fetch })
    live.on('a', () => live.close())
    expect(await collect(live)).toEqual([])
    // The handing over must not wait for the loop that is gone.
    await live[Symbol.asyncDispose]()
  })

  test('while a loop is busy: it ends at the next turn, without what was buffered', async () => {
    const { fetch } = scriptedFetch([event('a', 1) + event('a', 2)])
    const live = subscribe<{ a: number }>('http://sse.test/', { fetch })
    const seen: number[] = []
    for await (const { data } of live) {
      seen.push(data)
      live.close()
    }
    expect(seen).toEqual([1])
  })

  test.each<State>(['connecting', 'open', 'waiting'])('in onStateChange of %s: nothing is left', async (when) => {
    await using server = await startServer()
    const states = new Log<State>()
    const live = subscribe(server.url, {
      onStateChange: ({ state }) => {
        states.add(state)
        if (state === when) live.close()
      },
    })
    const serving = server.stream().then((stream) => stream.cut())
    const listening = when === 'waiting' ? collect(live) : undefined
    await states.find((state) => state === 'closed')
    await live[Symbol.asyncDispose]()
    await listening
    expect(live.getSnapshot()).toMatchObject({ state: 'closed', reason: 'closed' })
    void serving
  })

  test('twice is once', async () => {
    const states: State[] = []
    const live = subscribe('http://sse.test/', { ...scriptedFetch(), onStateChange: ({ state }) => void states.push(state) })
    live.close()
    live.close()
    await live[Symbol.asyncDispose]()
    expect(states).toEqual(['closed'])
  })

  test('takes its listener off the signal', async () => {
    const { signal } = new AbortController()
    const removed = vi.spyOn(signal, 'removeEventListener')
    const added = vi.spyOn(signal, 'addEventListener')
    const live = subscribe('http://sse.test/', { ...scriptedFetch(), signal })
    live.close()
    expect(removed.mock.calls).toEqual(added.mock.calls)
  })
})

describe('the AbortSignal', () => {
  test('closes it, and a loop ends normally', async () => {
    await using server = await startServer()
    const controller = new AbortController()
    const live = subscribe(server.url, { signal: controller.signal })
    const reading = collect(live)
    const { gone } = await server.stream(ready({ heartbeat: 15_000 }))
    controller.abort()
    expect(await reading).toEqual([])
    await gone
    expect(live.getSnapshot()).toMatchObject({ state: 'closed', reason: 'aborted', error: undefined })
    await live[Symbol.asyncDispose]()
  })

  test('that was aborted before: nothing is asked of the server, and whoever subscribed is told', async () => {
    await using server = await startServer()
    const reasons: unknown[] = []
    const signal = AbortSignal.abort(new Error('too late'))
    const live = subscribe(server.url, { signal, onStateChange: ({ state, reason }) => void reasons.push([state, reason]) })
    expect(await collect(live)).toEqual([])
    await live[Symbol.asyncDispose]()
    expect(reasons).toEqual([['closed', 'aborted']])
    expect(server.requests).toBe(0)
  })
})

describe('leaving the scope of `await using`', () => {
  test('closes it, and goes on when the connection is gone', async () => {
    await using server = await startServer()
    const opened = await (async () => {
      await using live = subscribe(server.url)
      live.on('a', () => {})
      return await server.stream(ready())
    })()
    await opened.gone
    expect(server.requests).toBe(1)
  })

  test('after a loop was left, too', async () => {
    const { fetch } = scriptedFetch([event('a', 1)])
    const failed = failureOf(
      (async () => {
        await using live = subscribe('http://sse.test/', { fetch })
        for await (const { type } of live) throw new Error(type)
      })(),
    )
    expect(await failed).toEqual(new Error('a'))
  })
})

describe('disposing waits for no code of the application', () => {
  test('not for headers that are being made', async () => {
    const asked = deferred()
    const headers = (): Promise<HeadersInit> => {
      asked.resolve()
      return new Promise(() => {})
    }
    const live = subscribe('http://sse.test/', { ...scriptedFetch(), headers })
    await asked.promise
    await live[Symbol.asyncDispose]()
  })

  test('not for a handler that hangs', async () => {
    const called = deferred()
    const live = subscribe('http://sse.test/', scriptedFetch([event('a', 1)]))
    live.on('a', () => {
      called.resolve()
      return new Promise(() => {})
    })
    await called.promise
    await live[Symbol.asyncDispose]()
  })

  test('so that a handler may await it', async () => {
    const disposed = deferred()
    const live = subscribe('http://sse.test/', scriptedFetch([event('a', 1)]))
    live.on('a', async () => {
      await live[Symbol.asyncDispose]()
      disposed.resolve()
    })
    await disposed.promise
  })
})

describe('after it was closed', () => {
  test('a handler gets nothing, and its end does nothing', async () => {
    const live = subscribe('http://sse.test/', { ...scriptedFetch([event('a', 1)]) })
    live.close()
    const seen: unknown[] = []
    const off = live.on('a', (received) => void seen.push(received))
    await live[Symbol.asyncDispose]()
    off()
    expect(seen).toEqual([])
  })

  test('a loop is over at once', async () => {
    const live = subscribe('http://sse.test/', { ...scriptedFetch() })
    live.close()
    expect(await collect(live)).toEqual([])
  })
})
