import { describe, expect, test, vi } from 'vitest'
import type { HandlerOptions } from '../handler.js'
import {
  type AnyRequest,
  contract,
  type HubAdapter,
  type HubServer,
  type HubServerOptions,
  headerOf,
  hubAdapters,
  serveHub,
  type TestChannels,
} from '../testing/hub.js'

// How many streams there may be, what the others are told, and that every place is given back, by every adapter alike.

type Authorize = HandlerOptions<TestChannels, AnyRequest>['authorize']

const byName: Authorize = ({ request, topics }) => ({ allow: topics, identity: headerOf(request, 'authorization') })
const room = contract.log({ name: 'room' })
const browser = { 'sec-fetch-mode': 'cors', 'sec-fetch-site': 'same-origin' }
const as = (name: string): { readonly headers: Readonly<Record<string, string>> } => ({ headers: { authorization: name } })

/** A server without a place, and what those are told who come. */
const full: readonly { readonly why: string; readonly status: number; readonly fill: (adapter: HubAdapter) => Promise<HubServer> }[] = [
  { why: 'streams', status: 503, fill: (adapter) => withOne(adapter, { hub: { limits: { streams: 1 } } }) },
  {
    why: 'identity',
    status: 429,
    fill: (adapter) =>
      withOne(adapter, {
        hub: { limits: { perIdentity: 1 } },
        handler: { authorize: ({ topics }) => ({ allow: topics, identity: 'ann' }) },
      }),
  },
  {
    why: 'address',
    status: 429,
    fill: (adapter) => withOne(adapter, { hub: { limits: { perAddress: 1 } }, handler: { address: () => '203.0.113.7' } }),
  },
  { why: 'rate', status: 429, fill: (adapter) => withOne(adapter, { hub: { limits: { connectsPerSecond: 0.001 } } }) },
  {
    why: 'draining',
    status: 503,
    fill: async (adapter) => {
      const server = await serveHub(adapter)
      await server.hub.drain({ within: 0 })
      return server
    },
  },
]

async function withOne(adapter: HubAdapter, options: HubServerOptions): Promise<HubServer> {
  const server = await serveHub(adapter, options)
  await (await server.get(['orders/1'])).live()
  return server
}

describe.each(hubAdapters)('$name', (adapter) => {
  describe.each(full)('D55 no place: $why', ({ why, status, fill }) => {
    test(`${status} with a time to come back, in words`, async () => {
      await using server = await fill(adapter)
      const refused = await server.get(['orders/42'])
      expect([refused.status, refused.headers['cache-control']]).toEqual([status, 'no-store'])
      expect(refused.headers['retry-after']).toMatch(/^([1-9]|10)$/)
      expect(await refused.refusal()).toEqual({ code: why, message: expect.stringContaining('come back') })
      expect(Object.entries(server.hub.stats().refused).filter(([, count]) => count > 0)).toEqual([[why, 1]])
    })

    test('the times to come back differ: those refused together do not come together', async () => {
      await using server = await fill(adapter)
      const times = new Set<string | undefined>()
      for (let n = 0; n < 40; n++) times.add((await server.get(['orders/42'])).headers['retry-after'])
      expect(times.size).toBeGreaterThan(3)
    })

    test('a browser, whose EventSource would fail for good, gets a stream that says so and closes', async () => {
      await using server = await fill(adapter)
      const waits = new Set<number | undefined>()
      for (let n = 0; n < 20; n++) {
        const reading = await (await server.get(['orders/42'], { headers: browser })).all()
        expect([reading.status, reading.headers['content-type']]).toEqual([200, 'text/event-stream'])
        expect(reading.controls).toMatchObject([{ type: 'sse.ready' }, { type: 'sse.error', code: why, retry: true }])
        // No id: it goes on from where it was.
        expect(reading.cursor).toBeUndefined()
        waits.add(reading.messages.find(({ retry }) => retry !== undefined)?.retry)
      }
      expect(waits.size).toBeGreaterThan(2)
      expect([...waits].every((wait) => wait !== undefined && wait >= 1_000 && wait <= 10_000)).toBe(true)
    })

    test('Node’s fetch, which sends one of a browser’s marks, reads the status itself', async () => {
      await using server = await fill(adapter)
      const refused = await server.get(['orders/42'], { headers: { 'sec-fetch-mode': 'cors', 'user-agent': 'node' } })
      expect([refused.status, Number(refused.headers['retry-after']) >= 1]).toEqual([status, true])
    })

    test('a page that posts reads the status itself', async () => {
      await using server = await fill(adapter)
      const refused = await server.post({ topics: ['orders/42'] }, { headers: browser })
      expect([refused.status, Number(refused.headers['retry-after']) >= 1]).toEqual([status, true])
    })
  })

  test('D55 each identity has places of its own, and a refused one holds none of the others', async () => {
    await using server = await serveHub(adapter, { handler: { authorize: byName }, hub: { limits: { perIdentity: 2, streams: 4 } } })
    const ann = [await server.get(['orders/1'], as('ann')), await server.get(['orders/2'], as('ann'))]
    for (let n = 0; n < 5; n++) expect((await server.get(['orders/3'], as('ann'))).status).toBe(429)
    expect((await server.get(['orders/1'], as('bob'))).status).toBe(200)
    ann[0]?.leave()
    await vi.waitFor(async () => expect((await server.get(['orders/3'], as('ann'))).status).toBe(200))
  })

  test('D55 streams without an identity are bounded by the other limits only', async () => {
    await using server = await serveHub(adapter, { hub: { limits: { perIdentity: 1 } } })
    for (let n = 0; n < 3; n++) expect((await server.get([`orders/${n}`])).status).toBe(200)
  })

  test('D55 each address has places of its own, as the application tells it', async () => {
    const address = (request: AnyRequest): string | undefined => headerOf(request, 'x-forwarded-for')
    await using server = await serveHub(adapter, { handler: { address }, hub: { limits: { perAddress: 1 } } })
    const from = (one: string) => server.get(['orders/1'], { headers: { 'x-forwarded-for': one } })
    expect([(await from('a')).status, (await from('a')).status, (await from('b')).status]).toEqual([200, 429, 200])
    // Where none is known, there is nothing to count by.
    expect([(await server.get(['orders/1'])).status, (await server.get(['orders/1'])).status]).toEqual([200, 200])
  })

  describe('D55 a client that names itself, as those do that change their topics', () => {
    const query = { 'sse.client': 'n4m3-of-ann_s' }
    const bounds = { hub: { limits: { streams: 1, perIdentity: 1 }, channels: { log: { presence: true } } } } as const

    test('is not refused for its own connection, by GET or by POST, and is there once', async () => {
      await using server = await serveHub(adapter, { ...bounds, handler: { authorize: byName } })
      const old = await server.get(['logs/room'], { ...as('ann'), query })
      const next = await server.get(['logs/room', 'orders/1'], { ...as('ann'), query })
      await next.live()
      expect([old.status, next.status, server.hub.presence(room).count]).toEqual([200, 200, 1])
      old.leave()
      await vi.waitFor(() => expect(server.hub.stats().streams).toBe(1))
      const third = await server.post({ topics: ['logs/room'] }, { ...as('ann'), path: `/events?${new URLSearchParams(query)}` })
      expect(third.status).toBe(200)
      expect((await server.get(['logs/room'], as('bob'))).status).toBe(503)
    })

    test('is there once without an identity, too', async () => {
      await using server = await serveHub(adapter, { ...bounds })
      for (let n = 0; n < 2; n++) await (await server.get(['logs/room'], { query })).live()
      expect([server.hub.presence(room).count, server.hub.stats().streams]).toEqual([1, 2])
    })

    test('has two streams at most: a third counts', async () => {
      await using server = await serveHub(adapter, { ...bounds })
      const statuses: number[] = []
      for (let n = 0; n < 3; n++) statuses.push((await server.get(['logs/room'], { query })).status)
      expect(statuses).toEqual([200, 200, 503])
    })

    test('and a parameter of the application’s own counts for nothing', async () => {
      await using server = await serveHub(adapter, { hub: { channels: { log: { presence: true } } } })
      for (let n = 0; n < 3; n++) await (await server.get(['logs/room'], { query: { client: 'customer-42' } })).live()
      expect(server.hub.presence(room).count).toBe(3)
    })

    test.each(['web', 'x'.repeat(65), 'one & all 1'])('but %j is no such name, and counts for nothing', async (client) => {
      await using server = await serveHub(adapter, { ...bounds })
      const statuses: number[] = []
      for (let n = 0; n < 2; n++) statuses.push((await server.get(['logs/room'], { query: { 'sse.client': client } })).status)
      expect(statuses).toEqual([200, 503])
    })
  })
})
