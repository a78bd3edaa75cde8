import { once } from 'node:events'
import { Agent, createServer } from 'node:http'
import { connect as connect2, constants, createServer as createServer2 } from 'node:http2'
import { connect, type Server } from 'node:net'
import { promisify } from 'node:util'
import { expect, test, vi } from 'vitest'
import { coreOf } from '../create-hub.js'
import type { Hub } from '../hub.js'
import { createHub, memoryBackplane } from '../index.js'
import { askHttp, listen } from '../testing/adapters.js'
import { contract, everybody, nodeListener, type TestChannels } from '../testing/hub.js'
import { rawRequest } from '../testing/raw.js'
import { Reading } from '../testing/reading.js'

// Very many at once: those who all come back within a second, and those who come and do not stay.

const order = contract.order({ orderId: 42 })
const path = '/events?topic=orders/42'
const limits = { connectsPerSecond: Number.POSITIVE_INFINITY, streams: 400 }
const asked = rawRequest('GET', '1.1').replace('/events', path)

const publish = (hub: Hub<TestChannels>, n: number): Promise<unknown> => hub.publish(order, { type: 'created', data: { n } })

test('F6 hundreds that come back within a second are replayed what they missed, while more is published', async () => {
  const hub = createHub<TestChannels>({ contract, backplane: memoryBackplane(), limits })
  const server = createServer(nodeListener(hub, { authorize: everybody }))
  const port = await listen(server)
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })
  const open = async (cursor?: string): Promise<Reading> =>
    new Reading(await askHttp(port, agent, { path, headers: cursor === undefined ? {} : { 'last-event-id': cursor } }))
  const first = await Promise.all(Array.from({ length: 300 }, () => open()))
  await Promise.all(first.map((reading) => reading.live()))
  const total = 260
  for (let n = 1; n <= 100; n++) await publish(hub, n)
  await Promise.all(first.map((reading) => reading.take(100)))
  expect(hub.disconnect({ topic: order })).toBe(300)
  await Promise.all(first.map((reading) => reading.all()))
  for (let n = 101; n <= 250; n++) await publish(hub, n)
  const began = performance.now()
  const coming = first.map(async ({ cursor }) => {
    const reading = await open(cursor)
    await reading.take(total - 100)
    return reading
  })
  for (let n = 251; n <= total; n++) {
    await publish(hub, n)
    await new Promise((resolve) => setImmediate(resolve))
  }
  const second = await Promise.all(coming)
  const milliseconds = performance.now() - began
  // Generous: it takes some hundred milliseconds.
  expect(milliseconds).toBeLessThan(15_000)
  const expected = Array.from({ length: total }, (_, index) => index + 1)
  for (const [index, reading] of second.entries()) {
    expect([...(first[index]?.events ?? []), ...reading.events].map(({ data }) => JSON.parse(data).n)).toEqual(expected)
  }
  expect(hub.stats().gaps).toEqual({ trimmed: 0, reset: 0, overflow: 0 })
  agent.destroy()
  server.close()
  await hub.close()
}, 60_000)

/** In which state a client goes away. */
const departures: readonly ((port: number) => Promise<void>)[] = [
  async (port) =>
    void connect(port, '127.0.0.1')
      .on('error', () => {})
      .destroy(),
  async (port) => {
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    await once(socket, 'connect')
    socket.destroy()
  },
  async (port) => {
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    await once(socket, 'connect')
    socket.write(asked)
    socket.resetAndDestroy()
  },
  async (port) => {
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    await once(socket, 'connect')
    // Half of it, then a FIN.
    socket.end(asked.slice(0, 40))
    await once(socket.resume(), 'close')
  },
  async (port) => {
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    socket.write(asked)
    // Half a connection: it has asked, says that it is done, and goes.
    socket.end()
    await once(socket, 'data')
    socket.resetAndDestroy()
  },
  async (port) => {
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    socket.write(asked)
    await once(socket, 'data')
    socket.destroy()
  },
]

const openSockets = (server: Server): Promise<number> =>
  promisify((done: (error: Error | null, count: number) => void) => server.getConnections(done))()

/** Nothing is left of who was there: no stream, no watch, no place, no request that is decided about. */
async function nothingIsLeft(hub: Hub<TestChannels>, server: Server): Promise<void> {
  await vi.waitFor(
    async () => {
      expect(hub.stats()).toMatchObject({ streams: 0, topics: 0, outboxes: { bytes: 0, frames: 0 } })
      expect(await openSockets(server)).toBe(0)
    },
    { timeout: 15_000, interval: 20 },
  )
  const { admission } = coreOf(hub)
  const places = Array.from({ length: limits.streams }, () => admission.enter(undefined, Date.now()))
  expect(places.filter((place) => typeof place === 'string')).toEqual([])
  expect(admission.enter(undefined, Date.now())).toBe('streams')
}

test('F7 10,000 that connect and leave at once leave nothing behind, and who stays misses nothing', async () => {
  const errors: unknown[] = []
  const hub = createHub<TestChannels>({ contract, backplane: memoryBackplane(), limits })
  const server = createServer(
    nodeListener(hub, {
      // Some leave while they are being decided about.
      authorize: async (context) => {
        await new Promise((resolve) => setImmediate(resolve))
        return everybody(context)
      },
      onError: (error) => errors.push(error),
    }),
  )
  const port = await listen(server)
  const agent = new Agent()
  const stays = new Reading(await askHttp(port, agent, { path }))
  await stays.live()
  let visits = 0
  const visitors = Array.from({ length: 100 }, async () => {
    while (visits < 10_000) await departures[visits++ % departures.length]?.(port)
  })
  for (let n = 1; n <= 50; n++) {
    await publish(hub, n)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await Promise.all(visitors)
  await stays.take(50)
  expect(stays.events.map(({ data }) => JSON.parse(data).n)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1))
  agent.destroy()
  await nothingIsLeft(hub, server)
  expect(errors).toEqual([])
  server.close()
  await hub.close()
}, 90_000)

test('F7 streams of HTTP/2 that are opened and reset at once leave nothing behind', async () => {
  const errors: unknown[] = []
  const hub = createHub<TestChannels>({ contract, backplane: memoryBackplane(), limits })
  const server = createServer2(nodeListener(hub, { authorize: everybody, onError: (error) => errors.push(error) }))
  const port = await listen(server)
  for (let n = 0; n < 20; n++) {
    const session = connect2(`http://127.0.0.1:${port}`)
    session.on('error', () => {})
    const requests = Array.from({ length: 50 }, (_, index) => {
      const request = session.request({ ':path': path })
      request.on('error', () => {})
      if (index % 2 === 0) request.close(constants.NGHTTP2_CANCEL)
      else request.on('response', () => request.close(constants.NGHTTP2_CANCEL))
      return new Promise((resolve) => request.on('close', resolve))
    })
    // Every other session goes as a whole, with streams under way.
    await (n % 2 === 0 ? Promise.all(requests) : Promise.race(requests))
    session.destroy()
  }
  await nothingIsLeft(hub, server)
  expect(errors).toEqual([])
  server.close()
  await hub.close()
})
