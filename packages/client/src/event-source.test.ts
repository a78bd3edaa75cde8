import { defineEvents } from '@sse/schema'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { OptionError } from './errors.js'
import { eventSource } from './event-source.js'
import type { ConnectOptions } from './options.js'
import type { Snapshot } from './state.js'
import { subscribe } from './subscribe.js'
import { collect, deferred, failureOf, turns } from './testing/async.js'
import { Log } from './testing/log.js'
import { type Exchange, startServer } from './testing/raw-server.js'
import { control, end, event, ready } from './testing/wire.js'

const reconnect = { baseDelay: 0 }
const over: ConnectOptions = { transport: eventSource({ types: ['a', 'b'] }), reconnect }

test.each<[string, ConnectOptions]>([
  ['a method', { method: 'POST' }],
  ['a body', { body: 'x' }],
])('%s is an error of the caller’s: EventSource can only GET', async (_, options) => {
  await using server = await startServer()
  expect(await failureOf(collect(subscribe(server.url, { ...over, ...options })))).toBeInstanceOf(OptionError)
  expect(server.requests).toBe(0)
})

describe('C28 what is sent', () => {
  test('a GET with the headers of one’s own', async () => {
    await using server = await startServer()
    const reading = collect(subscribe(server.url, { ...over, headers: async () => ({ 'x-tenant': 'a' }) }))
    const { request } = await server.stream(ready() + end)
    await reading
    expect(request.method).toBe('GET')
    expect(request.headers.get('accept')).toBe('text/event-stream')
    expect(request.headers.get('x-tenant')).toBe('a')
    expect(request.headers.has('last-event-id')).toBe(false)
  })

  test('with the credentials that were asked for', async () => {
    const asked = new Log<RequestCredentials | undefined>()
    const fetch: typeof globalThis.fetch = (_url, init) => {
      asked.add(init?.credentials)
      return Promise.reject(new TypeError('no route'))
    }
    const live = subscribe('http://sse.test/', { ...over, fetch, credentials: 'include' })
    expect(await asked.count(1)).toEqual(['include'])
    live.close()
  })

  test('the position, in the query and in the header as UTF-8', async () => {
    await using server = await startServer()
    const reading = collect(subscribe(`${server.url}?x=y`, { ...over, lastEventId: '…1' }))
    const { request } = await server.stream(ready() + end)
    await reading
    expect(request.target).toBe(`/events?x=y&lastEventId=${encodeURIComponent('…1')}`)
    expect(Buffer.from(request.headers.get('last-event-id') ?? '', 'latin1').toString()).toBe('…1')
  })
})

test('C29 eventsource CVE-2022-1650: a redirect to another origin carries no authorization', async () => {
  await using server = await startServer()
  await using other = await startServer()
  const reading = collect(subscribe(server.url, { ...over, headers: { authorization: 'Bearer secret' } }))
  const first = await server.next()
  first.answer(307, { location: other.url })
  const second = await other.stream(ready() + end)
  await reading
  expect([first, second].map(({ request }) => request.headers.get('authorization'))).toEqual(['Bearer secret', undefined])
})

test('every kind of control message is heard', async () => {
  await using server = await startServer()
  const heard: unknown[] = []
  const presence = { topic: 'room', count: 1, joined: ['ann'], left: [], reset: true }
  const options: ConnectOptions = {
    onPresence: (told) => void heard.push(told.count),
    onGap: ({ reason }) => void heard.push(reason),
    onError: ({ code }) => void heard.push(code),
    onEnd: ({ reason }) => void heard.push(reason),
  }
  const live = subscribe(server.url, { ...over, ...options })
  const reading = collect(live)
  await server.stream(
    ready(),
    control({ type: 'sse.gap', topics: [], reason: 'reset' }),
    control({ type: 'sse.live', topics: [], resumed: false, position: '1.e.7' }, '1.e.7'),
    control({ type: 'sse.presence', ...presence }),
    control({ type: 'sse.error', code: 'x', message: 'x', retry: true }),
    end,
  )
  await reading
  expect(heard).toEqual(['reset', 1, 'server_error', 'done'])
  expect(live.lastEventId).toBe('1.e.7')
})

describe('C30, C31 what the server answers', () => {
  test('204 ends it', async () => {
    await using server = await startServer()
    const live = subscribe(server.url, over)
    const reading = collect(live)
    ;(await server.next()).answer(204)
    expect(await reading).toEqual([])
    expect(live.getSnapshot()).toMatchObject({ state: 'closed', reason: 'ended' })
    expect(server.requests).toBe(1)
  })

  test.each([400, 404, 410])('%i closes it for good', async (status) => {
    await using server = await startServer()
    const failed = failureOf(collect(subscribe(server.url, over)))
    ;(await server.next()).answer(status)
    expect(await failed).toMatchObject({ code: 'http_status', status })
    expect(server.requests).toBe(1)
  })

  test.each([408, 429, 500, 503])('%i is retried by the subscription, not by EventSource', async (status) => {
    await using server = await startServer()
    const reading = collect(subscribe(server.url, over))
    ;(await server.next()).answer(status)
    await server.stream(ready() + event('a', 1) + end)
    expect(await reading).toHaveLength(1)
    expect(server.requests).toBe(2)
  })

  test('401: once, with fresh headers', async () => {
    await using server = await startServer()
    const calls: boolean[] = []
    const headers = ({ refresh }: { readonly refresh: boolean }): HeadersInit => {
      calls.push(refresh)
      return {}
    }
    const failed = failureOf(collect(subscribe(server.url, { ...over, headers })))
    ;(await server.next()).answer(401)
    ;(await server.next()).answer(401)
    expect(await failed).toMatchObject({ status: 401 })
    expect(calls).toEqual([false, true])
  })

  test('no event stream closes it for good', async () => {
    await using server = await startServer()
    const failed = failureOf(collect(subscribe(server.url, over)))
    ;(await server.next()).answer(200, { 'content-type': 'text/html' }, '<html>')
    expect(await failed).toBeInstanceOf(Error)
    expect(server.requests).toBe(1)
  })
})

test.each<[string, (exchange: Exchange) => void]>([
  ['the end of the stream', (exchange) => exchange.end()],
  ['a reset', (exchange) => exchange.reset()],
])('C32 after %s it comes back from where the reader is', async (_, lose) => {
  await using server = await startServer()
  const events = new Log<unknown>()
  const live = subscribe<{ a: number }>(server.url, over)
  live.on('a', ({ data }) => events.add(data))
  const reading = collect(live)
  const first = await server.stream(ready() + event('a', 1, '1'))
  await events.count(1)
  lose(first)
  const second = await server.stream(ready() + event('a', 2, '2') + end)
  await reading
  expect(events.entries).toEqual([1, 2])
  expect(second.request.target).toBe('/events?lastEventId=1')
})

describe('types', () => {
  test('are those of `events`', async () => {
    await using server = await startServer()
    const events = defineEvents({ made: z.number() })
    const reading = collect(subscribe(server.url, { transport: eventSource(), events }))
    await server.stream(ready() + event('made', 1) + event('other', 2) + end)
    expect((await reading).map(({ type }) => type)).toEqual(['made'])
  })

  test('and those of the option, for streams without', async () => {
    await using server = await startServer()
    const reading = collect(subscribe(server.url, { transport: eventSource({ types: ['made'] }) }))
    await server.stream(`${ready() + event('made', 1) + event('other', 2)}data:3\n\n${end}`)
    expect((await reading).map(({ type }) => type)).toEqual(['made', 'message'])
  })

  test('and those of handlers that were attached before it connects', async () => {
    await using server = await startServer()
    const live = subscribe<{ made: number; late: number }>(server.url, { transport: eventSource() })
    const made: number[] = []
    live.on('made', ({ data }) => void made.push(data))
    const reading = collect(live)
    await server.stream(ready() + event('made', 1) + event('late', 2) + end)
    expect((await reading).map(({ type }) => type)).toEqual(['made'])
    expect(made).toEqual([1])
  })

  test.each([
    ['nothing', undefined],
    ['no options', {}],
    ['undefined', { types: undefined }],
  ])('and no others with %s', async (_, options) => {
    await using server = await startServer()
    const reading = collect(subscribe(server.url, { transport: eventSource(options), endOn: '[DONE]' }))
    await server.stream(`data:1\n\n${event('made', 2)}data:3\n\ndata:[DONE]\n\n`)
    expect((await reading).map(({ data }) => data)).toEqual([1, 3])
  })
})

describe('C33 close', () => {
  test('ends the connection', async () => {
    await using server = await startServer()
    const live = subscribe(server.url, over)
    const events = new Log<unknown>()
    live.on('a', events.add)
    const stream = await server.stream(ready() + event('a', 1))
    await events.count(1)
    live.close()
    await stream.gone
    await live[Symbol.asyncDispose]()
  })

  test('while connecting, too', async () => {
    await using server = await startServer()
    const live = subscribe(server.url, over)
    const { gone } = await server.next()
    live.close()
    await gone
    await live[Symbol.asyncDispose]()
  })

  test('while headers are being made: nothing is opened, for no abort would come that could close it', async () => {
    await using server = await startServer()
    const asked = deferred()
    const token = deferred<HeadersInit>()
    const headers = (): Promise<HeadersInit> => {
      asked.resolve()
      return token.promise
    }
    const live = subscribe(server.url, { ...over, headers })
    await asked.promise
    live.close()
    token.resolve({})
    await live[Symbol.asyncDispose]()
    await turns()
    expect(server.requests).toBe(0)
  })
})

test('control messages count, and keep their order among the events', async () => {
  await using server = await startServer()
  const log: unknown[] = []
  const live = subscribe<{ a: number }>(server.url, { ...over, onGap: ({ reason }) => void log.push(reason) })
  live.on('a', ({ data }) => void log.push(data))
  const reading = collect(live)
  await server.stream(ready() + event('a', 1) + control({ type: 'sse.gap', topics: [], reason: 'reset' }) + event('a', 2) + end)
  await reading
  expect(log).toEqual([1, 'reset', 2])
})

test('C30 another content type is told as such', async () => {
  await using server = await startServer()
  const failed = failureOf(collect(subscribe(server.url, over)))
  ;(await server.next()).answer(200, { 'content-type': 'text/html' }, '<html>')
  expect(await failed).toMatchObject({ code: 'content_type', message: `GET ${server.url} answered text/html, no event stream: wrong URL?` })
})

test('C31 it comes back no earlier than Retry-After', async () => {
  await using server = await startServer()
  const states = new Log<Snapshot>()
  const live = subscribe(server.url, { ...over, onStateChange: states.add })
  const before = Date.now()
  ;(await server.next()).answer(503, { 'retry-after': '120' })
  const { retryAt = 0 } = await states.find(({ state }) => state === 'waiting')
  expect(retryAt - before).toBeGreaterThanOrEqual(120_000)
  live.close()
})
