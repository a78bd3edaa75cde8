import { afterEach, describe, expect, test, vi } from 'vitest'
import { OptionError } from '../errors.js'
import { eventSource } from '../event-source.js'
import type { ConnectOptions } from '../options.js'
import { subscribe } from '../subscribe.js'
import { collect, failureOf, turns } from '../testing/async.js'
import { startServer } from '../testing/raw-server.js'
import { transports } from '../testing/transports.js'

// web-platform-tests `eventsource/`: which URLs are asked, with what, and which answers are a stream.

afterEach(() => {
  vi.unstubAllGlobals()
})

const eventStream = { 'content-type': 'text/event-stream' }

describe.each(transports)('over $over', ({ transport }) => {
  // What comes is over at the mark, so that a loop ends.
  const options = { transport, format: 'text', endOn: 'END', reconnect: { baseDelay: 0 } } satisfies ConnectOptions
  const message = 'data: data\n\ndata:END\n\n'
  const read = async (url: string | URL, more: ConnectOptions = {}): Promise<readonly unknown[]> =>
    (await collect(subscribe(url, { ...options, ...more }))).map(({ data }) => data)

  test('request-accept.any.js: it accepts an event stream, and nothing else', async () => {
    await using server = await startServer()
    const reading = read(server.url)
    expect((await server.stream(message)).request.headers.get('accept')).toBe('text/event-stream')
    await reading
  })

  test('request-cache-control.any.js: no cache may answer, this time and the next', async () => {
    await using server = await startServer()
    for (let time = 0; time < 2; time++) {
      const reading = read(server.url)
      expect((await server.stream(message)).request.headers.get('cache-control')).toBe('no-cache')
      await reading
    }
  })

  test.each<[string, RequestCredentials, ConnectOptions]>([
    ['enabled', 'include', { credentials: 'include' }],
    ['disabled', 'same-origin', { credentials: 'same-origin' }],
    ['by default', 'same-origin', {}],
  ])('request-credentials.any.window.js: %s they are `%s`', async (_, credentials, more) => {
    // Outside of browsers the `eventsource` package does not pass them on.
    vi.stubGlobal('window', {})
    const asked: string[] = []
    const fetch: typeof globalThis.fetch = async (url, init) => {
      asked.push(new Request(url, init).credentials)
      return new Response(message, { headers: eventStream })
    }
    await read('http://sse.test/', { ...more, fetch })
    expect(asked).toEqual([credentials])
  })

  test.each([301, 302, 303, 307])('request-redirect.any.window.js: %i is followed', async (status) => {
    await using server = await startServer()
    const reading = read(server.url)
    ;(await server.next()).answer(status, { location: '/eventsource/resources/message.py' })
    expect((await server.stream(message)).request.target).toBe('/eventsource/resources/message.py')
    expect(await reading).toEqual(['data'])
  })

  test.each(['eventsource-cross-origin.window.js', 'eventsource-cross-origin-redirect-origin.any.js'])(
    '%s: a redirect to another origin is followed, and the next connection begins at the first',
    async () => {
      await using server = await startServer()
      await using other = await startServer()
      const reading = read(server.url)
      ;(await server.next()).answer(307, { location: other.url })
      ;(await other.stream('data: data\n\n')).end()
      await server.stream('data:END\n\n')
      expect(await reading).toEqual(['data'])
    },
  )

  test.each([205, 210, 299, 404, 410])('request-status-error.window.js: %i closes it, and nothing arrives', async (status) => {
    await using server = await startServer()
    const live = subscribe(server.url, options)
    const failed = failureOf(collect(live))
    const exchange = await server.next()
    exchange.answer(status, eventStream, status === 205 ? '' : message)
    expect(await failed).toMatchObject({ code: 'http_status', status })
    await exchange.gone
    await turns()
    expect(live.getSnapshot()).toMatchObject({ state: 'closed', reason: 'failed' })
    expect(server.requests).toBe(1)
  })

  test('request-status-error.window.js: 204 closes it, as an end that is no failure', async () => {
    await using server = await startServer()
    const live = subscribe(server.url, options)
    const reading = collect(live)
    ;(await server.next()).answer(204)
    expect(await reading).toEqual([])
    expect(live.getSnapshot()).toMatchObject({ state: 'closed', reason: 'ended' })
  })

  test('request-status-error.window.js: 503 is tried again, where EventSource would close: it is of a server that comes back', async () => {
    await using server = await startServer()
    const reading = read(server.url)
    ;(await server.next()).answer(503, eventStream, 'data: no\n\n')
    await server.stream(message)
    expect(await reading).toEqual(['data'])
  })

  test.each([
    ['format-mime-bogus.any.js', 'x bogus'],
    ['format-mime-valid-bogus.any.js', 'text/x-bogus'],
  ])('%s: the content type %s closes it, and nothing arrives', async (_, type) => {
    await using server = await startServer()
    const live = subscribe(server.url, options)
    const failed = failureOf(collect(live))
    const exchange = await server.next()
    exchange.answer(200, { 'content-type': type }, message)
    expect(await failed).toBeInstanceOf(Error)
    await exchange.gone
    await turns()
    expect(live.getSnapshot()).toMatchObject({ state: 'closed', reason: 'failed' })
    expect(server.requests).toBe(1)
  })

  test.each([
    ['format-mime-trailing-semicolon.any.js', 'a semicolon may end the content type', 'text/event-stream;', 'data'],
    ['format-utf-8.any.js', 'it is UTF-8, whatever the content type says', 'text/event-stream;charset=windows-1252', 'ok…'],
  ])('%s: %s', async (_file, _title, type, data) => {
    await using server = await startServer()
    const reading = read(server.url)
    ;(await server.next()).open({ 'content-type': type }).send(`data:${data}\n\ndata:END\n\n`)
    expect(await reading).toEqual([data])
  })

  test.each([
    ['eventsource-constructor-empty-url.any.js', 'an empty URL is the page’s', '', '/eventsource/page'],
    ['eventsource-url.any.js', 'a relative URL begins at the page’s', 'resources/message.py', '/eventsource/resources/message.py'],
  ])('%s: %s', async (_file, _title, url, target) => {
    await using server = await startServer()
    vi.stubGlobal('location', { origin: server.origin, href: `${server.origin}/eventsource/page` })
    const reading = read(url)
    expect((await server.stream(message)).request.target).toBe(target)
    await reading
  })

  test('eventsource-constructor-stringify.window.js: a URL may be an object', async () => {
    await using server = await startServer()
    const reading = read(new URL('/1', server.origin))
    expect((await server.stream(message)).request.target).toBe('/1')
    await reading
  })

  test('eventsource-constructor-url-bogus.any.js: what is no URL is thrown at once', () => {
    expect(() => subscribe('http://this is invalid/', options)).toThrow(OptionError)
  })
})

describe('eventsource-constructor-non-same-origin.window.js', () => {
  const others = ['ftp://example.not/', 'about:blank', 'mailto:whatwg@awesome.example', "javascript:alert('FAIL')"]

  test.each(others)('%s is thrown at once', (url) => {
    expect(() => subscribe(url)).toThrow(OptionError)
    expect(() => subscribe(url, { transport: eventSource() })).toThrow(OptionError)
  })
})
