import { describe, expect, test } from 'vitest'
import type { StreamOptions } from '../options.js'
import type { Stream } from '../stream.js'
import { type Adapter, type Ask, adapters } from '../testing/adapters.js'

// How a request is answered before anything is streamed, by every adapter alike.

const done = (): void => {}

/** What the connection adds of its own accord: not the stream's. */
const hopByHop = new Set(['connection', 'date', 'keep-alive', 'transfer-encoding'])

async function headersOf(adapter: Adapter, ask: Ask, options: StreamOptions = {}): Promise<Record<string, string>> {
  await using served = await adapter.serve(options, done)
  const { headers } = await served.ask(ask)
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !hopByHop.has(name)))
}

const streamHeaders = {
  'cache-control': 'private, no-store, no-transform',
  'content-type': 'text/event-stream',
  'x-accel-buffering': 'no',
  'x-content-type-options': 'nosniff',
}

describe.each(adapters)('$name', (adapter) => {
  test('D42 a stream has its own headers and no others', async () => {
    expect(await headersOf(adapter, {})).toEqual(streamHeaders)
  })

  test('D42 HEAD has the headers of the stream', async () => {
    expect(await headersOf(adapter, { method: 'HEAD' })).toEqual(streamHeaders)
  })

  test.each<[string, Ask, Record<string, string>]>([
    ['OPTIONS', { method: 'OPTIONS' }, { allow: 'GET, POST, HEAD, OPTIONS' }],
    ['405', { method: 'DELETE' }, { allow: 'GET, POST, HEAD, OPTIONS' }],
    ['204 at the end', { headers: { 'last-event-id': 'sse.end' } }, {}],
  ])('D42 %s is not stored either', async (_, ask, more) => {
    const { 'content-length': length, ...headers } = await headersOf(adapter, ask)
    expect(headers).toEqual({ 'cache-control': 'no-store', ...more })
    // Some servers write the length of an empty body; any other length would be untrue.
    expect(length ?? '0').toBe('0')
  })

  test('headers of the application go along, and cannot displace those of the stream', async () => {
    const options = { headers: { 'Set-Cookie': 'a=1', 'Content-Type': 'text/html', 'Cache-Control': 'public' } }
    expect(await headersOf(adapter, {}, options)).toEqual({ ...streamHeaders, 'set-cookie': 'a=1' })
  })

  test('a header that is a list comes several times', async () => {
    await using served = await adapter.serve({ headers: { 'Set-Cookie': ['a=1', 'b=2'], 'X-List': ['c', 'd'] } }, done)
    const { headers } = await served.ask()
    expect([headers['set-cookie'], headers['x-list']]).toEqual(['a=1,b=2', 'c, d'])
  })

  test('D45 a method that the application writes in lower case is the same', async () => {
    await using served = await adapter.serve({ methods: ['get'] }, done)
    expect((await served.ask({ method: 'GET' })).status).toBe(200)
  })

  test.each([
    ['GET', 200],
    ['POST', 200],
    ['HEAD', 200],
    ['OPTIONS', 204],
    ['PUT', 405],
    ['DELETE', 405],
    ['PATCH', 405],
  ])('D45 %s is answered %i', async (method, status) => {
    await using served = await adapter.serve({}, done)
    expect((await served.ask({ method })).status).toBe(status)
  })

  test.each(['HEAD', 'OPTIONS', 'PUT'])('D45 %s has no body and does not run the producer', async (method) => {
    let runs = 0
    let close: unknown
    const onClose: StreamOptions['onClose'] = (closed) => {
      close = closed
    }
    await using served = await adapter.serve({ onClose }, () => {
      runs++
    })
    expect(await (await served.ask({ method })).all()).toBe('')
    expect(runs).toBe(0)
    expect(close).toEqual({ reason: 'answered', reconnect: false })
  })

  test('D45 the application says which methods open a stream', async () => {
    await using served = await adapter.serve({ methods: ['REPORT'] }, done)
    expect((await served.ask({ method: 'REPORT' })).status).toBe(200)
    const refused = await served.ask({ method: 'GET' })
    expect([refused.status, refused.headers['allow']]).toEqual([405, 'REPORT, OPTIONS'])
  })

  test.each(['GET', 'POST'])('E66 %s needs no Accept', async (method) => {
    await using served = await adapter.serve({}, (stream) => stream.send({ type: 'tick', data: 1 }))
    const incoming = await served.ask({ method, headers: { accept: 'application/json' } })
    expect(await incoming.events()).toEqual([{ event: 'tick', data: '1' }])
  })

  test('E66 POST with a body streams', async () => {
    await using served = await adapter.serve({}, (stream) => stream.send({ type: 'tick', data: 1 }))
    const incoming = await served.ask({ method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"prompt":"Hi"}' })
    expect(await incoming.events()).toEqual([{ event: 'tick', data: '1' }])
  })

  test.each<[string, Ask, string | undefined]>([
    ['nowhere: a new reader has none', {}, undefined],
    ['the header', { headers: { 'last-event-id': 'a' } }, 'a'],
    ['the query', { path: '/events?lastEventId=b' }, 'b'],
    ['the header, which wins over the query', { path: '/events?lastEventId=b', headers: { 'last-event-id': 'a' } }, 'a'],
    ['the query, where the header is empty', { path: '/events?lastEventId=b', headers: { 'last-event-id': '' } }, 'b'],
    ['nowhere: an empty query is none', { path: '/events?lastEventId=' }, undefined],
    ['the query, decoded', { path: '/events?lastEventId=%E8%B1%86%2F1' }, '豆/1'],
    ['the query, though another value holds a question mark', { path: '/events?topic=why?&lastEventId=b' }, 'b'],
    ['the header in UTF-8', { headers: { 'last-event-id': Buffer.from('豆腐').toString('latin1') } }, '豆腐'],
    ['the header that is no UTF-8, as it is', { headers: { 'last-event-id': '\xe9' } }, '\xe9'],
  ])('the last event id comes from %s', async (_, ask, expected) => {
    const seen: (string | undefined)[] = []
    await using served = await adapter.serve({}, (stream) => seen.push(stream.lastEventId))
    await (await served.ask(ask)).all()
    expect(seen).toEqual([expected])
  })

  test.each<[string, Ask]>([
    ['header', { headers: { 'last-event-id': 'sse.end' } }],
    ['query', { path: '/events?lastEventId=sse.end' }],
  ])('E66 a reader that comes back after the end, by %s, is told to stay away by 204', async (_, ask) => {
    const streams: Stream[] = []
    await using served = await adapter.serve({}, (stream) => streams.push(stream))
    const incoming = await served.ask(ask)
    expect([incoming.status, await incoming.all(), streams]).toEqual([204, '', []])
  })
})

describe.each(adapters)('CORS, $name', (adapter) => {
  const app = 'https://app.example'
  const asked = { headers: { origin: app } }
  const exposed = { 'access-control-expose-headers': 'Retry-After' }

  async function corsOf(ask: Ask, cors: StreamOptions['cors']): Promise<Record<string, string>> {
    const headers = await headersOf(adapter, ask, { cors })
    return Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('access-control-') || name === 'vary'))
  }

  test('D46 without the option nobody is let in', async () => {
    expect(await corsOf(asked, undefined)).toEqual({})
  })

  test('D46 a listed origin may read, and caches keep origins apart', async () => {
    const allowed = { 'access-control-allow-origin': app, vary: 'Origin', ...exposed }
    expect(await corsOf(asked, { origin: app })).toEqual(allowed)
    expect(await corsOf(asked, { origin: ['https://other.example', app] })).toEqual(allowed)
  })

  test('D46 credentials go with a listed origin', async () => {
    const headers = await corsOf(asked, { origin: app, credentials: true })
    expect(headers).toEqual({ 'access-control-allow-origin': app, 'access-control-allow-credentials': 'true', vary: 'Origin', ...exposed })
  })

  test.each([
    ['another origin', { headers: { origin: 'https://app.example.evil.example' } }],
    ['a request without an origin', {}],
    ['an opaque origin', { headers: { origin: 'null' } }],
  ])('D46 %s gets nothing, and the answer still varies', async (_, ask) => {
    expect(await corsOf(ask, { origin: app, credentials: true })).toEqual({ vary: 'Origin' })
  })

  test('D46 any origin may read where the application says so', async () => {
    expect(await corsOf(asked, { origin: '*' })).toEqual({ 'access-control-allow-origin': '*', ...exposed })
  })

  test('D46 a preflight is told methods and headers', async () => {
    const preflight = {
      method: 'OPTIONS',
      headers: { origin: app, 'access-control-request-method': 'GET', 'access-control-request-headers': 'last-event-id' },
    }
    expect(await corsOf(preflight, { origin: app })).toEqual({
      'access-control-allow-origin': app,
      'access-control-allow-methods': 'GET, POST, HEAD, OPTIONS',
      'access-control-allow-headers': 'Last-Event-ID, Cache-Control, Authorization, Content-Type',
      'access-control-max-age': '86400',
      vary: 'Origin',
      ...exposed,
    })
  })

  test('D46 a preflight is told the headers that the application lets through', async () => {
    const headers = { origin: app, 'access-control-request-method': 'GET', 'access-control-request-headers': 'x-tenant' }
    const allowed = await corsOf({ method: 'OPTIONS', headers }, { origin: app, headers: ['X-Tenant'] })
    expect(allowed['access-control-allow-headers']).toBe('Last-Event-ID, Cache-Control, Authorization, Content-Type, X-Tenant')
  })

  test('D46 a preflight of another origin is told nothing', async () => {
    const preflight = { method: 'OPTIONS', headers: { origin: 'https://evil.example', 'access-control-request-method': 'GET' } }
    expect(await corsOf(preflight, { origin: app })).toEqual({ vary: 'Origin' })
  })

  test('D46 a refusal can be read by the page that asked', async () => {
    const refused = await corsOf({ method: 'DELETE', headers: { origin: app } }, { origin: app })
    expect(refused).toEqual({ 'access-control-allow-origin': app, vary: 'Origin', ...exposed })
  })
})
