import { createServer } from 'node:http'
import { connect } from 'node:net'
import { formatPosition, parsePosition } from '@sse/schema/wire'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { memoryBackplane } from '../index.js'
import { listen } from '../testing/adapters.js'
import { contract, type HubServer, hubOverFetch, nodeListener, serveHub } from '../testing/hub.js'
import { controlsIn, eventsIn, type Reading, readWire } from '../testing/reading.js'

// Whatever is asked, and whatever is said, in every field.

const nasty = fc.constantFrom('\n', '\r', '\0', '\uFEFF', '\u2028', '\uD800', ':', '#', '@', '*', '%', '/', 'é', '🥢', 'data: x', 'sse.end')
const text = fc.array(fc.oneof(nasty, fc.string({ unit: 'binary', maxLength: 5 })), { maxLength: 6 }).map((parts) => parts.join(''))
/** What UTF-8 makes of a text: a lone surrogate becomes U+FFFD. */
const onTheWire = (one: string): string => Buffer.from(one).toString()

/** What is near a name that means something. */
const name = fc.oneof(
  text,
  fc
    .tuple(fc.constantFrom('orders/mine', 'orders/secret', 'orders/*', 'users/ann/inbox', 'logs/*', 'orders/%6Dine'), text)
    .map(([a, b]) => a + b),
  fc.constantFrom('orders/mine', 'orders/secret', 'orders/*', 'users/ann/inbox', 'logs/audit', 'logs/*', '*', 'users/*', 'users/*/inbox'),
  fc
    .constantFrom('@now', '@last:100', '@last:0', '@1.a.0')
    .chain((start) => fc.constantFrom('orders/mine', 'orders/secret', 'logs/*').map((one) => one + start)),
)

/** A server with history in every channel, of which everybody may read one topic. */
async function secretive(): Promise<HubServer> {
  const server = await serveHub(hubOverFetch, {
    handler: { authorize: ({ topics }) => ({ allow: topics.filter((topic) => topic.name === 'orders/mine') }) },
    hub: { limits: { connectsPerSecond: Number.POSITIVE_INFINITY } },
  })
  for (let n = 1; n <= 3; n++) {
    await server.order('mine', n)
    await server.hub.publish(contract.order({ orderId: 'secret' }), { type: 'note', data: { text: 'SECRET' } })
    await server.hub.publish(contract.inbox({ userId: 'ann' }), { type: 'message', data: { text: 'SECRET' } })
    await server.hub.publish(contract.log({ name: 'audit' }), { type: 'line', data: 'SECRET' })
  }
  return server
}

/** Reads as far as a replay goes. */
async function replayed(reading: Reading): Promise<void> {
  if (reading.status === 200 && reading.headers['content-type'] === 'text/event-stream') {
    await reading.until(({ event, id }) => event === 'sse.live' || id === 'sse.end')
  }
}

describe('property: no request gets a 500, rejects, or shows what was not granted', () => {
  let server: HubServer
  beforeAll(async () => {
    server = await secretive()
  })
  afterAll(() => server[Symbol.asyncDispose]())

  async function check(reading: Reading): Promise<void> {
    expect([200, 204, 400, 403, 405, 413]).toContain(reading.status)
    await replayed(reading)
    expect(reading.incoming.chunks.join('')).not.toContain('SECRET')
    expect(reading.events.every(({ topic }) => topic === 'orders/mine')).toBe(true)
    expect(server.errors).toEqual([])
    reading.leave()
  }

  test('F10 F11 by any query and any header', async () => {
    const query = fc.array(fc.tuple(fc.constantFrom('topic', 'topic', 'topic', 'lastEventId', 'x'), name), { maxLength: 5 })
    // What a header can hold: others never come through an HTTP library.
    const header = fc.string({
      unit: fc
        .integer({ min: 0x20, max: 0xff })
        .filter((code) => code !== 0x7f)
        .map((code) => String.fromCharCode(code)),
    })
    await fc.assert(
      fc.asyncProperty(query, header, fc.boolean(), async (pairs, cursor, fromBrowser) => {
        const headers = {
          'last-event-id': cursor.trim(),
          ...(fromBrowser ? { 'sec-fetch-mode': 'cors', 'sec-fetch-site': 'same-origin' } : {}),
        }
        await check(await server.ask({ path: `/events?${new URLSearchParams(pairs)}`, headers }))
      }),
      { numRuns: 600 },
    )
  })

  test('F10 by any query as it is written', async () => {
    const raw = fc.array(fc.oneof(nasty, fc.constantFrom('topic=', '&', '=', '+', '%2', '%00', '%ff', '%0d%0a', 'orders/mine', '?', ';')), {
      maxLength: 8,
    })
    await fc.assert(
      fc.asyncProperty(raw, async (parts) => check(await server.ask({ path: `/events?${parts.join('')}` }))),
      { numRuns: 300 },
    )
  })

  test('F10 F11 by any JSON', async () => {
    const body = fc.oneof(
      fc.record(
        { topics: fc.array(fc.oneof(name, fc.jsonValue()), { maxLength: 4 }), lastEventId: fc.oneof(text, fc.jsonValue()) },
        { requiredKeys: [] },
      ),
      fc.record({ topics: fc.array(name, { minLength: 1, maxLength: 4 }), lastEventId: text }, { requiredKeys: ['topics'] }),
      fc.jsonValue(),
    )
    await fc.assert(
      fc.asyncProperty(body, async (json) => check(await server.post(json ?? null))),
      { numRuns: 600 },
    )
  })

  test('F10 by any bytes as a body', async () => {
    const cut = fc
      .tuple(fc.constant('{"topics":["orders/mine"],"lastEventId":"1.a.0"}'), fc.nat(50), text)
      .map(([json, at, more]) => json.slice(0, at) + more)
    await fc.assert(
      fc.asyncProperty(fc.oneof(cut, text), async (body) => check(await server.post(body))),
      { numRuns: 300 },
    )
  })

  test('F11 D56 by any cursor: it gets what is after it, or a gap that says that this is not known', async () => {
    const first = await server.get(['orders/mine@last:1'])
    await first.live()
    const now = parsePosition(first.cursor ?? '')
    if (now === undefined) throw new Error('no position')
    const { epoch, at } = now
    const own = fc.integer({ min: -2, max: at + 20 }).map((one) => formatPosition(epoch, one))
    const linked = fc.tuple(fc.nat(at), fc.nat(at)).map(([one, previous]) => formatPosition(epoch, one, previous))
    const foreign = fc.tuple(fc.stringMatching(/^[a-z0-9]{1,20}$/), fc.nat()).map(([other, one]) => formatPosition(other, one))
    const huge = fc.constantFrom('9007199254740991', '9007199254740992', '1e3', 'Infinity', '-0', '0x1').map((one) => `1.${epoch}.${one}`)
    const truncated = own.chain((one) => fc.nat(one.length).map((end) => one.slice(0, end)))
    const mangled = own.chain((one) =>
      fc.tuple(fc.nat(one.length), text).map(([where, more]) => one.slice(0, where) + more + one.slice(where)),
    )
    const versions = own.map((one) => one.replace(/^1/, '2'))
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(own, linked, foreign, huge, truncated, mangled, versions),
        fc.constantFrom('query', 'body'),
        async (cursor, way) => {
          const reading =
            way === 'query'
              ? await server.get(['orders/mine'], { query: { lastEventId: cursor } })
              : await server.post({ topics: ['orders/mine'], lastEventId: cursor })
          await check(reading)
          const position = parsePosition(onTheWire(cursor))
          const isGood = position !== undefined && position.epoch === epoch && position.at <= at
          // Order 'mine' has 1, 2 and 3 at the positions 1, 5 and 9.
          const expected = isGood ? [1, 5, 9].filter((one) => one > position.at).length : 0
          expect(reading.events.length).toBe(expected)
          const gaps = reading.controls.flatMap((control) => (control.type === 'sse.gap' ? [control.reason] : []))
          expect(gaps).toEqual(isGood || cursor === '' ? [] : ['reset'])
        },
      ),
      { numRuns: 600 },
    )
  })
})

test('property: F10 whatever bytes come to node:http, the server answers the next request, and nothing is thrown', async () => {
  const errors: unknown[] = []
  const server = await secretive()
  const http = createServer(nodeListener(server.hub, { authorize: () => ({ allow: [] }), onError: (error) => errors.push(error) }))
  const port = await listen(http)
  const line = fc.oneof(
    fc.constantFrom(
      'GET /events?topic=orders/mine HTTP/1.1\r\n',
      'POST /events HTTP/1.1\r\n',
      'GET http://[/ HTTP/1.1\r\n',
      'OPTIONS * HTTP/1.1\r\n',
    ),
    fc.constantFrom(
      'host: x\r\n',
      'last-event-id: \xff\xfe\r\n',
      'content-length: 3\r\n',
      'transfer-encoding: chunked\r\n',
      'expect: 100-continue\r\n',
    ),
    fc.constantFrom(
      '\r\n',
      '\r\n\r\n',
      'abc',
      '3\r\nabc\r\n0\r\n\r\n',
      'GET /events?topic=%ff%00 HTTP/1.0\r\n\r\n',
      'CONNECT x:1 HTTP/1.1\r\n\r\n',
    ),
    fc.string({ unit: 'binary', maxLength: 20 }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 8 }), async (lines) => {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => {})
      socket.end(Buffer.from(lines.join(''), 'latin1'))
      let answer = ''
      for await (const chunk of socket) answer += String(chunk)
      expect(answer).not.toMatch(/HTTP\/1\.1 50[^5]|SECRET/)
    }),
    { numRuns: 200 },
  )
  expect(errors).toEqual([])
  http.closeAllConnections()
  http.close()
  await server[Symbol.asyncDispose]()
})

test('property: D50 F10 every field that is published is read as it was written, and begins no other message', async () => {
  await fc.assert(
    fc.asyncProperty(text, text, text, text, async (param, note, line, reason) => {
      await using server = await serveHub(hubOverFetch, { hub: { backplane: memoryBackplane() } })
      const order = contract.order({ orderId: nameOf(param) === undefined ? 'plain' : param })
      const reading = await server.get([order.name, 'logs/app', 'users/7/inbox'])
      await reading.live()
      await server.hub.publish(order, { type: 'note', data: { text: note } })
      await server.hub.publish(contract.log({ name: 'app' }), { type: 'line', data: line })
      await server.hub.end(contract.inbox({ userId: 7 }), { reason })
      await server.hub.close()
      await reading.all()
      const wire = readWire(reading.incoming.chunks.join(''))
      expect(eventsIn(wire).map(({ topic, type, data }) => [topic, type, type === 'line' ? data : JSON.parse(data)])).toEqual([
        [order.name, 'note', { text: note }],
        ['logs/app', 'line', onTheWire(line.replace(/\r\n?/g, '\n'))],
      ])
      const ends = controlsIn(wire).filter(({ type }) => type === 'sse.end')
      expect(ends).toEqual([expect.objectContaining({ reason, topics: ['users/7/inbox'] })])
    }),
    { numRuns: 200 },
  )
})

test('property: a param that a topic can carry is that of one topic only, and never of a subtree', () => {
  fc.assert(
    fc.property(text, text, (one, other) => {
      const [first, second] = [nameOf(one), nameOf(other)]
      if (first === undefined) return
      if (one !== other) expect(first).not.toBe(second)
      expect(first).not.toMatch(/[*@#\s]/)
      expect(contract.order.parse(first)?.params.orderId).toBe(one)
    }),
  )
})

/** The topic of that param, where it can be one's. */
function nameOf(orderId: string): string | undefined {
  try {
    return contract.order({ orderId }).name
  } catch {
    return undefined
  }
}
