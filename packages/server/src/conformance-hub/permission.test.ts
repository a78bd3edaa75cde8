import type { Control } from '@sse/schema/wire'
import { describe, expect, test, vi } from 'vitest'
import type { Authorization, Refusal } from '../authorize.js'
import type { HandlerOptions } from '../handler.js'
import { type AnyRequest, contract, everybody, headerOf, hubAdapters, serveHub, type TestChannels } from '../testing/hub.js'

// Who may read what, by every adapter alike.

type Authorize = HandlerOptions<TestChannels, AnyRequest>['authorize']

/** Of the orders, one. */
const onlyOrder =
  (orderId: string): Authorize =>
  ({ topics }) => ({ allow: topics.filter((topic) => topic.channel === 'order' && topic.params.orderId === orderId) })

const errorsIn = (controls: readonly Control[]): unknown[] => controls.filter(({ type }) => type === 'sse.error')

describe.each(hubAdapters)('$name', (adapter) => {
  test('authorize sees the request, and topics and subtrees told apart, with their params', async () => {
    const seen: unknown[] = []
    const authorize: Authorize = ({ request, topics, subtrees }) => {
      seen.push(headerOf(request, 'authorization'))
      for (const topic of topics) seen.push(topic.channel === 'order' ? topic.params.orderId : topic.channel)
      for (const subtree of subtrees) seen.push([subtree.kind, subtree.channel, subtree.name])
      return { allow: topics }
    }
    await using server = await serveHub(adapter, { handler: { authorize } })
    await server.get(['orders/a%2Fb@last:1', 'users/7/inbox', 'orders/*'], { headers: { authorization: 'Bearer t' } })
    expect(seen).toEqual(['Bearer t', 'a/b', 'inbox', ['subtree', 'order', 'orders/*']])
  })

  test('D57 a topic that is denied is told in band, and the others live', async () => {
    await using server = await serveHub(adapter, { handler: { authorize: onlyOrder('42') } })
    const reading = await server.get(['orders/42', 'orders/43', 'users/7/inbox'])
    expect(reading.status).toBe(200)
    await reading.live()
    await server.order(43, 1)
    await server.hub.publish(contract.inbox({ userId: 7 }), { type: 'message', data: { text: 'secret' } })
    await server.order(42, 2)
    await reading.take(1)
    expect(reading.seen).toEqual(['orders/42#created {"n":2}'])
    expect(errorsIn(reading.controls)).toMatchObject([{ code: 'denied', retry: false, topics: ['orders/43', 'users/7/inbox'] }])
    expect(reading.controls.at(-1)).toMatchObject({ type: 'sse.live', topics: ['orders/42'] })
  })

  test.each([
    'nothing/here',
    'orders',
    'orders/',
    'orders/4/2',
    '/orders/42',
    'orders/%34%32',
    'orders/é',
    'orders/a b',
    'orders/**',
    'users/*',
    '*',
    'orders/%',
    'orders/42#created',
    'ORDERS/42',
    '__proto__',
    'constructor',
    'orders/\u0000',
    'orders/a\r\nevent: x',
  ])('a topic that the contract does not have is told in band, and authorize does not see it: %j', async (name) => {
    const authorize = vi.fn(everybody)
    await using server = await serveHub(adapter, { handler: { authorize } })
    const reading = await server.get(['orders/42', name])
    await reading.live()
    expect(errorsIn(reading.controls)).toMatchObject([{ code: 'unknown', retry: false, topics: [name] }])
    expect(authorize.mock.calls[0]?.[0]).toMatchObject({ topics: [{ name: 'orders/42' }], subtrees: [] })
    expect(reading.messages.map(({ event }) => event)).toEqual(['sse.ready', 'sse.error', 'sse.live'])
  })

  test('a subtree is read only where authorize allows the subtree: its topics alone do not open it', async () => {
    const seen: string[] = []
    const authorize: Authorize = ({ topics, subtrees }) => {
      seen.push(...topics.map(({ name }) => name), ...subtrees.map(({ name }) => name))
      return { allow: [contract.order({ orderId: 42 }), contract.order({ orderId: '*' })] }
    }
    await using server = await serveHub(adapter, { handler: { authorize } })
    expect((await server.get(['orders/*'])).status).toBe(403)
    expect(seen).toEqual(['orders/*'])
    // The topic whose id is a star is not the subtree.
    const reading = await server.get(['orders/%2A', 'orders/*'])
    await reading.live()
    await server.order(42, 1)
    await server.order('*', 2)
    await reading.take(1)
    expect(reading.seen).toEqual(['orders/%2A#created {"n":2}'])
  })

  test('a subtree that is allowed opens each topic in it, also one that is denied by its own name', async () => {
    await using server = await serveHub(adapter, { handler: { authorize: ({ subtrees }) => ({ allow: subtrees }) } })
    const reading = await server.get(['orders/*', 'orders/42'])
    await reading.live()
    await server.order(42, 1)
    await reading.take(1)
    expect(reading.seen).toEqual(['orders/42#created {"n":1}'])
    expect(errorsIn(reading.controls)).toMatchObject([{ code: 'denied', topics: ['orders/42'] }])
  })

  test('what authorize allows beyond what was asked for is left out', async () => {
    const authorize: Authorize = ({ topics }) => ({ allow: [...topics, contract.order({ orderId: 1 }), contract.order.all()] })
    await using server = await serveHub(adapter, { handler: { authorize } })
    const reading = await server.get(['orders/42'])
    await reading.live()
    await server.order(1, 1)
    await server.order(42, 2)
    await reading.take(1)
    expect(reading.seen).toEqual(['orders/42#created {"n":2}'])
  })

  test.each<[string, readonly string[]]>([
    ['all are denied', ['orders/1', 'orders/2']],
    ['none is known', ['no/such', 'orders/%34%32']],
    ['some are denied and some unknown', ['orders/1', 'no/such']],
  ])('D57 403 where %s, naming them', async (_, topics) => {
    await using server = await serveHub(adapter, { handler: { authorize: onlyOrder('42') }, hub: { limits: { streams: 1 } } })
    const refused = await server.get(topics)
    expect([refused.status, refused.headers['cache-control']]).toEqual([403, 'no-store'])
    const { code, message } = await refused.refusal()
    expect(code).toBe('denied')
    for (const topic of topics) expect(message).toContain(JSON.stringify(topic))
    expect((await server.get(['orders/42'])).status).toBe(200)
  })

  test('D57 401 where what lets the reader in has run out', async () => {
    const expires = new Date(Date.now() - 1)
    let grants = 0
    const authorize: Authorize = ({ topics }) => ({ allow: topics, expires: grants++ === 0 ? expires : undefined })
    await using server = await serveHub(adapter, { handler: { authorize }, hub: { limits: { streams: 1 } } })
    const refused = await server.get(['orders/42'])
    expect([refused.status, (await refused.refusal()).code]).toEqual([401, 'expired'])
    expect((await server.get(['orders/42'])).status).toBe(200)
  })

  test.each<[Refusal, unknown]>([
    [{ status: 401, message: 'Sign in first.', headers: { 'www-authenticate': 'Bearer' } }, 'Sign in first.'],
    [{ status: 402 }, 'You may not read this.'],
    [{ status: 404, message: 'line one\r\nline two "quoted"' }, 'line one\r\nline two "quoted"'],
    [{ status: 429, headers: { 'Retry-After': '7' } }, 'You may not read this.'],
    [{ status: 503, headers: { 'Content-Type': 'application/problem+json' } }, 'You may not read this.'],
  ])('a refusal of the application goes out as it is: %j', async (refusal, message) => {
    const answers: (Refusal | Authorization)[] = [refusal]
    const authorize: Authorize = ({ topics }) => answers.shift() ?? { allow: topics }
    await using server = await serveHub(adapter, { handler: { authorize }, hub: { limits: { streams: 1 } } })
    const refused = await server.get(['orders/42'])
    expect(refused.status).toBe(refusal.status)
    for (const [name, value] of Object.entries(refusal.headers ?? {})) expect(refused.headers[name.toLowerCase()]).toBe(value)
    expect(await refused.refusal()).toEqual({ code: 'refused', message })
    expect((await server.get(['orders/42'])).status).toBe(200)
  })

  describe('D53 the application fails before there is a stream', () => {
    const failure = new Error('SELECT * FROM users WHERE password = "hunter2" failed')
    test.each<[string, Partial<HandlerOptions<TestChannels, AnyRequest>>]>([
      [
        'authorize throws',
        {
          authorize: () => {
            throw failure
          },
        },
      ],
      ['authorize rejects', { authorize: () => Promise.reject(failure) }],
      [
        'address throws',
        {
          address: () => {
            throw failure
          },
        },
      ],
      [
        'a refusal has a header that no connection carries',
        { authorize: () => ({ status: 401, headers: { 'www-authenticate': 'a\r\nhunter2: 1' } }) },
      ],
    ])('%s: 500 with nothing of it, and onError has all of it but the query', async (_, handler) => {
      let fails = true
      const { address, authorize = everybody } = handler
      const options: Partial<HandlerOptions<TestChannels, AnyRequest>> = {
        authorize: (context) => (fails ? authorize(context) : everybody(context)),
        address: (request) => (fails ? address?.(request) : undefined),
      }
      await using server = await serveHub(adapter, { handler: options, hub: { limits: { streams: 1 } } })
      const refused = await server.get(['orders/42'], { query: { token: 'hunter2' }, headers: { authorization: 'Bearer hunter2' } })
      expect([refused.status, refused.headers['content-type'], refused.headers['cache-control']]).toEqual([
        500,
        'application/json',
        'no-store',
      ])
      expect(JSON.stringify([refused.headers, await refused.refusal()])).not.toContain('hunter2')
      expect(server.errors.map(({ context }) => context)).toEqual([{ request: 'GET /events', lastEventId: undefined }])
      expect(server.errors[0]?.error).toBeInstanceOf(Error)
      fails = false
      expect((await server.get(['orders/42'])).status).toBe(200)
    })
  })

  describe('D55 what fails for a time', () => {
    const browser = { 'sec-fetch-mode': 'cors', 'sec-fetch-site': 'same-origin' }
    const handlers: readonly (readonly [string, number, HandlerOptions<TestChannels, AnyRequest>['authorize']])[] = [
      ['an authorize that throws', 500, () => Promise.reject(new Error('away'))],
      ['an authorize that answers 503', 503, () => ({ status: 503, message: 'Later.' })],
      ['an authorize that answers 429', 429, () => ({ status: 429 })],
    ]

    test.each(handlers)('%s: %i with a time to come back', async (_, status, authorize) => {
      await using server = await serveHub(adapter, { handler: { authorize } })
      const refused = await server.get(['orders/42'])
      expect(refused.status).toBe(status)
      expect(refused.headers['retry-after']).toMatch(/^([1-9]|10)$/)
      await refused.all()
    })

    test.each(handlers)('%s: a browser’s EventSource gets it in a stream, for it would never come back', async (_, __, authorize) => {
      await using server = await serveHub(adapter, { handler: { authorize } })
      const reading = await (await server.get(['orders/42'], { headers: browser })).all()
      expect(reading.status).toBe(200)
      expect(reading.controls).toMatchObject([{ type: 'sse.ready' }, { type: 'sse.error', retry: true }])
      expect(reading.messages.some(({ retry }) => retry !== undefined && retry >= 1_000)).toBe(true)
    })

    test('is counted apart from what was denied', async () => {
      await using server = await serveHub(adapter, { handler: { authorize: () => Promise.reject(new Error('away')) } })
      await (await server.get(['orders/42'])).all()
      expect(server.hub.stats().refused).toMatchObject({ failed: 1, denied: 0 })
    })
  })

  test('topics that are denied, or unknown, beside others that are not are counted', async () => {
    await using server = await serveHub(adapter, { handler: { authorize: ({ topics }) => ({ allow: topics.slice(0, 1) }) } })
    await (await server.get(['orders/1', 'orders/2', 'nothing/at/all'])).live()
    expect(server.hub.stats()).toMatchObject({ deniedTopics: 2, refused: { denied: 0 } })
  })

  describe('D53 what authorize returns is no answer', () => {
    const order = contract.order({ orderId: 42 })
    const takes = ': it takes { allow: [topics] } or { status }'
    test.each<[unknown, string]>([
      [undefined, 'undefined'],
      [null, 'null'],
      [true, 'true'],
      ['orders/42', '"orders/42"'],
      [{}, 'an object with neither'],
      [{ status: undefined }, 'an object with neither'],
      [[order], '"0", which is unknown (there are allow, identity, expires, notBefore, status, message, headers)'],
      [{ allow: 'orders/42' }, '{ allow: "orders/42" }, which is no list'],
      [{ allow: order }, '{ allow: an object }, which is no list'],
      [{ allow: [undefined] }, 'allow with undefined in it, which is neither a topic nor a name'],
      [{ allow: [{ name: 5 }] }, 'allow with an object in it, which is neither a topic nor a name'],
      [{ allow: [contract.order] }, 'allow with a function in it, which is neither a topic nor a name'],
      [{ allow: [order], identity: 5 }, 'identity as 5, which is no text'],
      [{ allow: [order], identity: null }, 'identity as null, which is no text'],
      [{ allow: [order], expires: 'tomorrow' }, 'expires as "tomorrow", which is no Date'],
      [{ allow: [order], expires: 1e12 }, 'expires as 1000000000000, which is no Date'],
      [{ allow: [order], expires: new Date(Number.NaN) }, 'expires as an invalid Date'],
      [{ allow: [order], expire: new Date(0) }, '"expire", which is unknown (did you mean expires?)'],
      [{ allow: [order], notBefore: 'today' }, 'notBefore as "today", which is no Date'],
      [{ allow: [order], notBefore: new Date(Number.NaN) }, 'notBefore as an invalid Date'],
      ...[200, 204, 302, 418, 99, '401', null].map((status): [unknown, string] => [
        { status },
        `{ status: ${JSON.stringify(status)} }, which is none of 400, 401, 402, 403, 404, 409, 410, 429, 451, 500, 502, 503`,
      ]),
      [{ status: 401, message: 5 }, 'message as 5, which is no text'],
      [{ status: 401, headers: 'retry-after: 5' }, 'headers as "retry-after: 5"'],
    ])('%j: 500, and onError is told what it takes', async (answer, told) => {
      let fails = true
      const authorize = (context: Parameters<Authorize>[0]): unknown => (fails ? answer : everybody(context))
      await using server = await serveHub(adapter, { handler: { ...Object({ authorize }) }, hub: { limits: { streams: 1 } } })
      const refused = await server.get(['orders/42'])
      expect([refused.status, (await refused.refusal()).code]).toEqual([500, 'internal'])
      expect(server.errors.map(({ error }) => error)).toMatchObject([
        { code: 'invalid_argument', message: `authorize returned ${told}${takes}` },
      ])
      fails = false
      expect((await server.get(['orders/42'])).status).toBe(200)
    })
  })

  describe('D57 authorize may allow by name', () => {
    test('beside topics', async () => {
      const authorize: Authorize = ({ topics }) => ({ allow: [...topics.filter(({ channel }) => channel === 'inbox'), 'orders/42'] })
      await using server = await serveHub(adapter, { handler: { authorize } })
      const reading = await server.get(['orders/42', 'orders/43', 'users/7/inbox'])
      await reading.live()
      expect(errorsIn(reading.controls)).toMatchObject([{ code: 'denied', topics: ['orders/43'] }])
      expect(reading.controls.at(-1)).toMatchObject({ type: 'sse.live', topics: ['orders/42', 'users/7/inbox'] })
    })

    test.each([['orders/43'], ['orders/*'], ['*'], ['orders'], ['ORDERS/42'], ['orders/%34%32'], ['']])(
      'only what was asked for: %j allows nothing of orders/42',
      async (name) => {
        await using server = await serveHub(adapter, { handler: { authorize: () => ({ allow: [name] }) } })
        expect((await server.get(['orders/42'])).status).toBe(403)
      },
    )

    test('a subtree that was not asked for is not given, and one that was is', async () => {
      await using server = await serveHub(adapter, { handler: { authorize: () => ({ allow: ['orders/42', 'orders/*'] }) } })
      const [one, all] = [await server.get(['orders/42']), await server.get(['orders/*'])]
      await Promise.all([one.live(), all.live()])
      expect(one.controls.at(-1)).toMatchObject({ type: 'sse.live', topics: ['orders/42'] })
      expect(all.controls.at(-1)).toMatchObject({ type: 'sse.live', topics: ['orders/*'] })
    })
  })

  test('what onError throws changes nothing', async () => {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => {})
    const fails = (): never => {
      throw new Error('no')
    }
    await using server = await serveHub(adapter, { handler: { authorize: fails, onError: fails } })
    expect((await server.get(['orders/42'])).status).toBe(500)
    logged.mockRestore()
  })
})
