import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect as connect2, constants, createServer as createServer2 } from 'node:http2'
import { connect, type Server } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { describe, expect, test, vi } from 'vitest'
import { fetchHandler } from '../adapters/fetch-handler.js'
import { nodeHandler } from '../adapters/node-handler.js'
import type { HandlerOptions } from '../handler.js'
import type { Hub } from '../hub.js'
import { createHub, memoryBackplane } from '../index.js'
import { listen, portOf, servedHttp, servedHttp2 } from '../testing/adapters.js'
import { deferred } from '../testing/deferred.js'
import {
  type AnyRequest,
  contract,
  everybody,
  type HubServer,
  hubAdapters,
  hubOverFetch,
  nodeListener,
  serveHub,
  type TestChannels,
} from '../testing/hub.js'
import { rawRequest } from '../testing/raw.js'
import { rejection } from '../testing/session.js'

// Every place is given back, whatever became of who had it, by every adapter alike.

type Authorize = HandlerOptions<TestChannels, AnyRequest>['authorize']

/** Waits until a request gets a stream, and leaves it. */
async function hasPlace(server: HubServer): Promise<void> {
  await vi.waitFor(async () => {
    const reading = await server.get(['orders/42'])
    const { status } = reading
    if (status === 200) await reading.live()
    reading.leave()
    expect(status).toBe(200)
  })
}

describe.each(hubAdapters)('$name', (adapter) => {
  describe('D55 the only place is given back', () => {
    const limits = { streams: 1 }
    const paths: readonly [string, HandlerOptions<TestChannels, AnyRequest>['authorize'], (server: HubServer) => Promise<unknown>][] = [
      ['by a malformed request', everybody, (server) => server.get([])],
      ['by a denied one', () => ({ allow: [] }), (server) => server.get(['orders/42'])],
      ['by a refusal', () => ({ status: 402 }), (server) => server.get(['orders/42'])],
      ['by an expired grant', ({ topics }) => ({ allow: topics, expires: new Date(0) }), (server) => server.get(['orders/42'])],
      ['by an authorize that fails', () => Promise.reject(new Error('no')), (server) => server.get(['orders/42'])],
      ['by HEAD', everybody, (server) => server.ask({ method: 'HEAD', path: '/events?topic=orders/42' })],
      ['by a reader that has seen the end', everybody, (server) => server.get(['orders/42'], { headers: { 'last-event-id': 'sse.end' } })],
      [
        'by a cursor in the query that is the end’s',
        everybody,
        (server) => server.get(['orders/42'], { query: { lastEventId: 'sse.end' } }),
      ],
      [
        'by a stream that ends',
        everybody,
        async (server) => {
          await server.hub.end(contract.order({ orderId: 1 }))
          await (await server.get(['orders/1'])).all()
        },
      ],
      [
        'by a stream that is disconnected',
        ({ topics }) => ({ allow: topics, identity: 'ann' }),
        async (server) => {
          const reading = await server.get(['orders/42'])
          await reading.live()
          server.hub.disconnect({ identity: 'ann' })
          await reading.all()
        },
      ],
      ['by a reader that leaves', everybody, async (server) => (await server.get(['orders/42'])).leave()],
    ]

    test.each(paths)('%s', async (_, authorize, visit) => {
      let isFirst = true
      const once: Authorize = (context) => (isFirst ? authorize(context) : everybody(context))
      await using server = await serveHub(adapter, { handler: { authorize: once }, hub: { limits } })
      await visit(server)
      isFirst = false
      await hasPlace(server)
      await vi.waitFor(() => expect(server.hub.stats()).toMatchObject({ streams: 0, topics: 0 }))
    })

    test('by a stream that the backplane fails', async () => {
      const backplane = memoryBackplane()
      let fails = 0
      const state: typeof backplane.state = (names, after) =>
        ++fails === 2 ? Promise.reject(new Error('the disk is gone')) : backplane.state(names, after)
      await using server = await serveHub(adapter, { hub: { limits, backplane: { ...backplane, state } } })
      const reading = await (await server.get(['orders/42'])).all()
      expect(reading.controls.at(-1)).toMatchObject({ type: 'sse.error', code: 'internal', retry: true })
      expect(server.errors).toMatchObject([{ error: { message: 'the disk is gone' }, context: { request: 'GET /events' } }])
      await hasPlace(server)
    })

    test('by a request whose backplane fails before there is a stream', async () => {
      const backplane = memoryBackplane()
      let fails = 0
      const state: typeof backplane.state = (names, after) =>
        ++fails === 1 ? Promise.reject(new Error('/var/secret.db is gone')) : backplane.state(names, after)
      await using server = await serveHub(adapter, { hub: { limits, backplane: { ...backplane, state } } })
      const refused = await server.get(['orders/42'])
      expect([refused.status, JSON.stringify(await refused.refusal()).includes('secret')]).toEqual([500, false])
      await hasPlace(server)
    })
  })

  test('F16 an authorize that hangs holds one place, and others are served; it gives the place back when it settles', async () => {
    const gate = deferred<void>()
    const reached = deferred<void>()
    const authorize: Authorize = async ({ topics }) => {
      if (topics.some(({ name }) => name === 'orders/slow')) {
        reached.resolve()
        await gate.promise
      }
      return { allow: topics }
    }
    await using server = await serveHub(adapter, { handler: { authorize }, hub: { limits: { streams: 2 } } })
    const slow = server.get(['orders/slow'])
    await reached.promise
    const quick = await server.get(['orders/42'])
    await quick.live()
    await server.order(42, 1)
    await quick.take(1)
    expect((await server.get(['orders/42'])).status).toBe(503)
    gate.resolve()
    const reading = await slow
    await reading.live()
    reading.leave()
    await hasPlace(server)
  })
})

describe('D55 the only place is given back by who leaves while it is being decided', () => {
  /** A hub whose decision waits, once, until the request's connection is gone. */
  function waiting(): {
    handle: ReturnType<typeof nodeHandler>
    hub: ReturnType<typeof createHub<TestChannels>>
    gate: ReturnType<typeof deferred<void>>
    reached: Promise<void>
    errors: unknown[]
  } {
    const [gate, reached] = [deferred<void>(), deferred<void>()]
    const errors: unknown[] = []
    const hub = createHub<TestChannels>({ contract, backplane: memoryBackplane(), limits: { streams: 1 } })
    const handle = nodeHandler(hub, {
      onError: (error) => errors.push(error),
      authorize: async ({ topics }) => {
        reached.resolve()
        await gate.promise
        return { allow: topics }
      },
    })
    return { handle, hub, gate, reached: reached.promise, errors }
  }

  test('node:http', async () => {
    const { handle, hub, gate, reached, errors } = waiting()
    const over = deferred<void>()
    const server = createServer((request, response) => {
      response.on('close', () => over.resolve())
      void handle(request, response)
    })
    await using running = await servedHttp(server)
    const socket = connect(portOf(server), '127.0.0.1')
    socket.write(rawRequest('GET', '1.1').replace('/events', '/events?topic=orders/1'))
    await reached
    socket.destroy()
    await over.promise
    gate.resolve()
    await vi.waitFor(async () => expect((await running.ask({ path: '/events?topic=orders/42' })).status).toBe(200))
    expect(errors).toEqual([])
    await hub.close()
  })

  test('node:http2', async () => {
    const { handle, hub, gate, reached, errors } = waiting()
    const over = deferred<void>()
    const server = createServer2((request, response) => {
      request.stream.on('close', () => over.resolve())
      void handle(request, response)
    })
    const session = connect2(`http://127.0.0.1:${await listen(server)}`)
    const left = session.request({ ':path': '/events?topic=orders/1' })
    left.on('error', () => {})
    await reached
    left.close(constants.NGHTTP2_CANCEL)
    await over.promise
    gate.resolve()
    await vi.waitFor(async () => {
      const [head] = await once(session.request({ ':path': '/events?topic=orders/42' }), 'response')
      expect(head).toMatchObject({ ':status': 200 })
    })
    expect(errors).toEqual([])
    session.destroy()
    server.close()
    await hub.close()
  })

  test('Fetch', async () => {
    const gate = deferred<void>()
    const authorize: Authorize = async ({ topics }) => {
      await gate.promise
      return { allow: topics }
    }
    await using server = await serveHub(hubOverFetch, { handler: { authorize }, hub: { limits: { streams: 1 } } })
    const asking = server.get(['orders/1'])
    gate.resolve()
    ;(await asking).leave()
    await hasPlace(server)
  })
})

describe('F16 an authorize that never settles gives the only place back once its reader has left', () => {
  const limits = { streams: 1, perIdentity: 1 }
  /** Never settles, the first time. */
  function hanging(): { readonly authorize: Authorize; readonly reached: Promise<void> } {
    const reached = deferred<void>()
    let isFirst = true
    const authorize: Authorize = ({ topics }) => {
      reached.resolve()
      if (!isFirst) return { allow: topics, identity: 'ann' }
      isFirst = false
      return new Promise(() => {})
    }
    return { authorize, reached: reached.promise }
  }

  test.each<[string, (hub: Hub<TestChannels>, authorize: Authorize) => Server]>([
    ['node:http', (hub, authorize) => createServer(nodeListener(hub, { authorize }))],
    ['Fetch under @hono/node-server', (hub, authorize) => createAdaptorServer({ fetch: fetchHandler(hub, { authorize }) })],
  ])('%s', async (_, serverOf) => {
    const { authorize, reached } = hanging()
    const hub = createHub<TestChannels>({ contract, backplane: memoryBackplane(), limits })
    const server = serverOf(hub, authorize)
    await using running = await servedHttp(server)
    const socket = connect(portOf(server), '127.0.0.1')
    socket.write(rawRequest('GET', '1.1').replace('/events', '/events?topic=orders/1'))
    await reached
    expect((await running.ask({ path: '/events?topic=orders/42' })).status).toBe(503)
    socket.destroy()
    await vi.waitFor(async () => expect((await running.ask({ path: '/events?topic=orders/42' })).status).toBe(200))
    await hub.close()
  })

  test('node:http2', async () => {
    const { authorize, reached } = hanging()
    const hub = createHub<TestChannels>({ contract, backplane: memoryBackplane(), limits })
    const server = createServer2(nodeListener(hub, { authorize }))
    await using running = await servedHttp2(server)
    const session = connect2(`http://127.0.0.1:${portOf(server)}`)
    const left = session.request({ ':path': '/events?topic=orders/1' })
    left.on('error', () => {})
    await reached
    expect((await running.ask({ path: '/events?topic=orders/42' })).status).toBe(503)
    left.close(constants.NGHTTP2_CANCEL)
    await vi.waitFor(async () => expect((await running.ask({ path: '/events?topic=orders/42' })).status).toBe(200))
    session.destroy()
    await hub.close()
  })

  test.each(['while it waits', 'before it was asked'])('Fetch: %s', async (when) => {
    const { authorize, reached } = hanging()
    const hub = createHub<TestChannels>({ contract, backplane: memoryBackplane(), limits })
    const serve = fetchHandler(hub, { authorize })
    const leaves = new AbortController()
    const request = (signal?: AbortSignal): Request => new Request('http://sse.test/events?topic=orders/42', { signal: signal ?? null })
    if (when === 'before it was asked') leaves.abort()
    void serve(request(leaves.signal))
    await reached
    leaves.abort()
    expect((await serve(request())).status).toBe(200)
    await hub.close()
  })
})

describe('F16 a permission that comes after its reader has left', () => {
  test('is nobody’s: whoever comes next has the place of that identity', async () => {
    const gate = deferred<void>()
    const hub = createHub<TestChannels>({ contract, backplane: memoryBackplane(), limits: { perIdentity: 1 } })
    let isFirst = true
    const serve = fetchHandler(hub, {
      authorize: async ({ topics }) => {
        if (isFirst) {
          isFirst = false
          await gate.promise
        }
        return { allow: topics, identity: 'ann' }
      },
    })
    const leaves = new AbortController()
    const late = serve(new Request('http://sse.test/events?topic=orders/42', { signal: leaves.signal }))
    leaves.abort()
    gate.resolve()
    await (await late).body?.cancel()
    expect((await serve(new Request('http://sse.test/events?topic=orders/42'))).status).toBe(200)
    await hub.close()
  })
})

test('D55 a response whose headers were sent already gives its place back, and whoever sent them is told', async () => {
  const hub = createHub<TestChannels>({ contract, backplane: memoryBackplane(), limits: { streams: 1 } })
  const serve = nodeHandler(hub, { authorize: everybody })
  const errors: unknown[] = []
  const server = createServer(async (request, response) => {
    if (request.headers['x-early'] === undefined) return serve(request, response)
    response.writeHead(200).flushHeaders()
    errors.push(await rejection(serve(request, response)))
    response.end()
  })
  await using running = await servedHttp(server)
  for (let n = 0; n < 3; n++) await (await running.ask({ path: '/events?topic=orders/42', headers: { 'x-early': '1' } })).all()
  expect((await running.ask({ path: '/events?topic=orders/42' })).status).toBe(200)
  expect(errors).toMatchObject([{ code: 'headers_sent' }, { code: 'headers_sent' }, { code: 'headers_sent' }])
  await hub.close()
})
