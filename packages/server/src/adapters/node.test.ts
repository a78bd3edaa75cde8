import { once } from 'node:events'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createServer2 } from 'node:http2'
import { describe, expect, test, vi } from 'vitest'
import { AlreadyOpenError, HeadersSentError, OptionError } from '../errors.js'
import { type NodeRequest, type NodeResponse, openStream, respond } from '../node.js'
import type { Stream } from '../stream.js'
import { type Served, servedHttp, servedHttp2 } from '../testing/adapters.js'
import { deferred, turns } from '../testing/deferred.js'
import { overRawSocket, rawRequest } from '../testing/raw.js'
import { rejection } from '../testing/session.js'

// What only Node's responses can do: middleware in front, and requests that end before their stream begins.

type Handle = (request: NodeRequest, response: NodeResponse) => unknown

const quiet: RequestListener = (request, response) => void respond(request, response, {}, (stream) => stream.closed)
const oneEvent: RequestListener = (request, response) =>
  void respond(request, response, {}, (stream) => stream.send({ type: 'tick', data: 1 }))

/** The same handler behind HTTP/1.1 and HTTP/2. */
const servers: readonly { readonly name: string; readonly serve: (handle: Handle) => Promise<Served> }[] = [
  { name: 'node:http', serve: (handle) => servedHttp(createServer((request, response) => void handle(request, response))) },
  { name: 'node:http2', serve: (handle) => servedHttp2(createServer2((request, response) => void handle(request, response))) },
]

describe.each(servers)('$name', ({ serve }) => {
  test('D42 what middleware has set does not belong to a stream: no length, no etag', async () => {
    await using served = await serve((request, response) => {
      response.setHeader('Content-Length', '5')
      response.setHeader('ETag', '"5"')
      response.setHeader('Content-Type', 'text/html')
      response.setHeader('X-Powered-By', 'something')
      return respond(request, response, {}, () => {})
    })
    const { headers } = await served.ask()
    expect(headers).not.toHaveProperty('content-length')
    expect(headers).not.toHaveProperty('etag')
    expect(headers).toMatchObject({ 'content-type': 'text/event-stream', 'x-powered-by': 'something' })
  })

  test('D46 what the answer varies by already stays', async () => {
    await using served = await serve((request, response) => {
      response.setHeader('Vary', 'Accept-Encoding')
      return respond(request, response, { cors: { origin: 'https://app.example' }, headers: { Vary: 'Cookie' } }, () => {})
    })
    expect((await served.ask()).headers['vary']).toBe('Accept-Encoding, Cookie, Origin')
  })

  test('E66 the application may answer 204 by itself, and is then past opening a stream', async () => {
    const errors: unknown[] = []
    await using served = await serve((request, response) => {
      response.statusCode = 204
      response.end()
      errors.push(thrownBy(() => openStream(request, response)))
    })
    expect((await served.ask()).status).toBe(204)
    expect(errors).toEqual([expect.any(HeadersSentError)])
  })

  test('a response carries one stream', async () => {
    const errors: unknown[] = []
    await using served = await serve(async (request, response) => {
      const stream = openStream(request, response)
      errors.push(thrownBy(() => openStream(request, response)))
      errors.push(await rejection(respond(request, response, {}, () => {})))
      await stream.end()
    })
    await (await served.ask()).all()
    expect(errors).toEqual([expect.any(AlreadyOpenError), expect.any(AlreadyOpenError)])
  })

  test('a response whose head was refused carries no stream, and can still answer', async () => {
    const errors: unknown[] = []
    await using served = await serve(async (request, response) => {
      const refused = new Error('refused by middleware')
      vi.spyOn(response, 'writeHead').mockImplementationOnce(() => {
        throw refused
      })
      errors.push(thrownBy(() => openStream(request, response)) === refused)
      await respond(request, response, {}, () => {})
    })
    expect((await (await served.ask()).messages()).map(({ event }) => event)).toEqual(['sse.ready', 'sse.end'])
    expect(errors).toEqual([true])
  })

  test('options that make no sense are told before anything is sent', async () => {
    const errors: unknown[] = []
    await using served = await serve(async (request, response) => {
      errors.push(thrownBy(() => openStream(request, response, { heartbeat: -1 })))
      await respond(request, response, {}, () => {})
    })
    expect((await served.ask()).status).toBe(200)
    expect(errors).toEqual([expect.any(OptionError)])
  })

  test('E66 POST streams after its body was read', async () => {
    const bodies: string[] = []
    await using served = await serve(async (request, response) => {
      let body = ''
      for await (const chunk of request) body += String(chunk)
      bodies.push(body)
      // The request is destroyed once its body was read; its reader is still there.
      await turns(2)
      await respond(request, response, {}, (stream) => stream.send({ type: 'token', data: 'Hi' }))
    })
    const incoming = await served.ask({ method: 'POST', body: 'prompt' })
    expect(await incoming.events()).toEqual([{ event: 'token', data: '"Hi"' }])
    expect(bodies).toEqual(['prompt'])
  })

  test('respond resolves when the stream is over, and not before', async () => {
    const steps: string[] = []
    const over = deferred<void>()
    await using served = await serve(async (request, response) => {
      const onClose = (): void => void steps.push('closed')
      await respond(request, response, { onClose }, (stream) => {
        // Not awaited: the producer returns before its own end is through.
        void stream.end({ type: 'tick', data: 1 })
        steps.push('returned')
      })
      steps.push('resolved')
      over.resolve()
    })
    await (await served.ask()).all()
    await over.promise
    expect(steps).toEqual(['returned', 'closed', 'resolved'])
  })

  test('a reader that is gone before the stream opens: it is over at once, and no producer runs', async () => {
    const asked = deferred<void>()
    const results: unknown[] = []
    const done = deferred<void>()
    await using served = await serve(async (request, response) => {
      asked.resolve()
      await once('stream' in response ? response.stream : response, 'close')
      await respond(request, response, { onClose: (close) => results.push(close) }, () => results.push('ran'))
      done.resolve()
    })
    // Its answer never comes.
    const asking = served.ask()
    asking.catch(() => {})
    await asked.promise
    await served[Symbol.asyncDispose]()
    await done.promise
    expect(results).toEqual([{ reason: 'left', reconnect: true }])
  })

  test('D49 a response that somebody else ends ends the stream', async () => {
    const closes: unknown[] = []
    const sends: boolean[] = []
    const over = deferred<void>()
    await using served = await serve(async (request, response) => {
      const stream = openStream(request, response, { onClose: (close) => closes.push(close) })
      await stream.send({ type: 'tick', data: 1 })
      response.end()
      // The connection has not told yet; a write after the end would be an error, and break off what is on its way.
      sends.push(await stream.send({ type: 'tick', data: 2 }))
      await stream.closed
      sends.push(await stream.send({ type: 'tick', data: 3 }))
      over.resolve()
    })
    expect(await (await served.ask()).events()).toEqual([{ event: 'tick', data: '1' }])
    await over.promise
    expect(sends).toEqual([false, false])
    expect(closes).toEqual([{ reason: 'left', reconnect: true }])
  })

  test('D49 an error on the connection ends the stream, and is not thrown into the process', async () => {
    const opened = deferred<Stream>()
    await using served = await serve((request, response) => {
      opened.resolve(openStream(request, response))
      const broken = new Error('the cable was cut')
      if ('stream' in response) response.stream.destroy(broken)
      else response.destroy(broken)
    })
    served.ask().catch(() => {})
    expect(await (await opened.promise).closed).toEqual({ reason: 'left', reconnect: true })
  })
})

test('no listener of a stream outlives it on a connection that is kept', async () => {
  const sockets: NodeRequest['socket'][] = []
  const counts: number[] = []
  const server = createServer((request, response) => {
    sockets.push(request.socket)
    counts.push(request.socket.eventNames().reduce((sum, name) => sum + request.socket.listenerCount(name), 0))
    oneEvent(request, response)
  })
  await using served = await servedHttp(server)
  for (let n = 0; n < 5; n++) await (await served.ask()).all()
  expect(new Set(sockets).size).toBe(1)
  expect(new Set(counts.slice(1)).size).toBe(1)
})

test('pipelined requests whose connection breaks end all of their streams', async () => {
  const streams: Stream[] = []
  const both = deferred<void>()
  const server = createServer((request, response) => {
    if (streams.push(openStream(request, response)) === 2) both.resolve()
  })
  await overRawSocket(server, rawRequest('GET', '1.1') + rawRequest('GET', '1.1'), async ({ socket }) => {
    await both.promise
    socket.destroy()
    const left = { reason: 'left', reconnect: true }
    expect(await Promise.all(streams.map((stream) => stream.closed))).toEqual([left, left])
  })
})

describe('Node before 26 does not tell pipelined responses that their connection is gone', () => {
  /** A response as it is there. */
  function untold(response: ServerResponse): ServerResponse {
    const emit = response.emit.bind(response)
    const tells = (event: string, ...args: unknown[]): boolean => event !== 'close' && emit(event, ...args)
    return Object.defineProperties(response, { emit: { value: tells }, destroyed: { get: () => false, set: () => {} } })
  }

  test('they end all the same, however many, and without a warning', async () => {
    const warned: Error[] = []
    const warn = (warning: Error): void => void warned.push(warning)
    process.on('warning', warn)
    const streams: Stream[] = []
    const all = deferred<void>()
    const server = createServer((request, response) => {
      if (streams.push(openStream(request, streams.length === 0 ? response : untold(response))) === 20) all.resolve()
    })
    await overRawSocket(server, rawRequest('GET', '1.1').repeat(20), async ({ socket }) => {
      await all.promise
      socket.destroy()
      const reasons = await Promise.all(streams.map(async ({ closed }) => (await closed).reason))
      expect(new Set(reasons)).toEqual(new Set(['left']))
    })
    process.off('warning', warn)
    expect(warned).toEqual([])
  })

  test('one that opens only after that is over at once', async () => {
    const gone = deferred<void>()
    const opened = deferred<Stream>()
    const server = createServer(async (request, response) => {
      request.socket.once('close', () => gone.resolve())
      // The first one makes the others wait.
      if (response.socket !== null) return
      untold(response)
      await gone.promise
      opened.resolve(openStream(request, response))
    })
    await overRawSocket(server, rawRequest('GET', '1.1').repeat(2), async ({ socket }) => {
      await once(server, 'request')
      socket.destroy()
      expect(await (await opened.promise).closed).toEqual({ reason: 'left', reconnect: true })
    })
  })
})

test('a quiet stream holds nothing but its connection: the server closes when the reader has left', async () => {
  const server = createServer(quiet)
  const served = await servedHttp(server)
  const incoming = await served.ask()
  incoming.leave()
  server.close()
  await once(server, 'close')
  expect(server.listening).toBe(false)
})

function thrownBy(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  return undefined
}
