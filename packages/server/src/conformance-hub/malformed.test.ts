import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect as connect2, constants, createServer as createServer2 } from 'node:http2'
import { connect, type Server, type Socket } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { describe, expect, test, vi } from 'vitest'
import { fetchHandler } from '../adapters/fetch-handler.js'
import type { HandlerOptions } from '../handler.js'
import type { Hub } from '../hub.js'
import { createHub, memoryBackplane } from '../index.js'
import { type Ask, listen, portOf, type Served, servedHttp } from '../testing/adapters.js'
import { type AnyRequest, contract, everybody, hubAdapters, nodeListener, serveHub, type TestChannels } from '../testing/hub.js'

// Requests that are written wrongly: 400 in words that name the culprit, nobody is asked for permission, no place is held.

const query = (...topics: readonly string[]): Ask => ({ path: `/events?${new URLSearchParams(topics.map((topic) => ['topic', topic]))}` })
const body = (text: string): Ask => ({ method: 'POST', path: '/events', body: text })
const many = Array.from({ length: 101 }, (_, index) => `orders/${index}`)

const requests: readonly [string, Ask, string][] = [
  ['no topic', { path: '/events' }, 'There is no topic: ask for one or more, as ?topic=orders/42&topic=users/7/inbox'],
  ['no query, but a question mark', { path: '/events?' }, 'There is no topic'],
  ['an empty topic', query(''), 'topic "" has no name'],
  ['a start without a name', query('@now'), 'topic "@now" has no name'],
  ['a name that is too long', query('x'.repeat(2_049)), `topic "${'x'.repeat(100)}…" has no name, or one that is too long`],
  ['a topic twice', query('orders/42', 'orders/42'), 'topic "orders/42" is there twice: ask for it once'],
  ['a topic twice, with two starts', query('orders/42@now', 'orders/42@last:1'), 'topic "orders/42" is there twice'],
  ['a subtree twice', query('orders/*', 'orders/*'), 'topic "orders/*" is there twice'],
  ['too many topics', query(...many), 'There are 101 topics: a stream takes 100'],
  ['a start that is no start', query('orders/42@yesterday'), 'topic "orders/42@yesterday" begins nowhere: write @now, @last:10 or @'],
  ['an empty start', query('orders/42@'), 'topic "orders/42@" begins nowhere'],
  ['two starts', query('orders/42@now@now'), 'topic "orders/42@now@now" begins nowhere'],
  ['a start that is nearly a position', query('orders/42@1.abc.01'), 'topic "orders/42@1.abc.01" begins nowhere'],
  ['a negative last', query('orders/42@last:-1'), 'begins nowhere'],
  ['a last that is no whole number', query('orders/42@last:1.5'), 'begins nowhere'],
  ['a last in another spelling', query('orders/42@last:01'), 'begins nowhere'],
  ['a last over its bound', query('orders/42@last:100001'), 'begins nowhere'],
  ['a last of very many digits', query(`orders/42@last:${'9'.repeat(400)}`), 'begins nowhere'],
  ['the last events of a subtree', query('orders/*@last:1'), 'topic "orders/*@last:1": a subtree cannot begin with its last events'],
  ['no body', { method: 'POST', path: '/events' }, 'The body is no JSON: send it as {"topics":["orders/42"]}'],
  ['a body that is no JSON', body('topics=orders/42'), 'The body is no JSON'],
  ['a body that was cut off', body('{"topics":["orders/42"'), 'The body is no JSON'],
  ['null', body('null'), 'The body has no topics'],
  ['a number', body('42'), 'The body has no topics'],
  ['a list', body('["orders/42"]'), 'The body has no topics'],
  ['a body without topics', body('{"topic":"orders/42"}'), 'The body has no topics'],
  ['topics that are one text', body('{"topics":"orders/42"}'), 'In the body "topics" is no list'],
  ['topics that are an object', body('{"topics":{"length":1,"0":"orders/42"}}'), 'In the body "topics" is no list'],
  ['topics that hold a number', body('{"topics":["orders/42",42]}'), 'In the body "topics" holds something else than texts, at 1'],
  ['topics that hold null', body('{"topics":[null]}'), 'In the body "topics" holds something else than texts, at 0'],
  ['no topics in the list', body('{"topics":[]}'), 'There is no topic'],
  ['a cursor that is a number', body('{"topics":["orders/42"],"lastEventId":42}'), 'In the body "lastEventId" is no text'],
  ['a cursor that is null', body('{"topics":["orders/42"],"lastEventId":null}'), 'In the body "lastEventId" is no text'],
  ['too many topics in the body', body(JSON.stringify({ topics: many })), 'There are 101 topics'],
]

describe.each(hubAdapters)('$name', (adapter) => {
  test.each(requests)('D66 400 for %s', async (_, ask, words) => {
    const authorize = vi.fn(everybody)
    await using server = await serveHub(adapter, { handler: { authorize }, hub: { limits: { streams: 1 } } })
    const refused = await server.ask(ask)
    expect(refused.status).toBe(400)
    expect(refused.headers).toMatchObject({
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    })
    const { code, message } = await refused.refusal()
    expect(code).toBe('malformed')
    expect(message).toContain(words)
    expect(authorize).not.toHaveBeenCalled()
    expect(server.errors).toEqual([])
    expect(server.hub.stats().refused.malformed).toBe(1)
    expect((await server.get(['orders/42'])).status).toBe(200)
  })

  test('D55 a body over its bound is answered 413, and its sender is told why', async () => {
    await using server = await serveHub(adapter, { hub: { limits: { streams: 1 } } })
    const refused = await server.post({ topics: ['orders/42'], more: 'x'.repeat(300_000) })
    expect(refused.status).toBe(413)
    expect((await refused.refusal()).message).toBe('The body is over 262144 bytes: ask for fewer topics')
    expect((await server.get(['orders/42'])).status).toBe(200)
  })

  test('D55 after a body over its bound the next request is answered as ever', async () => {
    await using server = await serveHub(adapter)
    for (let n = 0; n < 3; n++) {
      const refused = await server.post('x'.repeat(1_000_000))
      expect(refused.status).toBe(413)
      await refused.refusal()
    }
    expect((await server.post({ topics: ['orders/42'] })).status).toBe(200)
  })

  test('the bound of topics is the application’s', async () => {
    await using server = await serveHub(adapter, { hub: { limits: { topics: 2 } } })
    expect((await server.get(['orders/1', 'orders/2'])).status).toBe(200)
    const refused = await server.get(['orders/1', 'orders/2', 'orders/3'])
    expect(await refused.refusal()).toEqual({ code: 'malformed', message: 'There are 3 topics: a stream takes 2' })
  })
})

describe('D53 a body that breaks off is no error of the server, and gives its place back', () => {
  /** As much of a request as its sender gets out. */
  const begun = 'POST /events HTTP/1.1\r\nhost: sse.test\r\ncontent-length: 100\r\n\r\n{"topics":'
  const opens = { path: '/events?topic=orders/42' }

  /** A hub with one place, and what its handler was told. */
  function smallHub(writeTimeout?: number): {
    hub: Hub<TestChannels>
    options: HandlerOptions<TestChannels, AnyRequest>
    errors: unknown[]
  } {
    const errors: unknown[] = []
    const hub = createHub<TestChannels>({ contract, backplane: memoryBackplane(), limits: { streams: 1 } })
    return { hub, errors, options: { authorize: everybody, onError: (error) => errors.push(error), writeTimeout } }
  }

  const servers: readonly [string, (...[hub, options]: Parameters<typeof nodeListener>) => Server][] = [
    ['node:http', (hub, options) => createServer(nodeListener(hub, options))],
    ['Fetch under @hono/node-server', (hub, options) => createAdaptorServer({ fetch: fetchHandler(hub, options) })],
  ]

  /** Begins a request that takes the one place, and waits until it has it. */
  async function beginOne(server: Server, running: Served): Promise<Socket> {
    const socket = connect(portOf(server), '127.0.0.1')
    socket.on('error', () => {})
    socket.write(begun)
    await vi.waitFor(async () => {
      const incoming = await running.ask(opens)
      incoming.leave()
      expect(incoming.status).toBe(503)
    })
    return socket
  }

  async function hasPlace(running: Served): Promise<void> {
    await vi.waitFor(async () => {
      const incoming = await running.ask(opens)
      incoming.leave()
      expect(incoming.status).toBe(200)
    })
  }

  test.each(servers)('%s', async (_, serverOf) => {
    const { hub, options, errors } = smallHub()
    const server = serverOf(hub, options)
    await using running = await servedHttp(server)
    const socket = await beginOne(server, running)
    socket.destroy()
    await hasPlace(running)
    expect([errors, hub.stats().refused.malformed]).toEqual([[], 1])
    await hub.close()
  })

  test.each(servers)('%s: also where its sender drips, at the write deadline', async (_, serverOf) => {
    const { hub, options, errors } = smallHub(100)
    const server = serverOf(hub, options)
    await using running = await servedHttp(server)
    const socket = await beginOne(server, running)
    await hasPlace(running)
    expect([errors, hub.stats().refused.malformed]).toEqual([[], 1])
    socket.destroy()
    await hub.close()
  })

  test.each([
    ['breaks off', undefined],
    ['drips until the write deadline', 50],
  ])('node:http2: %s', async (_, writeTimeout) => {
    const { hub, options, errors } = smallHub(writeTimeout)
    const server = createServer2(nodeListener(hub, options))
    const session = connect2(`http://127.0.0.1:${await listen(server)}`)
    const asked = once(server, 'stream')
    const begin = session.request({ ':method': 'POST', ':path': '/events' })
    begin.on('error', () => {})
    begin.write('{"topics":')
    await asked
    if (writeTimeout === undefined) begin.close(constants.NGHTTP2_CANCEL)
    await vi.waitFor(() => expect(hub.stats().refused.malformed).toBe(1))
    expect(errors).toEqual([])
    session.destroy()
    server.close()
    await hub.close()
  })

  test.each<[string, UnderlyingSource, number | undefined]>([
    ['breaks off', { pull: (controller) => controller.error(new Error('the connection was reset')) }, undefined],
    ['drips until the write deadline', {}, 50],
  ])('Fetch: %s', async (_, body, writeTimeout) => {
    const { hub, options, errors } = smallHub(writeTimeout)
    const serve = fetchHandler(hub, options)
    // Of `fetch`, but not in the types of its options.
    const streams: RequestInit & { duplex: 'half' } = { method: 'POST', body: new ReadableStream(body), duplex: 'half' }
    const response = await serve(new Request('http://sse.test/events', streams))
    expect([response.status, errors]).toEqual([400, []])
    expect((await serve(new Request('http://sse.test/events?topic=orders/42'))).status).toBe(200)
    await hub.close()
  })
})
