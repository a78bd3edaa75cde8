import { describe, expect, test, vi } from 'vitest'
import type { Ask } from '../testing/adapters.js'
import { contract, everybody, type HubServer, hubAdapters, serveHub } from '../testing/hub.js'

// Answers that have no stream, and what every answer has, by every adapter alike.

const cors = { origin: 'https://app.example', credentials: true } as const
const fromThere = { origin: 'https://app.example' }
const path = '/events?topic=orders/42'

const end = (server: HubServer, orderId: string | number): Promise<string> =>
  server.hub.end(contract.order({ orderId })).then(({ position }) => position)

describe.each(hubAdapters)('$name', (adapter) => {
  test.each([
    ['HEAD', 200],
    ['OPTIONS', 204],
    ['PUT', 405],
    ['DELETE', 405],
  ])('D45 %s is answered %i, asks nobody, subscribes to nothing and takes no place', async (method, status) => {
    const authorize = vi.fn(everybody)
    await using server = await serveHub(adapter, { handler: { authorize }, hub: { limits: { streams: 1 } } })
    for (let n = 0; n < 3; n++) {
      const answer = await server.ask({ method, path })
      expect([answer.status, await answer.incoming.all()]).toEqual([status, ''])
      if (method !== 'HEAD') expect(answer.headers['allow']).toBe('GET, POST, HEAD, OPTIONS')
    }
    expect(authorize).not.toHaveBeenCalled()
    expect(server.hub.stats()).toMatchObject({ streams: 0, topics: 0 })
    expect((await server.get(['orders/42'])).status).toBe(200)
  })

  test('D45 the application says which methods there are', async () => {
    await using server = await serveHub(adapter, { handler: { methods: ['POST'] } })
    expect([(await server.ask({ path })).status, (await server.post({ topics: ['orders/42'] })).status]).toEqual([405, 200])
  })

  const answers: readonly [string, number, Ask, string?][] = [
    ['a stream', 200, { path }],
    ['HEAD', 200, { path, method: 'HEAD' }],
    ['a preflight', 204, { path, method: 'OPTIONS' }],
    ['a method that is not allowed', 405, { path, method: 'PUT' }],
    ['a malformed request', 400, { path: '/events' }],
    ['a body over its bound', 413, { path: '/events', method: 'POST', body: 'x'.repeat(300_000) }],
    ['a denied request', 403, { path: '/events?topic=users/7/inbox' }],
    ['a refusal', 401, { path: '/events?topic=orders/refused' }],
    ['an expired grant', 401, { path: '/events?topic=orders/expired' }],
    ['a failing authorize', 500, { path: '/events?topic=orders/failing' }],
    ['a reader that has seen the end', 204, { path, headers: { 'last-event-id': 'sse.end' } }],
    ['topics that have ended', 204, { path: '/events?topic=orders/over' }],
    ['a full server', 503, { path }],
    ['a server that goes away', 503, { path }],
  ]

  test.each(answers)('D46 CORS is on every answer: %s', async (what, status, ask) => {
    await using server = await serveHub(adapter, {
      handler: {
        cors,
        authorize: ({ topics }) => {
          const [topic] = topics
          if (topic?.channel !== 'order') return { allow: [] }
          if (topic.params.orderId === 'failing') throw new Error('no')
          if (topic.params.orderId === 'refused') return { status: 401 }
          return { allow: topics, expires: topic.params.orderId === 'expired' ? new Date(0) : undefined }
        },
      },
      hub: { limits: { streams: what === 'a full server' ? 1 : 100 } },
    })
    if (what === 'a full server') await server.get(['orders/1'])
    if (what === 'a server that goes away') await server.hub.drain({ within: 0 })
    const query = what === 'topics that have ended' ? `&lastEventId=${await end(server, 'over')}` : ''
    const asked = { ...ask, path: `${ask.path}${query}` }
    const answer = await server.ask({ ...asked, headers: { ...ask.headers, ...fromThere } })
    expect(answer.status).toBe(status)
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': 'https://app.example',
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': 'Retry-After',
      vary: 'Origin',
    })
    const foreign = await server.ask({ ...asked, headers: { ...ask.headers, origin: 'https://evil.example' } })
    expect(foreign.headers).not.toHaveProperty('access-control-allow-origin')
    expect(foreign.headers['vary']).toBe('Origin')
  })

  test('D46 a preflight allows the headers that readers send', async () => {
    await using server = await serveHub(adapter, { handler: { cors } })
    const { headers } = await server.ask({ path, method: 'OPTIONS', headers: { ...fromThere, 'access-control-request-method': 'POST' } })
    expect(headers['access-control-allow-headers']).toBe('Last-Event-ID, Cache-Control, Authorization, Content-Type')
    expect(headers['access-control-allow-methods']).toBe('GET, POST, HEAD, OPTIONS')
  })

  describe('204 where nothing more is to come', () => {
    test('E66 all topics have ended, and the cursor is at or past every end', async () => {
      await using server = await serveHub(adapter, { hub: { limits: { streams: 1 } } })
      await server.order(1, 1)
      await end(server, 1)
      const last = await end(server, 2)
      const later = await server.order(3, 1)
      for (const cursor of [last, later, `${last}-0`]) {
        const byHeader = await server.get(['orders/1', 'orders/2'], { headers: { 'last-event-id': cursor } })
        expect([byHeader.status, byHeader.headers['cache-control'], await byHeader.incoming.all()]).toEqual([204, 'no-store', ''])
        expect((await server.post({ topics: ['orders/1', 'orders/2'], lastEventId: cursor })).status).toBe(204)
        expect((await server.get([`orders/1@${cursor}`, `orders/2@${cursor}`])).status).toBe(204)
      }
      expect((await server.get(['orders/3'])).status).toBe(200)
    })

    test('E66 not while the cursor is before an end: the reader gets what it missed, and then the end', async () => {
      await using server = await serveHub(adapter)
      const first = await server.order(1, 1)
      await end(server, 1)
      await server.order(2, 2)
      await end(server, 2)
      const reading = await (await server.get(['orders/1', 'orders/2'], { query: { lastEventId: first } })).all()
      expect(reading.seen).toEqual(['orders/2#created {"n":2}'])
      const ends = reading.controls.flatMap((control) => (control.type === 'sse.end' ? [control.topics] : []))
      expect(ends).toEqual([['orders/1'], ['orders/2'], undefined])
      expect(reading.messages.at(-1)?.id).toBe('sse.end')
    })

    test.each<[string, (last: string) => { topics: readonly string[]; cursor?: string }]>([
      ['one topic still lives', (cursor) => ({ topics: ['orders/1', 'orders/3'], cursor })],
      ['a subtree is asked for, which never ends', (cursor) => ({ topics: ['orders/*'], cursor })],
    ])('E66 not where %s', async (_, of) => {
      await using server = await serveHub(adapter)
      const { topics, cursor } = of(await end(server, 1))
      const reading = await server.get(topics, { query: cursor === undefined ? {} : { lastEventId: cursor } })
      expect(reading.status).toBe(200)
      await reading.live()
    })

    test.each<[string, string, Readonly<Record<string, string>>]>([
      ['without a cursor', 'orders/1', {}],
      ['from now on', 'orders/1@now', {}],
      ['with its last events', 'orders/1@last:5', {}],
      ['with a cursor that is none', 'orders/1', { lastEventId: 'x' }],
      ['with a cursor of another history', 'orders/1', { lastEventId: '1.other.99' }],
    ])('E66 a reader that comes to an ended topic %s is told the end', async (_, topic, query) => {
      await using server = await serveHub(adapter)
      await end(server, 1)
      const reading = await (await server.get([topic], { query })).all()
      expect(reading.status).toBe(200)
      expect(reading.controls.at(-1)).toMatchObject({ type: 'sse.end', reason: 'ended' })
    })

    test('E66 a reader that saw the end and comes back with its id, as an EventSource does, is answered 204', async () => {
      await using server = await serveHub(adapter)
      const reading = await server.get(['orders/1'])
      await reading.live()
      await end(server, 1)
      await reading.all()
      const id = reading.messages.at(-1)?.id ?? ''
      expect((await server.get(['orders/1'], { headers: { 'last-event-id': id } })).status).toBe(204)
    })

    test('D57 whoever may not read an ended topic is not told that it has ended', async () => {
      await using server = await serveHub(adapter, { handler: { authorize: () => ({ allow: [] }) } })
      const cursor = await end(server, 1)
      expect((await server.get(['orders/1'], { query: { lastEventId: cursor } })).status).toBe(403)
    })
  })
})
