import { fromHeaderValue } from '@sse/schema/wire'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { subscribe } from './subscribe.js'
import { collect } from './testing/async.js'
import { type RawRequest, type RawServer, startServer } from './testing/raw-server.js'
import { end, event, ready } from './testing/wire.js'

afterEach(() => {
  vi.unstubAllGlobals()
})

const reconnect = { baseDelay: 0 }

/** Serves these streams one after another, then 204; returns the requests. */
async function serve(server: RawServer, streams: readonly string[]): Promise<readonly RawRequest[]> {
  const requests: RawRequest[] = []
  for (const stream of streams) {
    const exchange = await server.stream(stream)
    requests.push(exchange.request)
    exchange.end()
  }
  const last = await server.next()
  requests.push(last.request)
  last.answer(204)
  return requests
}

const headerOf = ({ headers }: RawRequest): string | undefined => headers.get('last-event-id')
const queryOf = ({ target }: RawRequest): string | null => new URL(target, 'http://sse.test').searchParams.get('lastEventId')

describe('the cursor over reconnects', () => {
  test.each([
    ['B21 an id that was reset is not sent', ['id:1\ndata:1\n\n', 'id:\ndata:2\n\n'], [undefined, '1', undefined]],
    ['B23 it outlives connections that bring none', ['id:1\ndata:1\n\n', '', 'data:2\n\n'], [undefined, '1', '1', '1']],
    [
      'B23 it follows the last event at every reconnect',
      ['id:1\ndata:1\n\n', 'id:2\ndata:2\n\n', 'id:3\ndata:3\n\n'],
      [undefined, '1', '2', '3'],
    ],
    ['B24 an id without data moves it', ['id:1\ndata:1\n\nid:2\n\n', ''], [undefined, '2', '2']],
    ['B25 the id of a partial event does not', ['id:1\ndata:1\n\n', 'id:2\ndata:2\n'], [undefined, '1', '1']],
  ])('%s', async (_, streams, headers) => {
    await using server = await startServer()
    const reading = collect(subscribe(server.url, { format: 'text', reconnect }))
    expect((await serve(server, streams)).map(headerOf)).toEqual(headers)
    await reading
  })

  test('B24 an event without an id keeps it', async () => {
    await using server = await startServer()
    const live = subscribe(server.url, { format: 'text', reconnect })
    const reading = collect(live)
    await serve(server, ['id:X\n\n', 'data:1\n\n'])
    expect((await reading).map(({ id }) => id)).toEqual(['X'])
    expect(live.lastEventId).toBe('X')
  })

  test('B23 the initial one is sent until an event has another', async () => {
    await using server = await startServer()
    const reading = collect(subscribe(server.url, { format: 'text', reconnect, lastEventId: 'start' }))
    expect((await serve(server, ['', 'id:1\ndata:1\n\n'])).map(headerOf)).toEqual(['start', 'start', '1'])
    await reading
  })

  test('B23 it is sent as UTF-8', async () => {
    await using server = await startServer()
    const reading = collect(subscribe(server.url, { reconnect, lastEventId: '…€🥢' }))
    const [first] = await serve(server, [])
    expect(Buffer.from(first === undefined ? '' : (headerOf(first) ?? ''), 'latin1').toString('utf8')).toBe('…€🥢')
    await reading
  })

  test('lastEventId tells it, from the option on', async () => {
    await using server = await startServer()
    const live = subscribe(server.url, { reconnect, lastEventId: 'start' })
    expect(live.lastEventId).toBe('start')
    const seen: string[] = []
    const reading = (async () => {
      for await (const { id } of live) seen.push(`${id} ${live.lastEventId}`)
    })()
    await serve(server, ['id:1\ndata:1\n\nid:2\ndata:2\n\n'])
    await reading
    // Past an event only once it was handed over, and the loop is still busy with it.
    expect(seen).toEqual(['1 start', '2 1'])
    expect(live.lastEventId).toBe('2')
  })
})

test('whoever leaves a loop finds it behind the last event at once', async () => {
  await using server = await startServer()
  const live = subscribe(server.url, { format: 'text', reconnect })
  void server.stream('id:1\ndata:1\n\nid:2\ndata:2\n\nid:3\ndata:3\n\n')
  for await (const { id } of live) if (id === '2') break
  expect(live.lastEventId).toBe('2')
})

describe('across origins', () => {
  const pageAt = (origin: string): void => void vi.stubGlobal('location', { origin })

  test('it is in the query, which needs no preflight', async () => {
    await using server = await startServer()
    pageAt('http://page.test')
    const reading = collect(subscribe(`${server.url}?a=b`, { lastEventId: '…&1' }))
    const [request] = await serve(server, [])
    expect(request?.target).toMatch(/^\/events\?a=b&lastEventId=/)
    expect(request && [queryOf(request), headerOf(request)]).toEqual(['…&1', undefined])
    await reading
  })

  test('in the page’s own origin it is in the header', async () => {
    await using server = await startServer()
    pageAt(server.origin)
    const reading = collect(subscribe(server.url, { lastEventId: '1' }))
    const [request] = await serve(server, [])
    expect(request && [queryOf(request), headerOf(request)]).toEqual([null, '1'])
    await reading
  })

  test('another’s server, which does not know the query, gets the header', async () => {
    await using server = await startServer()
    pageAt('http://page.test')
    const reading = collect(subscribe(server.url, { reconnect }))
    const requests = await serve(server, ['id:1\ndata:1\n\n'])
    expect(requests.map((request) => [queryOf(request), headerOf(request)])).toEqual([
      [null, undefined],
      [null, '1'],
    ])
    await reading
  })

  test('a server of ours gets the query at each reconnect, with the position of that time', async () => {
    await using server = await startServer()
    pageAt('http://page.test')
    const reading = collect(subscribe(server.url, { reconnect }))
    const requests = await serve(server, [ready() + event('a', 1, '1'), ready() + event('a', 2, '2')])
    expect(requests.map((request) => [queryOf(request), headerOf(request)])).toEqual([
      [null, undefined],
      ['1', undefined],
      ['2', undefined],
    ])
    await reading
  })
})

test('an id that is only whitespace or a header’s syntax cannot break the request', async () => {
  await using server = await startServer()
  const reading = collect(subscribe(server.url, { reconnect, lastEventId: 'a: b, c' }))
  const exchange = await server.stream(ready() + end)
  expect(fromHeaderValue(headerOf(exchange.request) ?? '')).toBe('a: b, c')
  await reading
})
