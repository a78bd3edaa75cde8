import { afterEach, describe, expect, test, vi } from 'vitest'
import { OptionError } from './errors.js'
import type { ConnectOptions } from './options.js'
import type { State } from './state.js'
import { subscribe } from './subscribe.js'
import { collect, failureOf } from './testing/async.js'
import { type Exchange, type RawServer, startServer } from './testing/raw-server.js'
import { end, event, ready } from './testing/wire.js'

const reconnect = { baseDelay: 0 }
const url = 'http://sse.test/'

afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

test('it connects in a microtask, so that whoever subscribes can attach handlers first', async () => {
  const states: State[] = []
  const fetch = async (): Promise<Response> => new Response(null, { status: 204 })
  const live = subscribe('http://sse.test/', { fetch, onStateChange: ({ state }) => void states.push(state) })
  expect(live.state).toBe('connecting')
  expect(states).toEqual([])
  await undefined
  expect(states).toEqual(['connecting'])
  live.close()
})

test.each<readonly [string, string | URL, ConnectOptions, string]>([
  ['a URL that is relative where there is no page', '/events', {}, 'url: absolute http(s), no password'],
  ['an empty one', '', {}, 'url: absolute http(s), no password'],
  ['a URL that cannot be fetched', 'ftp://sse.test/', {}, 'url: absolute http(s), no password'],
  ['a password in it', new URL('https://me:s3cret@sse.test/'), {}, 'url: absolute http(s), no password'],
  ['a method that is none', url, { method: 'A B' }, 'method or credentials: see the cause'],
  ['a method that is forbidden', url, { method: 'TRACE' }, 'method or credentials: see the cause'],
  ['a GET with a body', url, { method: 'GET', body: 'x' }, 'body: leave out method GET'],
  ['a header’s name', url, { headers: { 'a b': 'x' } }, 'headers: see the cause'],
  ['a header’s value', url, { headers: [['authorization', 's3\ncret']] }, 'headers: see the cause'],
  ...['\r', '\n', '\0'].map(
    (culprit) =>
      [`a position with ${JSON.stringify(culprit)}`, url, { lastEventId: `1${culprit}` }, 'lastEventId: no CR, LF or NUL'] as const,
  ),
])('what no attempt could ever send is refused at once, not tried for ever: %s', (_, target, options, message) => {
  const fetch = vi.spyOn(globalThis, 'fetch')
  const refused = expect(() => subscribe(target, options))
  refused.toThrow(OptionError)
  refused.toThrow(message)
  expect(fetch).not.toHaveBeenCalled()
})

test('whoever brings a fetch knows which URLs it can', async () => {
  const fetch = async (): Promise<Response> => new Response(null, { status: 204 })
  expect(await collect(subscribe('app://window/events', { fetch }))).toEqual([])
})

test.each([
  ['the page', { document: { baseURI: 'http://sse.test/page/' } }, 'http://sse.test/page/events'],
  ['a worker’s script, where there is no page', { location: { href: 'http://sse.test/worker.js' } }, 'http://sse.test/events'],
])('a URL may be relative to %s', async (_, globals, absolute) => {
  for (const [name, value] of Object.entries(globals)) vi.stubGlobal(name, value)
  const asked: string[] = []
  const fetch: typeof globalThis.fetch = async (target) => {
    asked.push(String(target))
    return new Response(null, { status: 204 })
  }
  await collect(subscribe('events', { fetch }))
  expect(asked).toEqual([absolute])
})

test('a URL object is taken too, and not changed', async () => {
  await using server = await startServer()
  const url = new URL(`${server.url}?a=b`)
  const reading = collect(subscribe(url, { lastEventId: '1' }))
  const exchange = await server.stream(ready() + end)
  await reading
  expect(exchange.request.target).toBe('/events?a=b')
  expect(url.href).toBe(`${server.url}?a=b`)
})

describe('C35 what is sent', () => {
  const requestOf = async (options: ConnectOptions): Promise<Exchange['request']> => {
    await using server = await startServer()
    const reading = collect(subscribe(server.url, options))
    const { request } = await server.stream(ready() + end)
    await reading
    return request
  }

  test.each<[string, HeadersInit]>([
    ['an object', { 'x-tenant': 'a' }],
    ['pairs', [['x-tenant', 'a']]],
    ['Headers', new Headers({ 'x-tenant': 'a' })],
  ])('headers of one’s own, as %s', async (_, headers) => {
    expect((await requestOf({ headers })).headers.get('x-tenant')).toBe('a')
  })

  test('headers from a function, which need not be asynchronous', async () => {
    expect((await requestOf({ headers: () => ({ 'x-tenant': 'a' }) })).headers.get('x-tenant')).toBe('a')
  })

  test('a body makes it a POST', async () => {
    const request = await requestOf({ body: '{"prompt":"hi"}', headers: { 'content-type': 'application/json' } })
    expect(request).toMatchObject({ method: 'POST', body: '{"prompt":"hi"}' })
    expect(request.headers.get('content-type')).toBe('application/json')
    expect(request.headers.get('accept')).toBe('text/event-stream')
  })

  test.each(['POST', 'REPORT', 'PUT'])('the method %s, with or without a body', async (method) => {
    expect(await requestOf({ method })).toMatchObject({ method, body: '' })
    expect(await requestOf({ method, body: 'x' })).toMatchObject({ method, body: 'x' })
  })

  test('where to begin', async () => {
    expect((await requestOf({ lastEventId: '7' })).headers.get('last-event-id')).toBe('7')
    expect((await requestOf({ lastEventId: '' })).headers.has('last-event-id')).toBe(false)
  })

  test('undefined is the default for every option', async () => {
    const request = await requestOf({ method: undefined, headers: undefined, body: undefined, lastEventId: undefined, fetch: undefined })
    expect(request).toMatchObject({ method: 'GET', body: '' })
  })
})

test('credentials are fetch’s own, and passed on where they are given', async () => {
  const inits: (RequestInit | undefined)[] = []
  const fetch: typeof globalThis.fetch = async (_, init) => {
    inits.push(init)
    return new Response(null, { status: 204 })
  }
  await collect(subscribe('http://sse.test/', { fetch, credentials: 'include' }))
  expect(inits).toMatchObject([{ credentials: 'include' }])
})

describe('C35 a request other than GET', () => {
  /** Serves these streams, each cut off; then a last one that ends well. Returns all requests. */
  async function serve(server: RawServer, streams: readonly string[]): Promise<readonly Exchange['request'][]> {
    const requests: Exchange['request'][] = []
    for (const chunk of streams) {
      const exchange = await server.stream(chunk)
      requests.push(exchange.request)
      exchange.cut()
    }
    requests.push((await server.stream(ready() + end)).request)
    return requests
  }

  test('is repeated once the server has sent an id, with its body and from there', async () => {
    await using server = await startServer()
    const reading = collect(subscribe(server.url, { body: 'prompt', reconnect: undefined }))
    const requests = await serve(server, [ready() + event('token', 'a', '1')])
    await reading
    expect(requests.map(({ method, body, headers }) => [method, body, headers.get('last-event-id')])).toEqual([
      ['POST', 'prompt', undefined],
      ['POST', 'prompt', '1'],
    ])
  })

  test('is repeated without one where `reconnect` is true', async () => {
    await using server = await startServer()
    const reading = collect(subscribe(server.url, { body: 'prompt', reconnect: true }))
    const requests = await serve(server, [ready() + event('token', 'a')])
    await reading
    expect(requests.map(({ body }) => body)).toEqual(['prompt', 'prompt'])
  })

  test.each<[string, (exchange: Exchange) => void]>([
    [
      'cut off by a server of ours',
      (exchange) =>
        exchange
          .open()
          .send(ready() + event('token', 'a'))
          .end(),
    ],
    ['cut off in the midst of another’s stream', (exchange) => exchange.open().send('data:1\n\n').cut()],
    ['answered 503', (exchange) => exchange.answer(503)],
    ['not answered', (exchange) => exchange.reset()],
  ])('is not repeated without an id: %s closes it, and says so', async (_, answer) => {
    await using server = await startServer()
    // Settings of the backoff say nothing of whether a second order is wanted.
    const live = subscribe(server.url, { body: 'prompt', reconnect })
    const failed = failureOf(collect(live))
    answer(await server.next())
    expect(await failed).toBeInstanceOf(Error)
    expect(live.getSnapshot()).toMatchObject({ state: 'closed', reason: 'failed' })
    expect(server.requests).toBe(1)
  })

  test('to another’s server is over at its stream’s end', async () => {
    await using server = await startServer()
    const live = subscribe(server.url, { body: 'prompt', reconnect: true })
    const reading = collect(live)
    ;(await server.stream('data:1\n\nid:7\ndata:2\n\n')).end()
    expect((await reading).map(({ data }) => data)).toEqual([1, 2])
    expect(live.getSnapshot()).toMatchObject({ state: 'closed', reason: 'ended', error: undefined })
    expect(server.requests).toBe(1)
  })

  test('to another’s server over GET is over at its stream’s end where it is not to be asked again', async () => {
    await using server = await startServer()
    const live = subscribe(server.url, { reconnect: false })
    const reading = collect(live)
    ;(await server.stream('data:1\n\n')).end()
    expect(await reading).toHaveLength(1)
    expect(live.getSnapshot()).toMatchObject({ state: 'closed', reason: 'ended', error: undefined })
  })

  test('to a server of ours is broken off where its end is missing, also with `reconnect: false`', async () => {
    await using server = await startServer()
    const failed = failureOf(collect(subscribe(server.url, { reconnect: false })))
    ;(await server.stream(ready() + event('a', 1))).end()
    expect(await failed).toMatchObject({ code: 'connection_lost', message: `GET ${server.url} broke off` })
  })

  test('to another’s server that marks its end is cut off where the mark is missing', async () => {
    await using server = await startServer()
    const failed = failureOf(collect(subscribe(server.url, { body: 'prompt', endOn: '[DONE]' })))
    ;(await server.stream('data:1\n\n')).end()
    expect(await failed).toMatchObject({ code: 'connection_lost' })
  })
})
