import { once } from 'node:events'
import { Agent, createServer } from 'node:http'
import { connect as connect2, constants, createServer as createServer2 } from 'node:http2'
import { connect, type Server } from 'node:net'
import { promisify } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { fetchHandler } from '../adapters/fetch-handler.js'
import { coreOf } from '../create-hub.js'
import type { Hub } from '../hub.js'
import { createHub, memoryBackplane } from '../index.js'
import { askHttp, listen } from '../testing/adapters.js'
import { turns } from '../testing/deferred.js'
import { contract, everybody, hubOverFetch, nodeListener, serveHub, type TestChannels } from '../testing/hub.js'
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

describe('F6 more than may come in a second', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'], now: 0 })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test('are told when to come again, do not come together then, and everybody is back and has everything', async () => {
    const [crowd, perSecond] = [1_000, 100]
    await using server = await serveHub(hubOverFetch, { hub: { limits: { connectsPerSecond: perSecond } } })
    const start = (await server.order(42, 0)).replace(/\d+$/, '0')
    for (let n = 1; n < 10; n++) await server.order(42, n)
    /** When each of them comes, in milliseconds: all within one second, and those who are refused as they are told. */
    let coming = Array.from({ length: crowd }, (_, index) => index)
    const admitted: number[] = []
    for (let now = 0; coming.length > 0; now += 10) {
      vi.setSystemTime(now)
      const due = coming.filter((at) => at <= now)
      coming = coming.filter((at) => at > now)
      for (const _ of due) {
        const reading = await server.get(['orders/42'], { headers: { 'last-event-id': start } })
        if (reading.status === 200) {
          await reading.live()
          expect(reading.events.map(({ data }) => JSON.parse(data).n)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
          reading.leave()
          admitted.push(now)
        } else {
          expect(reading.status).toBe(429)
          coming.push(now + 1_000 * Number(reading.headers['retry-after']))
        }
      }
    }
    expect(admitted.length).toBe(crowd)
    // The first second has those who may come at once, too.
    for (let second = 1; second * 1_000 <= Math.max(...admitted); second++) {
      const within = admitted.filter((at) => Math.floor(at / 1_000) === second)
      expect(within.length).toBeLessThanOrEqual(perSecond + 1)
    }
    // No faster than the limit lets them; and no more than a few rounds of refusals later.
    expect(Math.max(...admitted)).toBeLessThan(40_000)
  }, 30_000)
})

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
    await new Promise((resolve) => socket.resume().on('close', resolve))
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
  const timersOf = (): number => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length
  const agent = new Agent()
  const stays = new Reading(await askHttp(port, agent, { path }))
  await stays.live()
  let visits = 0
  const timers = timersOf()
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
  const isSettled = async (): Promise<void> => expect(timersOf()).toBeLessThanOrEqual(timers)
  await vi.waitFor(isSettled, { timeout: 15_000, interval: 20 })
  agent.destroy()
  await nothingIsLeft(hub, server)
  expect(errors).toEqual([])
  server.close()
  await hub.close()
}, 90_000)

test('F7 readers that come and leave take no memory with them', async () => {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  const hub = createHub<TestChannels>({ contract, backplane: memoryBackplane(), limits })
  const serve = fetchHandler(hub, { authorize: ({ topics }) => ({ allow: topics, identity: `${Math.random()}` }) })
  const statuses = new Set<number>()
  const heldAfter = async (visits: number): Promise<number> => {
    for (let n = 0; n < visits; n++) {
      const leaves = new AbortController()
      const response = await serve(new Request(`http://sse.test/events?topic=orders/${n % 7}&topic=logs/${n}`, { signal: leaves.signal }))
      statuses.add(response.status)
      // Some while they join, some once they are live.
      if (n % 2 === 0) await response.body?.getReader().read()
      leaves.abort()
    }
    await vi.waitFor(() => expect(hub.stats()).toMatchObject({ streams: 0, topics: 0 }))
    await turns(10)
    if (typeof collect === 'function') collect()
    return process.memoryUsage().heapUsed
  }
  // What the runtime itself takes on the way it keeps.
  const before = await heldAfter(3_000)
  const growth = (await heldAfter(4_000)) - before
  expect([...statuses]).toEqual([200])
  // A stream that somebody still held would take kilobytes of it.
  expect(growth).toBeLessThan(1_000_000)
  await hub.close()
}, 60_000)

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
