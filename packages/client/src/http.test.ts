import { afterEach, describe, expect, test, vi } from 'vitest'
import { ContentTypeError, HeadersError, HttpStatusError } from './errors.js'
import type { Snapshot } from './state.js'
import { subscribe } from './subscribe.js'
import { collect, failureOf } from './testing/async.js'
import { Log } from './testing/log.js'
import { startServer } from './testing/raw-server.js'
import { end, event, ready } from './testing/wire.js'

afterEach(() => {
  vi.restoreAllMocks()
})

const reconnect = { baseDelay: 0 }

test('C28 it asks with GET for an event stream that no cache may answer, and at first with no Last-Event-ID', async () => {
  await using server = await startServer()
  const reading = collect(subscribe(`${server.url}?topic=a`))
  const { request } = await server.stream(ready() + end)
  await reading
  expect(request).toMatchObject({ method: 'GET', target: '/events?topic=a', body: '' })
  expect(Object.fromEntries(request.headers)).toMatchObject({
    accept: 'text/event-stream',
    // What Node's fetch makes of `cache: 'no-store'`, as browsers do; no header of ours, which would cost a preflight.
    'cache-control': 'no-cache',
    pragma: 'no-cache',
  })
  expect(request.headers.has('last-event-id')).toBe(false)
})

test('C28 it sets the cache mode and no Cache-Control, for that would need a preflight', async () => {
  const inits: (RequestInit | undefined)[] = []
  const fetch: typeof globalThis.fetch = async (_, init) => {
    inits.push(init)
    return new Response(null, { status: 204 })
  }
  await collect(subscribe('http://sse.test/', { fetch }))
  const [init] = inits
  expect(init?.cache).toBe('no-store')
  expect([...new Headers(init?.headers).keys()]).toEqual(['accept'])
  // What was not asked for is the platform's to choose.
  expect(init).not.toHaveProperty('credentials')
  expect(init).not.toHaveProperty('body')
})

describe('C29 redirects', () => {
  test.each([301, 302, 303, 307, 308])('%i is followed, and a reconnect begins at the original URL', async (status) => {
    await using server = await startServer()
    const reading = collect(subscribe(server.url, { reconnect }))
    const targets: string[] = []
    for (let round = 0; round < 2; round++) {
      const first = await server.next()
      first.answer(status, { location: '/moved' })
      const second = await server.stream('data:1\n\n')
      targets.push(first.request.target, second.request.target)
      second.end()
    }
    ;(await server.next()).answer(204)
    expect(await reading).toHaveLength(2)
    expect(targets).toEqual(['/events', '/moved', '/events', '/moved'])
  })

  test('eventsource CVE-2022-1650: to another origin carry no authorization', async () => {
    await using server = await startServer()
    await using other = await startServer()
    const reading = collect(subscribe(server.url, { headers: { authorization: 'Bearer secret' }, reconnect }))
    const first = await server.next()
    first.answer(307, { location: other.url })
    const second = await other.stream()
    second.end()
    const third = await server.next()
    third.answer(204)
    await reading
    const authorizations = [first, second, third].map(({ request }) => request.headers.get('authorization'))
    expect(authorizations).toEqual(['Bearer secret', undefined, 'Bearer secret'])
  })

  test('a loop of them is a connection that could not be made', async () => {
    await using server = await startServer()
    const failed = failureOf(collect(subscribe(server.url, { reconnect: false })))
    const loop = (async () => {
      for (;;) (await server.next()).answer(302, { location: '/events' })
    })()
    expect(await failed).toMatchObject({ code: 'connection_lost' })
    expect(server.requests).toBeLessThanOrEqual(30)
    void loop
  })
})

describe('C30 what the server answers', () => {
  test('204 ends it, never to be retried, and onEnd is told', async () => {
    await using server = await startServer()
    const ends: unknown[] = []
    const live = subscribe(server.url, { reconnect, onEnd: ({ reason }) => ends.push(reason) })
    const reading = collect(live)
    const exchange = await server.next()
    exchange.answer(204)
    expect(await reading).toEqual([])
    expect(live.getSnapshot()).toMatchObject({ state: 'closed', reason: 'ended', error: undefined })
    expect(ends).toEqual(['ended'])
    await exchange.gone
    expect(server.requests).toBe(1)
  })

  test.each([
    ['text/html', { 'content-type': 'text/html' }],
    ['none', {}],
    ['text/event-streams', { 'content-type': 'text/event-streams' }],
    ['application/text/event-stream', { 'content-type': 'application/text/event-stream' }],
  ])('a content type that is no event stream’s closes it: %s', async (_, headers) => {
    await using server = await startServer()
    const live = subscribe(server.url, { reconnect })
    const failed = failureOf(collect(live))
    const exchange = await server.next()
    exchange.answer(200, headers, '<html>')
    const error = await failed
    expect(error).toBeInstanceOf(ContentTypeError)
    expect(live.getSnapshot()).toMatchObject({ state: 'closed', reason: 'failed', error })
    await exchange.gone
    expect(server.requests).toBe(1)
  })

  test('the error says what it was instead', async () => {
    await using server = await startServer()
    const failed = failureOf(collect(subscribe(`${server.url}?token=s3cret`)))
    ;(await server.next()).answer(200, { 'content-type': 'text/html' })
    expect(await failed).toHaveProperty('message', `GET ${server.url} answered text/html, no event stream: wrong URL?`)
  })

  test.each([
    'text/event-stream',
    'text/event-stream;',
    'text/event-stream;charset=utf-8',
    'text/event-stream ; charset=UTF-8',
    'text/event-stream\t;charset=UTF-8',
    'text/event-stream, text/event-stream',
    'TEXT/Event-Stream',
  ])('a content type may be %j', async (type) => {
    await using server = await startServer()
    const reading = collect(subscribe(server.url))
    ;(await server.next()).open({ 'content-type': type }).send(ready() + event('a', 1) + end)
    expect(await reading).toHaveLength(1)
  })
})

test('a connection that fails says which, and why', async () => {
  const fetch = (): Promise<Response> => Promise.reject(new TypeError('no route'))
  const failed = failureOf(collect(subscribe('http://sse.test/a?token=s3cret', { fetch, reconnect: false })))
  expect(await failed).toMatchObject({ code: 'connection_lost', message: 'GET http://sse.test/a: TypeError: no route' })
})

describe('C31 statuses', () => {
  test.each([400, 404, 405, 410, 418, 422, 201, 205])('%i closes it for good', async (status) => {
    await using server = await startServer()
    const live = subscribe(server.url, { reconnect })
    const failed = failureOf(collect(live))
    const exchange = await server.next()
    exchange.answer(status)
    const error = await failed
    expect(error).toBeInstanceOf(HttpStatusError)
    expect(error).toMatchObject({ code: 'http_status', status, message: `GET ${server.url} answered ${status}` })
    expect(live.getSnapshot()).toMatchObject({ state: 'closed', reason: 'failed', error })
    await exchange.gone
    expect(server.requests).toBe(1)
  })

  test.each([408, 429, 500, 502, 503, 504, 599])('%i is retried', async (status) => {
    await using server = await startServer()
    const reading = collect(subscribe(server.url, { reconnect }))
    ;(await server.next()).answer(status)
    ;(await server.stream(ready() + event('a', 1) + end)).end()
    expect(await reading).toHaveLength(1)
  })
})

describe('C31 credentials', () => {
  /** What `headers` was called with. */
  function tokens(): { readonly calls: boolean[]; readonly headers: (context: { readonly refresh: boolean }) => Promise<HeadersInit> } {
    const calls: boolean[] = []
    return {
      calls,
      headers: async ({ refresh }) => {
        calls.push(refresh)
        return { authorization: `Bearer ${calls.length}` }
      },
    }
  }

  test.each([401, 403])('%i: once, fresh headers get a try at once; then it closes', async (status) => {
    await using server = await startServer()
    const { calls, headers } = tokens()
    // A wait of an hour would let the test time out: this try has none.
    vi.spyOn(Math, 'random').mockReturnValue(1)
    const failed = failureOf(collect(subscribe(server.url, { headers, reconnect: { baseDelay: 3_600_000, maxDelay: 3_600_000 } })))
    const first = await server.next()
    first.answer(status)
    const second = await server.next()
    second.answer(status)
    expect(await failed).toMatchObject({ status })
    expect(calls).toEqual([false, true])
    expect([first, second].map(({ request }) => request.headers.get('authorization'))).toEqual(['Bearer 1', 'Bearer 2'])
    expect(server.requests).toBe(2)
  })

  test('headers that work again earn another refresh later', async () => {
    await using server = await startServer()
    const { calls, headers } = tokens()
    const reading = collect(subscribe(server.url, { headers, reconnect }))
    for (let round = 0; round < 2; round++) {
      ;(await server.next()).answer(401)
      ;(await server.stream(ready() + event('a', round))).end()
    }
    ;(await server.next()).answer(204)
    expect(await reading).toHaveLength(2)
    expect(calls).toEqual([false, true, false, true, false])
  })

  test('they are made anew at each reconnect', async () => {
    await using server = await startServer()
    const { headers } = tokens()
    const reading = collect(subscribe(server.url, { headers, reconnect }))
    const sent: (string | undefined)[] = []
    for (let round = 0; round < 3; round++) {
      const exchange = await server.stream()
      sent.push(exchange.request.headers.get('authorization'))
      exchange.end()
    }
    ;(await server.next()).answer(204)
    await reading
    expect(sent).toEqual(['Bearer 1', 'Bearer 2', 'Bearer 3'])
  })

  test('headers that are given once cannot be refreshed', async () => {
    await using server = await startServer()
    const failed = failureOf(collect(subscribe(server.url, { headers: { authorization: 'Bearer 1' }, reconnect })))
    ;(await server.next()).answer(401)
    expect(await failed).toMatchObject({ status: 401 })
    expect(server.requests).toBe(1)
  })

  test.each<[string, () => HeadersInit | Promise<HeadersInit>]>([
    [
      'that throws',
      () => {
        throw new Error('s3cret')
      },
    ],
    ['that rejects', () => Promise.reject(new Error('s3cret'))],
    ['that makes what is no header', () => ({ authorization: 's3\ncret' })],
  ])('a function %s has an error of its own, which is retried and shows in the state', async (_, headers) => {
    const states = new Log<Snapshot>()
    const live = subscribe('http://sse.test/', { headers, onStateChange: states.add })
    const { error, reason, attempt } = await states.find(({ state }) => state === 'waiting')
    live.close()
    expect(error).toBeInstanceOf(HeadersError)
    expect(error).toMatchObject({ code: 'headers_failed', message: 'headers: see the cause' })
    expect(error?.cause).toBeInstanceOf(Error)
    expect([reason, attempt]).toEqual(['lost', 1])
  })

  test('making them may fail for a while', async () => {
    await using server = await startServer()
    const headers = vi
      .fn<() => Promise<HeadersInit>>()
      .mockRejectedValueOnce(new Error('no token'))
      .mockResolvedValue({ authorization: 'x' })
    const reading = collect(subscribe(server.url, { headers, reconnect }))
    const exchange = await server.stream(ready() + end)
    await reading
    expect(exchange.request.headers.get('authorization')).toBe('x')
  })
})
