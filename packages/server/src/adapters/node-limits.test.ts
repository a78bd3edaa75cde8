import { once } from 'node:events'
import { createServer } from 'node:http'
import { type ClientHttp2Session, connect as connect2, createServer as createServer2, type Http2Server } from 'node:http2'
import { connect, type Server } from 'node:net'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { type NodeRequest, type NodeResponse, openStream, respond } from '../node.js'
import type { Stream } from '../stream.js'
import { listen, type Served, servedHttp, servedHttp2 } from '../testing/adapters.js'
import { deferred } from '../testing/deferred.js'
import { overRawSocket, rawRequest } from '../testing/raw.js'

// What a server does to connections that are quiet for too long, and must not do to streams.

afterEach(() => {
  vi.restoreAllMocks()
})

describe('D48 limits of the server do not end a stream', () => {
  /** A stream that is quiet until a request of another connection was timed out: its own limit has passed by then. */
  async function outlives(
    server: ReturnType<typeof createServer> | Http2Server,
    served: Served,
    limit: () => Promise<unknown>,
  ): Promise<void> {
    const opened = deferred<Stream>()
    server.on('request', (request: NodeRequest, response: NodeResponse) => opened.resolve(openStream(request, response, { heartbeat: 0 })))
    await using running = served
    const incoming = await running.ask()
    const stream = await opened.promise
    await limit()
    expect(await stream.send({ type: 'tick', data: 1 })).toBe(true)
    await stream.end()
    expect(await incoming.events()).toEqual([{ event: 'tick', data: '1' }])
  }

  test('requestTimeout and headersTimeout', async () => {
    const server = createServer({ requestTimeout: 40, headersTimeout: 40, connectionsCheckingInterval: 10 })
    const served = await servedHttp(server)
    // A request that never ends is timed out at the limit: the proof that it has passed.
    await outlives(server, served, () => timedOutBy(server, 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n'))
  })

  test('keepAliveTimeout', async () => {
    const server = createServer({ keepAliveTimeout: 40, keepAliveTimeoutBuffer: 0 })
    const served = await servedHttp(server)
    await outlives(server, served, () => timedOutBy(server, rawRequest('OPTIONS', '1.1')))
  })

  test('setTimeout of HTTP/1.1', async () => {
    const server = createServer()
    server.setTimeout(40)
    await outlives(server, await servedHttp(server), () => timedOutBy(server, ''))
  })

  test('setTimeout of HTTP/2', async () => {
    const server = createServer2()
    server.setTimeout(40)
    const served = await servedHttp2(server)
    // The second stream's session has none of ours on it: it is timed out at the limit.
    await outlives(server, served, () => idleSessionTimedOutBy(server))
  })

  test('an HTTP/2 session has its limit back once it carries no stream: idle sessions do not pile up', async () => {
    const server = createServer2((request, response) => void respond(request, response, { heartbeat: 0 }, () => {}))
    server.setTimeout(40)
    await using session = await sessionOf(server)
    session.ask()
    // The server ends it, and nobody else does.
    await once(session.client, 'close')
    expect(session.client.destroyed).toBe(true)
  })

  test('an HTTP/2 session has no limit while one of its streams is still open', async () => {
    const streams: Stream[] = []
    const server = createServer2((request, response) => void streams.push(openStream(request, response, { heartbeat: 0 })))
    server.setTimeout(40)
    await using session = await sessionOf(server)
    const [first, second] = [session.ask(), session.ask()]
    await Promise.all([first.head, second.head])
    await streams[0]?.end()
    await idleSessionTimedOutBy(server)
    expect(await streams[1]?.send({ type: 'tick', data: 1 })).toBe(true)
    await streams[1]?.end()
    expect(await second.body()).toContain('event: tick')
  })

  test('a request of HTTP/2 that gets no stream leaves the limit alone', async () => {
    const lifts: unknown[][] = []
    const server = createServer2((request, response) => {
      const { session } = response.stream
      if (session === undefined) throw new Error('no session')
      const setTimeout = vi.spyOn(session, 'setTimeout')
      openStream(request, response)
      lifts.push(...setTimeout.mock.calls)
    })
    await using served = await servedHttp2(server)
    expect((await served.ask({ method: 'PUT' })).status).toBe(405)
    expect(lifts).toEqual([])
  })

  test('small events are not held back for the acknowledgement of earlier ones', async () => {
    const calls: unknown[] = []
    const server = createServer({ noDelay: false }, (request, response) => {
      const setNoDelay = vi.spyOn(request.socket, 'setNoDelay')
      openStream(request, response)
      calls.push(...setNoDelay.mock.calls)
    })
    await overRawSocket(server, rawRequest('GET', '1.1'), async ({ incoming }) => {
      await incoming.until('\r\n\r\n')
    })
    expect(calls).toEqual([[true]])
  })
})

interface Asked {
  readonly head: Promise<unknown>
  readonly body: () => Promise<string>
}

/** One session that carries several requests. */
async function sessionOf(
  server: Http2Server,
): Promise<AsyncDisposable & { readonly client: ClientHttp2Session; readonly ask: () => Asked }> {
  const client = connect2(`http://127.0.0.1:${await listen(server)}`)
  return {
    client,
    ask: () => {
      const request = client.request({ ':path': '/' })
      let text = ''
      request.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      return {
        head: once(request, 'response'),
        body: async () => {
          if (!request.closed) await once(request, 'close')
          return text
        },
      }
    },
    [Symbol.asyncDispose]: async () => {
      client.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Sends these bytes on a connection of their own, and waits until the server ends it. */
async function timedOutBy(server: Server, bytes: string): Promise<void> {
  const socket = connect(portOf(server), '127.0.0.1')
  await once(socket, 'connect')
  socket.write(bytes)
  socket.resume()
  await once(socket, 'close')
}

/** Opens a session of HTTP/2 that asks for nothing, and waits until the server ends it. */
async function idleSessionTimedOutBy(server: Server): Promise<void> {
  const session = connect2(`http://127.0.0.1:${portOf(server)}`)
  await once(session, 'close')
}

function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return address.port
}
