import { once } from 'node:events'
import { Agent, createServer } from 'node:http'
import { connect as connect2, createServer as createServer2 } from 'node:http2'
import { connect, type Server, type Socket } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { describe, expect, test, vi } from 'vitest'
import { fetchHandler } from '../adapters/fetch-handler.js'
import type { Close } from '../close.js'
import type { Hub } from '../hub.js'
import { createHub, memoryBackplane } from '../index.js'
import { openStream, respond, serverOptions } from '../node.js'
import { askHttp, askHttp2, listen, portOf } from '../testing/adapters.js'
import { deferred } from '../testing/deferred.js'
import { contract, everybody, hubAdapters, nodeListener, serveHub, type TestChannels } from '../testing/hub.js'
import { rawRequest } from '../testing/raw.js'
import { Reading } from '../testing/reading.js'

// A server that goes away: its readers are let go one after the other, and then nothing holds it up.

const orders = '/events?topic=orders/42'

describe.each(hubAdapters)('$name', (adapter) => {
  test('D58 streams are closed over a window, each with a time of its own to come back', async () => {
    await using server = await serveHub(adapter)
    const readings = await Promise.all(Array.from({ length: 20 }, () => server.get(['orders/42'])))
    await Promise.all(readings.map((reading) => reading.live()))
    const order: number[] = []
    const began = performance.now()
    const draining = server.hub.drain({ within: 600 })
    const closings = readings.map(async (reading, index) => {
      await reading.all()
      order.push(index)
      return performance.now() - began
    })
    // Those whose turn has not come go on reading.
    await server.order(42, 1)
    await Promise.all([draining, ...closings])
    const times = await Promise.all(closings)
    expect(order).toHaveLength(20)
    // Generous: the last goes 570 ms after the first.
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(200)
    const waits = readings.map(({ messages }) => messages.find(({ retry }) => retry !== undefined)?.retry ?? 0)
    expect(new Set(waits).size).toBeGreaterThan(5)
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(500)
    // Nobody is told that it is over for good.
    for (const reading of readings) expect(reading.controls.map(({ type }) => type)).toEqual(['sse.ready', 'sse.live'])
    expect(readings.filter(({ seen }) => seen.length === 1).length).toBeGreaterThan(0)
    expect(server.hub.stats()).toMatchObject({ streams: 0, topics: 0, draining: true })
  })

  test('D58 while it drains new streams are refused, also before the last old one is closed', async () => {
    await using server = await serveHub(adapter)
    const reading = await server.get(['orders/42'])
    const other = await server.get(['orders/42'])
    await Promise.all([reading.live(), other.live()])
    const draining = server.hub.drain({ within: 300 })
    const refused = await server.get(['orders/42'])
    expect([refused.status, (await refused.refusal()).code]).toEqual([503, 'draining'])
    await Promise.all([reading.all(), other.all(), draining])
  })

  test('D58 whoever is still being decided about when the drain begins is let go as soon as it comes in', async () => {
    const [reached, gate] = [deferred<void>(), deferred<void>()]
    await using server = await serveHub(adapter, {
      handler: {
        authorize: async ({ topics }) => {
          reached.resolve()
          await gate.promise
          return { allow: topics }
        },
      },
    })
    const asking = server.get(['orders/42'])
    await reached.promise
    await server.hub.drain({ within: 0 })
    gate.resolve()
    const reading = await (await asking).all()
    expect(reading.messages.find(({ retry }) => retry !== undefined)?.retry).toBeGreaterThanOrEqual(500)
    expect(server.hub.stats().streams).toBe(0)
  })
})

/** A hub behind a server, and how a connection that is kept asks it. */
interface Running {
  readonly server: Server
  readonly ask: () => Promise<Reading>
  /** What a reader does with its connection when it is done for good. */
  readonly leave: () => void
}

const servers: readonly { readonly name: string; readonly start: (hub: Hub<TestChannels>) => Promise<Running> }[] = [
  {
    name: 'node:http with connections that are kept',
    start: (hub) => startHttp(createServer(nodeListener(hub, { authorize: everybody }))),
  },
  {
    name: 'Fetch under @hono/node-server with connections that are kept',
    start: (hub) => startHttp(createAdaptorServer({ fetch: fetchHandler(hub, { authorize: everybody }) })),
  },
  {
    name: 'node:http2 with a session that is kept',
    start: async (hub) => {
      const server = createServer2(nodeListener(hub, { authorize: everybody }))
      const session = connect2(`http://127.0.0.1:${await listen(server)}`)
      return { server, ask: async () => new Reading(await askHttp2(session, { path: orders })), leave: () => session.destroy() }
    },
  },
]

async function startHttp(server: Server): Promise<Running> {
  const port = await listen(server)
  const agent = new Agent({ keepAlive: true })
  return { server, ask: async () => new Reading(await askHttp(port, agent, { path: orders })), leave: () => agent.destroy() }
}

describe.each(servers)('D58 E68 server.close() returns after a drain: $name', ({ start }) => {
  test('with many readers, none of which closes its connection', async () => {
    const hub = createHub<TestChannels>({ contract, backplane: memoryBackplane() })
    const { server, ask, leave } = await start(hub)
    const readings = await Promise.all(Array.from({ length: 10 }, ask))
    await Promise.all(readings.map((reading) => reading.live()))
    const ends = Promise.all(readings.map((reading) => reading.all()))
    await hub.drain({ within: 100 })
    const closed = once(server, 'close')
    server.close()
    await ends
    await closed
    leave()
    await hub.close()
  })
})

describe('D58', () => {
  test('a reader that takes nothing any more does not hold it up', async () => {
    const closes: Close[] = []
    const hub = createHub<TestChannels>({ contract, backplane: memoryBackplane() })
    const server = createServer(nodeListener(hub, { authorize: everybody, onClose: (close) => closes.push(close), onError: () => {} }))
    const socket = await stalled(server)
    await vi.waitFor(() => expect(hub.stats().streams).toBe(1))
    // More than the kernel takes, so that some of it waits in the outbox.
    await vi.waitFor(async () => {
      await hub.publish(contract.order({ orderId: 42 }), { type: 'note', data: { text: 'x'.repeat(500_000) } })
      expect(hub.stats().outboxes.bytes).toBeGreaterThan(0)
    })
    await hub.drain({ within: 100 })
    const closed = once(server, 'close')
    server.close()
    await closed
    expect(closes).toEqual([{ reason: 'drained', reconnect: true }])
    socket.destroy()
    await hub.close()
  })

  test('E68 a tracked producer that finishes within the window finishes by itself, and holds the drain until then', async () => {
    const steps: string[] = []
    const hub = createHub<TestChannels>({ contract, backplane: memoryBackplane() })
    const go = deferred<void>()
    const server = createServer(
      (request, response) =>
        void respond(request, response, {}, async (stream) => {
          hub.track(stream)
          await stream.send({ type: 'token', data: 'half' })
          await go.promise
          await stream.send({ type: 'token', data: 'whole' })
          steps.push('finished')
        }),
    )
    const { ask, leave } = await startHttp(server)
    const reading = await ask()
    await reading.take(1)
    expect(hub.stats().streams).toBe(1)
    const draining = hub.drain({ within: 60_000 }).then(() => steps.push('drained'))
    go.resolve()
    await draining
    await reading.all()
    expect(steps).toEqual(['finished', 'drained'])
    expect([reading.seen, reading.messages.at(-1)?.id]).toEqual([['token "half"', 'token "whole"'], 'sse.end'])
    server.close()
    leave()
    await hub.close()
  })

  test('E68 a tracked producer that does not finish is let go at the end of the window, and is told by its signal', async () => {
    const aborted = deferred<boolean>()
    const hub = createHub<TestChannels>({ contract, backplane: memoryBackplane() })
    const errors: unknown[] = []
    const server = createServer(
      (request, response) =>
        void respond(request, response, { onError: (error) => errors.push(error) }, async (stream) => {
          hub.track(stream)
          while (await stream.send({ type: 'token', data: 'more' })) await new Promise((resolve) => setImmediate(resolve))
          aborted.resolve(stream.signal.aborted)
        }),
    )
    const { ask, leave } = await startHttp(server)
    const reading = await ask()
    await reading.take(1)
    const all = reading.all()
    await hub.drain({ within: 50 })
    await all
    expect([await aborted.promise, reading.messages.at(-1)?.retry, errors]).toEqual([true, expect.any(Number), []])
    server.close()
    leave()
    await hub.close()
  })
})

describe('D48 serverOptions', () => {
  test('let go of clients that never finish their request, and leave streams alone', async () => {
    const server = createServer(
      serverOptions({ heartbeat: 200 }),
      (request, response) => void openStream(request, response, { heartbeat: 200 }),
    )
    const { ask, leave } = await startHttp(server)
    const reading = await ask()
    await reading.until(({ event }) => event === 'sse.ready')
    const slow = [
      '',
      'GET /events HTTP/1.1\r\n',
      'GET /events HTTP/1.1\r\nhost: x\r\nx-slow: ',
      'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n1',
    ]
    const ended = slow.map(async (bytes) => {
      const socket = connect(portOf(server), '127.0.0.1')
      await once(socket, 'connect')
      socket.write(bytes)
      let answer = ''
      socket.setEncoding('utf8').on('data', (text: string) => {
        answer += text
      })
      // It drips on, a byte at a time, and would never be done.
      const timer = bytes === '' ? undefined : setInterval(() => socket.write('a'), 20)
      socket.on('error', () => {})
      // Not `once`, which rejects where a byte that dripped on met a connection that was let go of.
      await new Promise((resolve) => socket.on('close', resolve))
      clearInterval(timer)
      return answer
    })
    // The request that has a stream of its own by then was answered before its body was through.
    const answers = await Promise.all(ended)
    expect(answers.slice(0, 3).every((text) => text.startsWith('HTTP/1.1 408'))).toBe(true)
    // The stream is still there.
    await reading.incoming.until(':\n\n')
    leave()
    server.closeAllConnections()
    server.close()
  })
})

/** A reader that asks, and then takes nothing. */
async function stalled(server: Server): Promise<Socket> {
  const socket = connect(await listen(server), '127.0.0.1')
  socket.on('error', () => {})
  socket.pause()
  await once(socket, 'connect')
  socket.write(rawRequest('GET', '1.1').replace('/events', orders))
  return socket
}
