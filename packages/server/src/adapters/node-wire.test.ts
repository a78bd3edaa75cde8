import { createServer, type RequestListener } from 'node:http'
import { createServer as createServer2 } from 'node:http2'
import { describe, expect, test } from 'vitest'
import { openStream, respond } from '../node.js'
import type { Stream } from '../stream.js'
import { servedHttp2 } from '../testing/adapters.js'
import { deferred } from '../testing/deferred.js'
import { overRawSocket, rawRequest } from '../testing/raw.js'

// The bytes of a response, seen from a bare socket.

const oneEvent: RequestListener = (request, response) =>
  void respond(request, response, {}, (stream) => stream.send({ type: 'tick', data: 1 }))

const oneEvent2: Parameters<typeof createServer2>[1] = (request, response) =>
  void respond(request, response, {}, (stream) => stream.send({ type: 'tick', data: 1 }))

describe('D43 on the wire', () => {
  test('HTTP/1.0 gets no chunks, and its connection closes at the end', async () => {
    await overRawSocket(createServer(oneEvent), rawRequest('GET', '1.0'), async ({ incoming }) => {
      const [head, body] = (await incoming.all()).split('\r\n\r\n')
      expect(head).toMatch(/\r\nconnection: close/i)
      expect(head).not.toMatch(/transfer-encoding|content-length/i)
      expect(body).toMatch(/^event: sse\.ready\ndata: .+\n\nevent: tick\ndata: 1\n\nevent: sse\.end\n.+\nid: sse\.end\n\n$/)
    })
  })

  test('HTTP/1.0 that asks for a lasting connection gets no chunks either', async () => {
    await overRawSocket(createServer(oneEvent), rawRequest('GET', '1.0', { connection: 'keep-alive' }), async ({ incoming }) => {
      expect(await incoming.all()).not.toMatch(/keep-alive|transfer-encoding/i)
    })
  })

  test('HTTP/1.1 gets chunks and keeps its connection', async () => {
    await overRawSocket(createServer(oneEvent), rawRequest('GET', '1.1'), async ({ socket, incoming }) => {
      const first = await incoming.until('\r\n0\r\n\r\n')
      expect(first).toMatch(/\r\nconnection: keep-alive\r\n/i)
      expect(first).toMatch(/\r\ntransfer-encoding: chunked\r\n/i)
      socket.write(rawRequest('OPTIONS', '1.1'))
      expect(await incoming.until('HTTP/1.1 204')).toContain('HTTP/1.1 204')
    })
  })

  test('HTTP/1.1 that asks to close is not kept', async () => {
    await overRawSocket(createServer(oneEvent), rawRequest('GET', '1.1', { connection: 'close' }), async ({ incoming }) => {
      expect(await incoming.all()).toMatch(/\r\nconnection: close\r\n/i)
    })
  })

  test('HTTP/2 gets none of the headers that it forbids', async () => {
    await using served = await servedHttp2(createServer2(oneEvent2))
    const { headers } = await served.ask()
    for (const name of ['connection', 'keep-alive', 'transfer-encoding', 'upgrade']) expect(headers).not.toHaveProperty(name)
  })

  test('D44 headers leave before the first event', async () => {
    const server = createServer((request, response) => {
      openStream(request, response)
    })
    await overRawSocket(server, rawRequest('GET', '1.1'), async ({ incoming }) => {
      await incoming.until('\r\n\r\n')
      expect(incoming.chunks[0]).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    })
  })

  test('D44 a whole event is one chunk in one packet', async () => {
    const opened = deferred<Stream>()
    const server = createServer((request, response) => opened.resolve(openStream(request, response)))
    await overRawSocket(server, rawRequest('GET', '1.1'), async ({ incoming }) => {
      await incoming.until('"key"')
      await (await opened.promise).send({ type: 'tick', data: 'x'.repeat(200), id: '7' })
      await incoming.until('id: 7')
      const frame = `event: tick\ndata: "${'x'.repeat(200)}"\nid: 7\n\n`
      expect(incoming.chunks.at(-1)).toBe(`${frame.length.toString(16)}\r\n${frame}\r\n`)
    })
  })
})
