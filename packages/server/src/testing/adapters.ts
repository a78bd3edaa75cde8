import { once } from 'node:events'
import { Agent, createServer, type IncomingHttpHeaders, request as requestHttp } from 'node:http'
import {
  type ClientHttp2Session,
  connect,
  constants,
  createServer as createServer2,
  type IncomingHttpHeaders as IncomingHttpHeaders2,
} from 'node:http2'
import type { Server } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import type { AnyEvents, DecodedPayloads } from '@sse/schema'
import { respond as respondFetch } from '../index.js'
import { respond } from '../node.js'
import type { StreamOptions } from '../options.js'
import type { Producer } from '../producer.js'
import { Incoming } from './incoming.js'

/** What a reader asks for. */
export interface Ask {
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** A server that runs until it is disposed of. */
export interface Served extends AsyncDisposable {
  ask(ask?: Ask): Promise<Incoming>
}

/** What a server does around its handlers: it opens a context for each request. */
type Around = <T>(handle: () => T) => T

/** One way for a stream to its reader. All of them must behave alike: the conformance suites run over each. */
export interface Adapter {
  readonly name: string
  /** Starts a server that answers every request with `respond`. */
  serve<E extends AnyEvents = AnyEvents>(
    options: StreamOptions<E>,
    producer: Producer<DecodedPayloads<E>>,
    around?: Around,
  ): Promise<Served>
}

const plainly: Around = (handle) => handle()

const nodeHttp: Adapter = {
  name: 'node:http',
  serve: (options, producer, around = plainly) =>
    servedHttp(createServer((request, response) => void around(() => respond(request, response, options, producer)))),
}

const nodeHttp2: Adapter = {
  name: 'node:http2',
  serve: (options, producer, around = plainly) =>
    servedHttp2(createServer2((request, response) => void around(() => respond(request, response, options, producer)))),
}

export const fetchDirectly: Adapter = {
  name: 'Fetch',
  serve: async (options, producer, around = plainly) => served((request) => around(() => respondFetch(request, options, producer))),
}

const fetchUnderHono: Adapter = {
  name: 'Fetch under @hono/node-server',
  serve: (options, producer, around = plainly) =>
    servedHttp(createAdaptorServer({ fetch: (request: Request) => around(() => respondFetch(request, options, producer)) })),
}

export const adapters: readonly Adapter[] = [nodeHttp, nodeHttp2, fetchDirectly, fetchUnderHono]

/** Listens on a free port of this machine only. */
export async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return portOf(server)
}

export function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return address.port
}

/** A server of HTTP/1.1, and readers that keep their connections as browsers do. */
export async function servedHttp(server: Server): Promise<Served> {
  const port = await listen(server)
  const agent = new Agent({ keepAlive: true })
  return {
    ask: (ask) => askHttp(port, agent, ask),
    [Symbol.asyncDispose]: async () => {
      agent.destroy()
      if ('closeAllConnections' in server && typeof server.closeAllConnections === 'function') server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

export function askHttp(port: number, agent: Agent, { method = 'GET', path = '/', headers = {}, body }: Ask = {}): Promise<Incoming> {
  return new Promise((resolve, reject) => {
    const request = requestHttp({ host: '127.0.0.1', port, agent, method, path, headers })
    request.on('response', (response) => {
      const leave = (): void => void request.destroy()
      resolve(new Incoming(response.statusCode ?? 0, record(response.headers), response[Symbol.asyncIterator](), leave))
    })
    request.on('error', reject)
    request.end(body)
  })
}

/** A server of HTTP/2 in clear text, and a session of its own for each reader. */
export async function servedHttp2(server: ReturnType<typeof createServer2>): Promise<Served> {
  const port = await listen(server)
  const sessions = new Set<ReturnType<typeof connect>>()
  return {
    ask: (ask) => {
      const session = connect(`http://127.0.0.1:${port}`)
      sessions.add(session)
      return askHttp2(session, ask)
    },
    [Symbol.asyncDispose]: async () => {
      for (const session of sessions) session.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Asks on a session that may carry other streams. */
export function askHttp2(session: ClientHttp2Session, { method = 'GET', path = '/', headers = {}, body }: Ask = {}): Promise<Incoming> {
  return new Promise((resolve, reject) => {
    session.on('error', reject)
    const request = session.request({ ':method': method, ':path': path, ...headers })
    request.on('response', ({ ':status': status, ...fields }) => {
      const leave = (): void => request.close(constants.NGHTTP2_CANCEL)
      resolve(new Incoming(status ?? 0, record(fields), request[Symbol.asyncIterator](), leave))
    })
    request.on('error', reject)
    request.end(body)
  })
}

/** A Fetch handler without a server around it: its body is read where it is made. */
export function served(handle: (request: Request) => Response | Promise<Response>): Served {
  const readers = new Set<ReadableStreamDefaultReader<Uint8Array>>()
  return {
    ask: async ({ method = 'GET', path = '/', headers = {}, body } = {}) => {
      const response = await handle(new Request(`http://sse.test${path}`, { method, headers, body: body ?? null }))
      const reader = (response.body ?? new ReadableStream<Uint8Array>({ start: (controller) => controller.close() })).getReader()
      readers.add(reader)
      const chunks: AsyncIterator<Uint8Array> = {
        next: async () => {
          const { done, value } = await reader.read()
          return done ? { done, value: undefined } : { done, value }
        },
      }
      // As a record it would hold the last cookie only.
      const cookies = response.headers.getSetCookie()
      const received = { ...Object.fromEntries(response.headers), ...(cookies.length === 0 ? {} : { 'set-cookie': cookies }) }
      return new Incoming(response.status, record(received), chunks, () => void reader.cancel().catch(() => {}))
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.allSettled([...readers].map((reader) => reader.cancel()))
    },
  }
}

function record(headers: IncomingHttpHeaders | IncomingHttpHeaders2): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
}
