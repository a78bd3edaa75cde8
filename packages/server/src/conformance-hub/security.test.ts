import diagnosticsChannel from 'node:diagnostics_channel'
import { createServer } from 'node:http'
import { connect as connect2, createServer as createServer2 } from 'node:http2'
import { connect } from 'node:net'
import { defineEvents } from '@sse/schema'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { fetchHandler } from '../adapters/fetch-handler.js'
import type { HandlerOptions } from '../handler.js'
import type { Hub } from '../hub.js'
import { createHub, memoryBackplane } from '../index.js'
import { respond } from '../node.js'
import { listen, portOf } from '../testing/adapters.js'
import {
  type AnyRequest,
  contract,
  everybody,
  type HubServer,
  headerOf,
  hubAdapters,
  nodeListener,
  serveHub,
  type TestChannels,
} from '../testing/hub.js'
import { overRawSocket, rawRequest } from '../testing/raw.js'
import type { Reading } from '../testing/reading.js'
import { rejection } from '../testing/session.js'

// The advisories of this field, each shown not to hold here, by every adapter alike.

afterEach(() => {
  vi.restoreAllMocks()
})

/** What would be a message, an id or a reconnection time of its own, if a field could end its line. */
const injections: readonly string[] = ['\n', '\r', '\r\n', '\n\n', '\r\r', '\r\n\r\n', '\u0000\n\n', '\u2028\n\n', '\u0085\n\n'].map(
  (line) => `x${line}event: orders/42#created${line}data: {"n":666}${line}id: 1.forged.666${line}retry: 1${line}${line}`,
)

/** Every field of the hub that a program may fill with what somebody else has written. */
const fields: readonly [string, (server: HubServer, text: string) => Promise<Reading>][] = [
  [
    'data',
    async (server, text) => {
      const reading = await server.get(['orders/42'])
      await reading.live()
      await server.hub.publish(contract.order({ orderId: 42 }), { type: 'note', data: { text } })
      return reading
    },
  ],
  [
    'text data',
    async (server, text) => {
      const reading = await server.get(['logs/app', 'orders/42'])
      await reading.live()
      await server.hub.publish(contract.log({ name: 'app' }), { type: 'line', data: text })
      return reading
    },
  ],
  [
    'a topic’s param',
    async (server, text) => {
      const { name } = contract.order({ orderId: text })
      const reading = await server.get([name])
      await reading.live()
      await server.hub.publish(contract.order({ orderId: text }), { type: 'note', data: { text: 'x' } })
      return reading
    },
  ],
  ['a topic that is asked for', async (server, text) => server.get(['orders/42', `orders/${text}`])],
  ['a topic that is denied', async (server, text) => server.get(['orders/42', contract.inbox({ userId: text }).name])],
  [
    'the reason of an end',
    async (server, text) => {
      const reading = await server.get(['orders/42', 'orders/7'])
      await reading.live()
      await server.hub.end(contract.order({ orderId: 7 }), { reason: text })
      return reading
    },
  ],
  [
    'the reason of a disconnect',
    async (server, text) => {
      const reading = await server.get(['orders/42'])
      await reading.live()
      server.hub.disconnect({ topic: contract.order({ orderId: 42 }) }, text)
      return reading
    },
  ],
  ['an identity in presence', async (server) => server.get(['logs/room', 'orders/42'])],
  ['a cursor', async (server, text) => server.get(['orders/42'], { query: { lastEventId: text } })],
]

describe.each(hubAdapters)('$name', (adapter) => {
  const advisories =
    'h3 CVE-2026-33128 and CVE-2026-86252, hono CVE-2026-29085, @nestjs/core CVE-2026-35515, sse-channel CVE-2026-44217, eventsource-encoder CVE-2026-44214'

  describe(`D50 F10 ${advisories}: line ends in a field do not begin another`, () => {
    test.each(fields)('in %s', async (_, send) => {
      for (const text of injections) {
        const authorize: HandlerOptions<TestChannels, AnyRequest>['authorize'] = ({ topics }) => ({
          allow: topics.filter(({ channel }) => channel !== 'inbox'),
          identity: text,
        })
        await using server = await serveHub(adapter, { handler: { authorize }, hub: { channels: { log: { presence: true } } } })
        const reading = await send(server, text)
        await server.order(42, 1)
        await server.hub.close()
        await reading.all()
        const forged = reading.messages.filter(
          ({ data, id, retry }) => data === '{"n":666}' || id?.includes('forged') === true || retry === 1,
        )
        expect(forged).toEqual([])
        expect(reading.messages.every(({ data, id }) => id === undefined || /^1\.\w+\.\d+(-\d+)?$/.test(id) || data !== undefined)).toBe(
          true,
        )
        expect(server.errors).toEqual([])
      }
    })
  })

  test('D50 F10 what cannot be carried is rejected, and not stored', async () => {
    await using server = await serveHub(adapter)
    for (const text of injections) {
      expect(() => defineEvents({ [text]: z.string() })).toThrow()
      const unknown = { type: text, data: { n: 1 } }
      // @ts-expect-error: no such type is declared.
      expect(await rejection(server.hub.publish(contract.order({ orderId: 42 }), unknown))).toMatchObject({ code: 'unknown_type' })
      const withId = { type: 'created', data: { n: 1 }, id: text } as const
      expect(await rejection(server.hub.publish(contract.order({ orderId: 42 }), withId))).toMatchObject({ code: 'invalid_argument' })
    }
    expect(server.hub.stats().published).toBe(0)
  })

  test('D50 a refusal says what was asked for as JSON, and its headers cannot be split', async () => {
    for (const text of injections) {
      const answers: HandlerOptions<TestChannels, AnyRequest>['authorize'] = () => ({
        status: 401,
        message: text,
        headers: { 'www-authenticate': `Bearer error="${text}"` },
      })
      await using server = await serveHub(adapter, { handler: { authorize: answers } })
      const refused = await server.get(['orders/42'])
      expect(refused.status).toBe(500)
      expect(refused.headers).not.toHaveProperty('www-authenticate')
      await using denies = await serveHub(adapter, { handler: { authorize: () => ({ allow: [] }) } })
      const { code, message } = await (await denies.get([contract.order({ orderId: text }).name, text.slice(0, 40)])).refusal()
      expect([code, typeof message]).toEqual(['denied', 'string'])
    }
  })

  test('C29 eventsource CVE-2022-1650: no answer leads anywhere else, so that no credential goes along', async () => {
    await using server = await serveHub(adapter)
    const headers = { authorization: 'Bearer t', host: 'evil.example' }
    for (const path of [
      '/events?topic=orders/42',
      '//evil.example/?topic=orders/42',
      '/\\evil.example?topic=orders/42',
      '/events',
      '/..//x',
    ]) {
      for (const method of ['GET', 'HEAD', 'OPTIONS', 'PUT']) {
        const answer = await server.ask({ path, method, headers: adapter.name === 'node:http2' ? { authorization: 'Bearer t' } : headers })
        expect([answer.status >= 300 && answer.status < 400, answer.headers['location']]).toEqual([false, undefined])
        answer.leave()
      }
    }
  })

  describe('D57 replay across sessions: a cursor opens nobody else’s history', () => {
    const own: HandlerOptions<TestChannels, AnyRequest>['authorize'] = ({ request, topics }) => {
      const identity = headerOf(request, 'authorization')
      const allow = topics.filter((topic) => topic.channel === 'inbox' && topic.params.userId === identity)
      return { allow, identity, expires: headerOf(request, 'x-brief') === undefined ? undefined : new Date(Date.now() + 100) }
    }
    const both = ['users/ann/inbox', 'users/bob/inbox']
    const as = (name: string, more: Readonly<Record<string, string>> = {}) => ({ headers: { authorization: name, ...more } })

    async function inboxes(): Promise<HubServer> {
      const server = await serveHub(adapter, { handler: { authorize: own } })
      for (const userId of ['ann', 'bob']) {
        await server.hub.publish(contract.inbox({ userId }), { type: 'message', data: { text: `for ${userId}` } })
      }
      return server
    }

    test('at connect, by every place of the cursor', async () => {
      await using server = await inboxes()
      const ann = await server.get(['users/ann/inbox@last:5'], as('ann'))
      await ann.live()
      const cursors = [ann.events[0]?.id ?? '', ann.cursor ?? '', (ann.events[0]?.id ?? '').replace(/\.\d+-\d+$/, '.0')]
      for (const cursor of cursors) {
        const readings = [
          await server.get(both, { ...as('bob'), query: { lastEventId: cursor } }),
          await server.get(both, as('bob', { 'last-event-id': cursor })),
          await server.get(
            both.map((topic) => `${topic}@${cursor}`),
            as('bob'),
          ),
          await server.post({ topics: both, lastEventId: cursor }, as('bob')),
        ]
        for (const reading of readings) {
          await reading.live()
          expect(JSON.stringify(reading.events)).not.toContain('for ann')
          expect(reading.controls.at(-1)).toMatchObject({ topics: ['users/bob/inbox'] })
        }
      }
    })

    test('after expiry, when another user comes back on the same page with the cursor of the first', async () => {
      await using server = await inboxes()
      const ann = await (await server.get(['users/ann/inbox@last:5', 'users/bob/inbox'], as('ann', { 'x-brief': '1' }))).all()
      expect(ann.seen).toEqual(['users/ann/inbox#message {"text":"for ann"}'])
      await server.hub.publish(contract.inbox({ userId: 'ann' }), { type: 'message', data: { text: 'later for ann' } })
      const bob = await server.get(both, as('bob', { 'last-event-id': ann.cursor ?? '' }))
      await bob.live()
      expect(JSON.stringify(bob.messages)).not.toContain('for ann')
    })
  })

  test('neither credentials nor a query come into logs, into onError or into what observes the process', async () => {
    const told: unknown[] = []
    const log = (...all: unknown[]): void => void told.push(...all)
    for (const method of ['log', 'info', 'warn', 'error'] as const) vi.spyOn(console, method).mockImplementation(log)
    const channels = ['publish', 'subscribe', 'unsubscribe', 'replay', 'gap', 'refuse'].map((name) => `sse:${name}`)
    const listen = (message: unknown, name: string | symbol): void => void told.push([name, message])
    for (const channel of channels) diagnosticsChannel.subscribe(channel, listen)
    try {
      const failing: HandlerOptions<TestChannels, AnyRequest>['authorize'] = ({ topics }) => {
        if (topics.some(({ name }) => name === 'orders/failing')) throw new Error('no')
        return { allow: topics.filter(({ name }) => name !== 'orders/denied') }
      }
      // Neither onError is given: both write to the console.
      await using server = await serveHub(adapter, { handler: { authorize: failing, onError: undefined }, hub: { onError: undefined } })
      const ask = {
        headers: { authorization: 'Bearer hunter2', cookie: 'session=hunter2' },
        query: { token: 'hunter2', lastEventId: '1.a.5' },
      }
      for (const orderId of ['42', 'failing', 'denied', '@@']) {
        const reading = await server.get([`orders/${orderId}`], ask)
        if (reading.status === 200) await reading.live()
      }
      await server.hub.publish(contract.order({ orderId: 42 }), { type: 'note', data: { text: 'hunter2' } })
    } finally {
      for (const channel of channels) diagnosticsChannel.unsubscribe(channel, listen)
    }
    const text = JSON.stringify(told, (_, value: unknown) => (value instanceof Error ? [value.message, value.stack] : value))
    // It was told: what refuses, what subscribes and what fails.
    for (const part of ['sse:refuse', 'sse:subscribe', 'sse:publish', 'GET /events']) expect(text).toContain(part)
    expect(text).not.toContain('hunter2')
  })
})

test('a request’s name is its path, also where its target names a whole URL with a password', async () => {
  const contexts: string[] = []
  const server = createServer(
    (request, response) =>
      void respond(request, response, { onError: (_, { request }) => contexts.push(request) }, () => Promise.reject(new Error('no'))),
  )
  await overRawSocket(
    server,
    rawRequest('GET', '1.1').replace('/events', 'http://ann:hunter2@sse.test/events?token=hunter2'),
    async ({ incoming }) => {
      await incoming.until('sse.error')
    },
  )
  expect(contexts).toEqual(['GET /events'])
})

interface Stalled {
  /** What waits beyond the outbox, in bytes. */
  waiting(): number
  stop(): void
}

/** A reader that takes nothing, by each adapter. */
const stalls: readonly {
  readonly name: string
  readonly stall: (hub: Hub<TestChannels>, options: HandlerOptions<TestChannels, AnyRequest>) => Promise<Stalled>
}[] = [
  {
    name: 'node:http',
    stall: async (hub, options) => {
      const listener = nodeListener(hub, options)
      let waiting: () => number = () => 0
      const server = createServer((request, response) => {
        waiting = () => response.writableLength + request.socket.writableLength
        listener(request, response)
      })
      await listen(server)
      const socket = connect(portOf(server), '127.0.0.1')
      socket.pause()
      socket.on('error', () => {})
      socket.write(rawRequest('GET', '1.1').replace('/events', '/events?topic=orders/42'))
      const stop = (): void => {
        socket.destroy()
        server.closeAllConnections()
        server.close()
      }
      return { waiting: () => waiting(), stop }
    },
  },
  {
    name: 'node:http2',
    stall: async (hub, options) => {
      const listener = nodeListener(hub, options)
      let waiting: () => number = () => 0
      const server = createServer2((request, response) => {
        waiting = () => response.stream.writableLength
        listener(request, response)
      })
      const session = connect2(`http://127.0.0.1:${await listen(server)}`)
      session.on('error', () => {})
      session
        .request({ ':path': '/events?topic=orders/42' })
        .on('error', () => {})
        .pause()
      const stop = (): void => {
        session.destroy()
        server.close()
      }
      return { waiting: () => waiting(), stop }
    },
  },
  {
    name: 'Fetch',
    stall: async (hub, options) => {
      const { body } = await fetchHandler(hub, options)(new Request('http://sse.test/events?topic=orders/42'))
      // The response's own buffer is bounded by its high-water mark, as fetch.test.ts shows.
      return { waiting: () => 0, stop: () => void body?.cancel().catch(() => {}) }
    },
  },
]

describe.each(stalls)('fastify CVE-2026-25224 backpressure ignored: what a stalled reader costs is bounded, $name', ({ stall }) => {
  test.each([
    ['disconnect', 'overflow'],
    ['drop-oldest', undefined],
  ] as const)('with %s', async (overflow, reason) => {
    const closes: string[] = []
    const hub = createHub<TestChannels>({
      contract,
      backplane: memoryBackplane({ retain: { events: 1 } }),
      channels: { order: { overflow } },
    })
    const { waiting, stop } = await stall(hub, {
      authorize: everybody,
      outbox: { maxBytes: 262_144 },
      onError: () => {},
      onClose: (close) => closes.push(close.reason),
    })
    await vi.waitFor(() => expect(hub.stats().streams).toBe(1))
    let [most, wrote] = [0, 0]
    // 40 MB, of which the kernel takes a few.
    for (let n = 0; n < 400; n++) {
      await hub.publish(contract.order({ orderId: 42 }), { type: 'note', data: { text: 'x'.repeat(100_000) } })
      if (n % 10 === 0) await new Promise((resolve) => setImmediate(resolve))
      most = Math.max(most, hub.stats().outboxes.largest)
      wrote = Math.max(wrote, waiting())
    }
    expect(most).toBeGreaterThan(0)
    expect(most).toBeLessThanOrEqual(262_144)
    // One write of the stream's, in Node's own buffers.
    expect(wrote).toBeLessThan(400_000)
    expect(closes).toEqual(reason === undefined ? [] : [reason])
    stop()
    await hub.close()
  })
})
