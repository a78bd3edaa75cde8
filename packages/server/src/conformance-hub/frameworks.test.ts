import { createServer, request as requestHttp } from 'node:http'
import fastifyCompress from '@fastify/compress'
import { createAdaptorServer } from '@hono/node-server'
import compression from 'compression'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { compress } from 'hono/compress'
import { describe, expect, test } from 'vitest'
import { fetchHandler } from '../adapters/fetch-handler.js'
import { nodeHandler } from '../adapters/node-handler.js'
import type { ErrorContext } from '../options.js'
import { type Ask, portOf, type Served, servedHttp } from '../testing/adapters.js'
import { contract, type HubAdapter, type HubServer, serveHub } from '../testing/hub.js'
import type { Reading } from '../testing/reading.js'

// A hub's handler behind middleware that compresses, that has read the body, and behind proxies that cut what is quiet.

/** Compresses whatever it may, however small. */
const everything = { threshold: 0 }

const frameworks: readonly HubAdapter[] = [
  {
    name: 'Express with compression and JSON bodies',
    serve: (hub, options) => {
      const app = express()
      app.use(compression(everything), express.json())
      app.all('/events', nodeHandler(hub, options))
      app.get('/page', (_, response) => void response.send('text '.repeat(1000)))
      return servedHttp(createServer(app))
    },
  },
  {
    name: 'Express with compression, and bodies that are read as text',
    serve: (hub, options) => {
      const app = express()
      app.use(compression(everything), express.text({ type: '*/*' }))
      app.all('/events', nodeHandler(hub, options))
      app.get('/page', (_, response) => void response.send('text '.repeat(1000)))
      return servedHttp(createServer(app))
    },
  },
  {
    name: 'Fastify with @fastify/compress, its response hijacked and its body handed on',
    serve: async (hub, options) => {
      const handle = nodeHandler(hub, options)
      const app = fastify({ forceCloseConnections: true })
      await app.register(fastifyCompress, everything)
      app.route({
        method: ['GET', 'POST'],
        url: '/events',
        handler: async (request, reply) => {
          reply.hijack()
          await handle(Object.assign(request.raw, { body: request.body }), reply.raw)
        },
      })
      app.get('/page', () => 'text '.repeat(1000))
      await app.ready()
      return servedHttp(app.server)
    },
  },
  {
    name: 'Fastify with @fastify/compress, returning a Fetch response',
    serve: async (hub, options) => {
      const handle = fetchHandler(hub, options)
      const app = fastify({ forceCloseConnections: true })
      await app.register(fastifyCompress, everything)
      app.route({
        method: ['GET', 'POST'],
        url: '/events',
        handler: async (request, reply) => {
          const { method, url } = request
          const body = method === 'POST' ? JSON.stringify(request.body) : null
          const response = await handle(new Request(`http://sse.test${url}`, { method, body }))
          return reply.send(response)
        },
      })
      app.get('/page', () => 'text '.repeat(1000))
      await app.ready()
      return servedHttp(app.server)
    },
  },
  {
    name: 'Hono with its compress',
    serve: (hub, options) => {
      const handle = fetchHandler(hub, options)
      const app = new Hono()
      app.use(compress(everything))
      app.on(['GET', 'POST'], '/events', (context) => handle(context.req.raw))
      app.get('/page', (context) => context.text('text '.repeat(1000)))
      return servedHttp(createAdaptorServer({ fetch: app.fetch }))
    },
  },
]

const gzip = { 'accept-encoding': 'gzip' }
const ways: readonly [string, (server: HubServer, headers?: Ask['headers']) => Promise<Reading>][] = [
  ['GET', (server, headers = {}) => server.get(['orders/42', 'logs/app'], { headers })],
  ['POST', (server, headers = {}) => server.post({ topics: ['orders/42', 'logs/app'] }, { headers })],
]

describe.each(frameworks)('$name', (adapter) => {
  test('compresses a page: the middleware is at work', async () => {
    await using server = await serveHub(adapter)
    expect((await server.ask({ path: '/page', headers: gzip })).headers['content-encoding']).toBe('gzip')
  })

  test.each(ways)('D52 F5 %s: each event arrives before the next is published', async (_, open) => {
    await using server = await serveHub(adapter)
    const reading = await open(server, gzip)
    expect([reading.status, reading.headers['content-encoding']]).toEqual([200, undefined])
    await reading.live()
    for (let n = 1; n <= 3; n++) {
      await server.order(42, n)
      expect((await reading.take(n)).length).toBe(n)
    }
    await server.hub.publish(contract.log({ name: 'app' }), { type: 'line', data: 'x'.repeat(100_000) })
    await reading.take(4)
  })

  test('D66 what is written wrongly is refused in words', async () => {
    await using server = await serveHub(adapter)
    const refused = await server.post({ topics: [42] })
    expect(refused.status).toBe(400)
    expect(await refused.refusal()).toEqual({ code: 'malformed', message: 'In the body "topics" holds something else than texts, at 0' })
  })

  test('D49 a reader that leaves gives its place back', async () => {
    await using server = await serveHub(adapter, { hub: { limits: { streams: 1 } } })
    for (let n = 0; n < 3; n++) {
      const reading = await server.get(['orders/42'], { headers: gzip })
      expect(reading.status).toBe(200)
      await reading.live()
      reading.leave()
      while (server.hub.stats().streams > 0) await new Promise((resolve) => setImmediate(resolve))
    }
  })
})

test('an error under a mounted Express router names the whole path, without its query', async () => {
  const contexts: ErrorContext[] = []
  const mounted: HubAdapter = {
    name: 'Express',
    serve: (hub, options) => {
      const router = express.Router()
      router.get('/events', nodeHandler(hub, options))
      return servedHttp(createServer(express().use('/api', router)))
    },
  }
  await using server = await serveHub(mounted, {
    handler: {
      onError: (_, context) => contexts.push(context),
      authorize: () => {
        throw new Error('no')
      },
    },
  })
  expect((await server.ask({ path: '/api/events?topic=orders/42&token=secret' })).status).toBe(500)
  expect(contexts).toEqual([{ request: 'GET /api/events', lastEventId: undefined }])
})

/** A proxy that cuts a connection on which nothing came for so long, in milliseconds. */
async function impatientProxy(target: Served & { readonly port: number }, idle: number): Promise<Served> {
  const proxy = createServer((incoming, outgoing) => {
    const { url: path, method, headers } = incoming
    const request = requestHttp({ host: '127.0.0.1', port: target.port, path, method, headers }, (response) => {
      outgoing.writeHead(response.statusCode ?? 0, response.headers)
      let timer = setTimeout(() => outgoing.destroy(), idle)
      response.on('data', (chunk: Uint8Array) => {
        clearTimeout(timer)
        timer = setTimeout(() => outgoing.destroy(), idle)
        outgoing.write(chunk)
      })
      outgoing.on('close', () => {
        clearTimeout(timer)
        request.destroy()
      })
    })
    request.on('error', () => outgoing.destroy())
    incoming.pipe(request)
  })
  const served = await servedHttp(proxy)
  return {
    ask: served.ask,
    [Symbol.asyncDispose]: async () => {
      await served[Symbol.asyncDispose]()
      await target[Symbol.asyncDispose]()
    },
  }
}

test.each([
  ['D47 F5 a proxy that cuts idle streams does not cut one whose heartbeat is quicker', 50, false],
  ['F5 without a heartbeat it does: the reader comes back, and nothing is lost', 0, true],
])('%s', async (_, heartbeat, isCut) => {
  const behind: HubAdapter = {
    name: 'a proxy',
    serve: async (hub, options) => {
      const handle = nodeHandler(hub, options)
      const server = createServer((request, response) => void handle(request, response))
      const served = await servedHttp(server)
      return impatientProxy({ ...served, port: portOf(server) }, 400)
    },
  }
  await using server = await serveHub(behind, { handler: { heartbeat } })
  let reading = await server.get(['orders/42'])
  await reading.live()
  if (isCut) {
    await expect(reading.all()).rejects.toThrow()
    await server.order(42, 1)
    reading = await server.get(['orders/42'], { headers: { 'last-event-id': reading.cursor ?? '' } })
  } else {
    // Twice the proxy's patience.
    while (reading.incoming.chunks.join('').split(':\n\n').length < 17) await reading.incoming.more()
    await server.order(42, 1)
  }
  expect((await reading.take(1)).length).toBe(1)
})
