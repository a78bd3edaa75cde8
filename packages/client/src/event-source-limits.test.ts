import { EventSource } from 'eventsource'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { RefusedError } from './errors.js'
import { eventSource } from './event-source.js'
import { eventSource as platformEventSource } from './event-source.platform.js'
import type { Snapshot } from './state.js'
import { subscribe } from './subscribe.js'
import { collect, deferred, failureOf, turns } from './testing/async.js'
import { Log } from './testing/log.js'
import { startServer } from './testing/raw-server.js'
import { end, event, key, ready } from './testing/wire.js'
import { type EventSourceLike, eventSourceTransport } from './transport/event-source.js'

// What EventSource cannot do, and how the transport makes up for it.

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

test('EventSource cannot be slowed: past 10,000 waiting messages the connection is made anew, and nothing is lost', async () => {
  await using server = await startServer()
  const live = subscribe<{ a: number }>(server.url, { transport: eventSource({ types: ['a'] }), reconnect: { baseDelay: 0 } })
  const events = (from: number, count: number): string =>
    Array.from({ length: count }, (_, n) => event('a', from + n, String(from + n))).join('')
  const first = await server.stream(ready() + events(1, 15_000))
  // Nobody listens yet, so that all of it waits.
  await first.gone
  const seen: number[] = []
  const states = new Log<number>()
  const reading = (async () => {
    for await (const { data } of live) {
      seen.push(data)
      states.add(data)
    }
  })()
  const { request } = await server.next().then((exchange) => {
    const from = Number(exchange.request.headers.get('last-event-id'))
    exchange.open().send(ready() + events(from + 1, 15_000 - from) + end)
    return exchange
  })
  await reading
  expect(Number(request.headers.get('last-event-id'))).toBeGreaterThanOrEqual(9_999)
  expect(seen).toEqual(Array.from({ length: 15_000 }, (_, n) => n + 1))
})

describe('the platform’s, which tells no status', () => {
  type Scripted = EventSourceLike & { readyState: number; readonly dispatch: (type: string, data: string) => void }

  /** One that a test drives by hand. */
  function scripted(): { readonly transport: ReturnType<typeof eventSourceTransport>; readonly made: Promise<Scripted> } {
    const made = deferred<Scripted>()
    const transport = eventSourceTransport(() => {
      const target = new EventTarget()
      const source: Scripted = {
        readyState: 0,
        onopen: null,
        onerror: null,
        addEventListener: (type, listener) =>
          target.addEventListener(type, (received) => {
            if (received instanceof MessageEvent) listener(received)
          }),
        close: () => {
          source.readyState = 2
        },
        dispatch: (type, data) => void target.dispatchEvent(new MessageEvent(type, { data })),
      }
      made.resolve(source)
      return source
    }, [])
    return { transport, made: made.promise }
  }

  test('refused is not tried again: it may have been a 204', async () => {
    const { transport, made } = scripted()
    const failed = failureOf(collect(subscribe('http://sse.test/', { transport })))
    const source = await made
    source.readyState = 2
    source.onerror?.(new Event('error'))
    expect(await failed).toBeInstanceOf(RefusedError)
  })

  test('lost is tried again, by the subscription', async () => {
    const { transport, made } = scripted()
    const states = new Log<Snapshot>()
    const live = subscribe('http://sse.test/', { transport, onStateChange: states.add })
    const source = await made
    source.onerror?.(new Event('error'))
    expect((await states.find(({ state }) => state === 'waiting')).error).toMatchObject({ code: 'connection_lost' })
    expect(source.readyState).toBe(2)
    live.close()
  })

  test('C36 a quiet stream is not silent: the heartbeats that the server promises are not shown', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
    const { transport, made } = scripted()
    const live = subscribe('http://sse.test/', { transport })
    const reading = collect(live)
    const source = await made
    source.onopen?.(new Event('open'))
    source.dispatch('sse.ready', JSON.stringify({ protocol: 1, heartbeat: 15_000, text: ['message'], key }))
    await turns()
    await vi.advanceTimersByTimeAsync(24 * 3_600_000)
    expect(live.state).toBe('open')
    // All else that sse.ready says still counts.
    source.dispatch('message', 'text')
    source.dispatch('sse.end', JSON.stringify({ reason: 'done', key }))
    expect(await reading).toMatchObject([{ data: 'text' }])
  })

  test('what is no sse.ready of ours is left as it is', async () => {
    const { transport, made } = scripted()
    const live = subscribe('http://sse.test/', { transport, endOn: '[DONE]' })
    const reading = collect(live)
    const source = await made
    source.onopen?.(new Event('open'))
    source.dispatch('sse.ready', '{"heartbeat":5}')
    source.dispatch('message', '[DONE]')
    expect(await reading).toMatchObject([{ type: 'sse.ready', data: { heartbeat: 5 } }])
  })
})

test.each([
  ['include', true],
  ['same-origin', false],
  [undefined, false],
] as const)('the entry for browsers makes the platform’s own, with credentials %s', async (credentials, withCredentials) => {
  const made: EventSource[] = []
  vi.stubGlobal(
    'EventSource',
    class extends EventSource {
      constructor(...args: ConstructorParameters<typeof EventSource>) {
        super(...args)
        made.push(this)
      }
    },
  )
  await using server = await startServer()
  const reading = collect(subscribe(server.url, { transport: platformEventSource({ types: ['a'] }), credentials, lastEventId: '7' }))
  const { request } = await server.stream(ready() + event('a', 1) + end)
  expect(await reading).toMatchObject([{ type: 'a', data: 1 }])
  expect(request.target).toBe('/events?lastEventId=7')
  expect(made.map((source) => source.withCredentials)).toEqual([withCredentials])
})
