import { createServer } from 'node:http'
import fastifyCompress from '@fastify/compress'
import { createAdaptorServer } from '@hono/node-server'
import compression from 'compression'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { compress } from 'hono/compress'
import { describe, expect, test } from 'vitest'
import type { Close } from '../close.js'
import { respond as respondFetch } from '../index.js'
import { respond } from '../node.js'
import type { ErrorContext, StreamOptions } from '../options.js'
import type { Stream } from '../stream.js'
import { type Served, servedHttp } from '../testing/adapters.js'
import { deferred } from '../testing/deferred.js'
import { messagesOf } from '../testing/messages.js'

// Frameworks with their compressing middleware in front, which must not hold events back.

type Run = (stream: Stream) => unknown

interface Framework {
  readonly name: string
  readonly serve: (options: StreamOptions, run: Run) => Promise<Served>
}

/** Compresses whatever it may, however small. */
const everything = { threshold: 0 }

const frameworks: readonly Framework[] = [
  {
    name: 'Express with compression',
    serve: (options, run) => {
      const app = express()
      app.use(compression(everything))
      app.get('/', (request, response) => respond(request, response, options, run))
      app.post('/', express.json(), (request, response) => respond(request, response, options, run))
      app.get('/page', (_, response) => void response.send('text '.repeat(1000)))
      return servedHttp(createServer(app))
    },
  },
  {
    name: 'Fastify with @fastify/compress, its response hijacked',
    serve: async (options, run) => {
      const app = fastify({ forceCloseConnections: true })
      await app.register(fastifyCompress, everything)
      app.route({
        method: ['GET', 'POST'],
        url: '/',
        handler: async (request, reply) => {
          reply.hijack()
          await respond(request.raw, reply.raw, options, run)
        },
      })
      app.get('/page', () => 'text '.repeat(1000))
      await app.ready()
      return servedHttp(app.server)
    },
  },
  {
    name: 'Fastify with @fastify/compress, returning a Fetch response',
    serve: async (options, run) => {
      const app = fastify({ forceCloseConnections: true })
      await app.register(fastifyCompress, everything)
      app.route({
        method: ['GET', 'POST'],
        url: '/',
        handler: (request, reply) => {
          const asked = new Request(`http://sse.test${request.url}`, { method: request.method })
          return reply.send(respondFetch(asked, options, run))
        },
      })
      app.get('/page', () => 'text '.repeat(1000))
      await app.ready()
      return servedHttp(app.server)
    },
  },
  {
    name: 'Hono with its compress',
    serve: (options, run) => {
      const app = new Hono()
      app.use(compress(everything))
      app.on(['GET', 'POST'], '/', (context) => respondFetch(context.req.raw, options, run))
      app.get('/page', (context) => context.text('text '.repeat(1000)))
      return servedHttp(createAdaptorServer({ fetch: app.fetch }))
    },
  },
]

const gzip = { 'accept-encoding': 'gzip' }

describe.each(frameworks)('$name', ({ serve }) => {
  test('compresses a page: the middleware is at work', async () => {
    await using served = await serve({}, () => {})
    expect((await served.ask({ path: '/page', headers: gzip })).headers['content-encoding']).toBe('gzip')
  })

  test('D52 an event arrives while its stream stays open, and so does the next one', async () => {
    const opened = deferred<Stream>()
    await using served = await serve({}, (stream) => {
      opened.resolve(stream)
      return stream.closed
    })
    const incoming = await served.ask({ headers: gzip })
    expect(incoming.headers).not.toHaveProperty('content-encoding')
    expect(incoming.headers).toMatchObject({ 'content-type': 'text/event-stream', 'cache-control': 'private, no-store, no-transform' })
    const stream = await opened.promise
    for (const n of [1, 2]) {
      await stream.send({ type: 'tick', data: n })
      expect(await incoming.until(`event: tick\ndata: ${n}\n\n`)).toContain(`data: ${n}`)
    }
    await stream.end()
    expect((await incoming.messages()).at(-1)?.event).toBe('sse.end')
  })

  test('D49 a reader that leaves ends its stream', async () => {
    const closed = deferred<Close>()
    await using served = await serve({ onClose: closed.resolve }, (stream) => stream.closed)
    const incoming = await served.ask({ headers: gzip })
    await incoming.until('\n\n')
    incoming.leave()
    expect(await closed.promise).toEqual({ reason: 'left', reconnect: true })
  })

  test('E66 a stream that answers POST', async () => {
    await using served = await serve({}, (stream) => stream.send({ type: 'token', data: 'Hi' }))
    const incoming = await served.ask({
      method: 'POST',
      headers: { ...gzip, 'content-type': 'application/json' },
      body: '{"prompt":"Hello"}',
    })
    expect(await incoming.events()).toEqual([{ event: 'token', data: '"Hi"' }])
  })
})

test("Fastify's inject() gets a stream, though its request has no real socket", async () => {
  const app = fastify()
  app.get('/', async (request, reply) => {
    reply.hijack()
    await respond(request.raw, reply.raw, {}, (stream) => stream.send({ type: 'tick', data: 1 }))
  })
  const { statusCode, body } = await app.inject('/')
  expect([statusCode, messagesOf(body).map(({ event }) => event)]).toEqual([200, ['sse.ready', 'tick', 'sse.end']])
})

test('an error under a mounted Express router names the whole path', async () => {
  const told = deferred<ErrorContext>()
  const app = express()
  const router = express.Router()
  router.get('/orders', (request, response) =>
    respond(request, response, { onError: (_, context) => told.resolve(context) }, () => Promise.reject(new Error('no'))),
  )
  app.use('/api', router)
  await using served = await servedHttp(createServer(app))
  await (await served.ask({ path: '/api/orders?token=secret' })).all()
  expect((await told.promise).request).toBe('GET /api/orders')
})
