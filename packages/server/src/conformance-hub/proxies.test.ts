import { Agent, createServer, type IncomingMessage, request as requestHttp, type ServerResponse } from 'node:http'
import { createGzip } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { Hub } from '../hub.js'
import { createHub, memoryBackplane } from '../index.js'
import { askHttp, listen, portOf, type Served, servedHttp } from '../testing/adapters.js'
import { type Break, cuttingProxy } from '../testing/cutting-proxy.js'
import { follow } from '../testing/following.js'
import { contract, everybody, type HubAdapter, nodeListener, serveHub, type TestChannels } from '../testing/hub.js'
import { controlsIn, eventsIn, Reading } from '../testing/reading.js'

// What is between a server and its readers: it cuts, it buffers, it compresses. The impatient ones are in frameworks.test.ts.

const order = contract.order({ orderId: 42 })
const log = contract.log({ name: 'app' })

describe('F4 a proxy that cuts a connection after any byte of an answer', () => {
  const path = '/events?topic=orders/42&topic=logs/app'
  const limits = { connectsPerSecond: Number.POSITIVE_INFINITY }

  /** Publishes, of every kind, and gives the cursor before all of it. */
  async function publishAll(hub: Hub<TestChannels>): Promise<string> {
    const before = await hub.cursor([order, log])
    await hub.publish(order, { type: 'created', data: { n: 1 } })
    await hub.publish(log, { type: 'line', data: '€\r\n豆腐\rthree\n' })
    await hub.publish(order, { type: 'note', data: { text: '🥢' } })
    await hub.end(log)
    await hub.publish(order, { type: 'created', data: { n: 2 } })
    return before
  }

  test.each<[string, Break, number]>([
    ['as one that ends, in the midst of a chunk where it is so', 'FIN', 1],
    ['as one that fails', 'RST', 7],
  ])(
    'costs no event and doubles none: %s',
    async (_, by, step) => {
      const hub = createHub<TestChannels>({ contract, backplane: memoryBackplane(), limits })
      const server = createServer(nodeListener(hub, { authorize: everybody }))
      await using _running = await servedHttp(server)
      await using proxy = await cuttingProxy(portOf(server))
      const start = await publishAll(hub)
      const agent = new Agent()
      const open = async (cursor: string | undefined): Promise<Reading> => {
        const ask = cursor === undefined ? { path: `${path}&lastEventId=${start}` } : { path, headers: { 'last-event-id': cursor } }
        // Cut within its head there is no answer at all.
        return new Reading(await askHttp(proxy.port, agent, ask).catch(() => askHttp(proxy.port, agent, ask)))
      }
      const whole = await open(undefined)
      await whole.live()
      whole.leave()
      const expected = whole.seen
      expect(expected).toHaveLength(4)
      const total = proxy.passed
      const head = total - Buffer.byteLength(whole.incoming.chunks.join(''))
      // Any part of a head is no answer.
      for (let cut = 0; cut <= total; cut += cut < head - 100 ? 50 : step) {
        proxy.cutNext(cut, by)
        const reader = await follow(open)
        await reader.take(expected.length)
        const messages = reader.readings.flatMap((reading) => reading.messages)
        const seen = eventsIn(messages).map(({ topic, type, data }) => `${topic}#${type} ${data}`)
        const gaps = reader.readings.flatMap((reading) => controlsIn(reading.messages)).filter(({ type }) => type === 'sse.gap')
        expect({ cut, seen, gaps }).toEqual({ cut, seen: expected, gaps: [] })
        reader.readings.at(-1)?.leave()
      }
      agent.destroy()
      await hub.close()
    },
    60_000,
  )
})

/** What a proxy does with the body of an answer. It is given each chunk, and what passes something on. */
type Pass = (response: IncomingMessage, outgoing: ServerResponse) => void

const plainly: Pass = (response, outgoing) => {
  response.on('data', (chunk: Uint8Array) => outgoing.write(chunk))
  response.on('end', () => outgoing.end())
}

/** Passes on nothing until so many bytes are there. */
const inBlocks = (size: number): Pass => {
  return (response, outgoing) => {
    let held: Uint8Array[] = []
    response.on('data', (chunk: Uint8Array) => {
      held.push(chunk)
      if (held.reduce((sum, { length }) => sum + length, 0) < size) return
      outgoing.write(Buffer.concat(held))
      held = []
    })
    response.on('end', () => outgoing.end(Buffer.concat(held)))
  }
}

const compressing: Pass = (response, outgoing) => {
  response.pipe(createGzip()).pipe(outgoing)
}

/** Buffers, unless it is told not to, as nginx does. */
const nginx: Pass = (response, outgoing) => {
  const pass = response.headers['x-accel-buffering'] === 'no' ? plainly : inBlocks(4_096)
  pass(response, outgoing)
}

/** Compresses, unless it is told not to (RFC 9111 §5.2.2.6). */
const compressor: Pass = (response, outgoing) => {
  const pass = response.headers['cache-control']?.includes('no-transform') === true ? plainly : compressing
  pass(response, outgoing)
}

function behind(pass: Pass): HubAdapter {
  return {
    name: 'a proxy',
    serve: async (hub, options): Promise<Served> => {
      const serve = nodeListener(hub, options)
      const server = createServer((request, response) => {
        if (request.url !== '/plain') return serve(request, response)
        response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: held\n\n')
      })
      const port = await listen(server)
      const proxy = createServer((incoming, outgoing) => {
        const { url, method, headers } = incoming
        const request = requestHttp({ host: '127.0.0.1', port, path: url, method, headers }, (response) => {
          outgoing.writeHead(response.statusCode ?? 0, response.headers).flushHeaders()
          pass(response, outgoing)
          outgoing.on('close', () => request.destroy())
        })
        request.on('error', () => outgoing.destroy())
        incoming.pipe(request)
      })
      const served = await servedHttp(proxy)
      return {
        ask: served.ask,
        [Symbol.asyncDispose]: async () => {
          await served[Symbol.asyncDispose]()
          server.closeAllConnections()
          server.close()
        },
      }
    },
  }
}

describe('F5', () => {
  test.each([
    ['buffers unless it is told not to', nginx],
    ['compresses unless it is told not to', compressor],
  ])('a proxy that %s passes each event on before the next is published', async (_, pass) => {
    await using server = await serveHub(behind(pass))
    const reading = await server.get(['orders/42'])
    await reading.live()
    const plain = await server.ask({ path: '/plain' })
    for (let n = 1; n <= 20; n++) {
      await server.order(42, n)
      await reading.take(n)
    }
    // The proxy is at work: what is not so marked is held.
    plain.leave()
    await plain.incoming.all().catch(() => {})
    expect(plain.incoming.chunks.join('')).not.toContain('held')
  })

  test('a proxy that buffers all the same delays events, and neither loses nor reorders any', async () => {
    await using server = await serveHub(behind(inBlocks(4_096)), { handler: { heartbeat: 0 } })
    const reading = await server.get(['orders/42'])
    for (let n = 1; n <= 500; n++) await server.order(42, n)
    await reading.take(400)
    await server.hub.end(order)
    await reading.all()
    expect(reading.events.map(({ data }) => JSON.parse(data).n)).toEqual(Array.from({ length: 500 }, (_, index) => index + 1))
    expect(reading.controls.at(-1)?.type).toBe('sse.end')
  })
})
