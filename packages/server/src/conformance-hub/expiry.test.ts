import { describe, expect, test, vi } from 'vitest'
import type { HandlerOptions } from '../handler.js'
import { memoryBackplane } from '../index.js'
import { deferred } from '../testing/deferred.js'
import { type AnyRequest, contract, everybody, headerOf, hubAdapters, serveHub, type TestChannels } from '../testing/hub.js'

// What a reader may see runs out, or is taken back: at once, at a time, and in the midst of a replay.

type Authorize = HandlerOptions<TestChannels, AnyRequest>['authorize']

/** Each request gets the next of these grants for all that it asks for; the last one is for all later ones. */
function grants(...all: readonly { readonly milliseconds?: number; readonly identity?: string; readonly notBefore?: Date }[]): Authorize {
  let asked = 0
  return ({ topics, subtrees }) => {
    const { milliseconds, identity, notBefore } = all[Math.min(asked++, all.length - 1)] ?? {}
    const expires = milliseconds === undefined ? undefined : new Date(Date.now() + milliseconds)
    return { allow: [...topics, ...subtrees], expires, identity, notBefore }
  }
}

/** By its authorization header: who reads, and nothing else. */
const byName: Authorize = ({ request, topics }) => ({ allow: topics, identity: headerOf(request, 'authorization') })

const as = (name: string): { readonly headers: Readonly<Record<string, string>> } => ({ headers: { authorization: name } })

describe.each(hubAdapters)('$name', (adapter) => {
  test('D57 F14 a grant that ends closes the stream; the reader comes back, is asked again, and has missed nothing', async () => {
    await using server = await serveHub(adapter, {
      handler: { authorize: grants({ milliseconds: 150 }, {}) },
      hub: { limits: { streams: 1 } },
    })
    const reading = await server.get(['orders/42'])
    await reading.live()
    await server.order(42, 1)
    await reading.all()
    expect(reading.seen).toEqual(['orders/42#created {"n":1}'])
    expect(reading.controls.at(-1)).toMatchObject({ type: 'sse.error', code: 'expired', retry: true })
    // Not over for good: an EventSource that came back with such an id would be answered 204.
    expect(reading.messages.at(-1)).not.toHaveProperty('id', 'sse.end')
    await server.order(42, 2)
    const again = await server.get(['orders/42'], { headers: { 'last-event-id': reading.cursor ?? '' } })
    await again.live()
    expect(again.seen).toEqual(['orders/42#created {"n":2}'])
  })

  test('D57 F14 nothing is delivered after the grant has ended, also not to a reader whose grant is not renewed', async () => {
    let isAllowed = true
    const authorize: Authorize = ({ topics }) => (isAllowed ? { allow: topics, expires: new Date(Date.now() + 100) } : { allow: [] })
    await using server = await serveHub(adapter, { handler: { authorize } })
    const reading = await server.get(['orders/42'])
    await reading.live()
    isAllowed = false
    await reading.until(({ event }) => event === 'sse.error')
    await server.order(42, 1)
    expect((await reading.all()).seen).toEqual([])
    expect((await server.get(['orders/42'], { query: { lastEventId: reading.cursor ?? '' } })).status).toBe(403)
  })

  test('D57 F14 a grant that ends in the midst of a replay ends the replay; what was shown is where the reader goes on', async () => {
    const backplane = memoryBackplane({ retain: { events: 5_000 } })
    const reads = { count: 0, gate: deferred<void>() }
    await using server = await serveHub(adapter, {
      handler: { authorize: grants({ milliseconds: 200 }, {}) },
      hub: {
        backplane: {
          ...backplane,
          read: async (topic, range) => {
            if (++reads.count === 3) await reads.gate.promise
            return backplane.read(topic, range)
          },
        },
      },
    })
    for (let n = 1; n <= 1_000; n++) await server.order(42, n)
    const reading = await (await server.get(['orders/42@last:1000'])).all()
    expect(reading.controls.map(({ type }) => type)).toEqual(['sse.ready', 'sse.error'])
    const before = reading.events.length
    expect(before).toBe(512)
    reads.gate.resolve()
    const again = await server.get(['orders/42'], { headers: { 'last-event-id': reading.cursor ?? '' } })
    await again.live()
    const numbers = [...reading.events, ...again.events].map(({ data }) => JSON.parse(data).n)
    expect(numbers).toEqual(Array.from({ length: 1_000 }, (_, index) => index + 1))
  })

  test('D57 a grant that ends while the backplane is asked shows nothing', async () => {
    const backplane = memoryBackplane()
    const gate = deferred<void>()
    await using server = await serveHub(adapter, {
      handler: { authorize: grants({ milliseconds: 50 }) },
      hub: {
        backplane: {
          ...backplane,
          state: async (names, after) => {
            await gate.promise
            return backplane.state(names, after)
          },
        },
      },
    })
    await server.order(42, 1)
    const asking = server.get(['orders/42@last:1'])
    setTimeout(() => gate.resolve(), 100)
    const reading = await (await asking).all()
    expect(reading.controls.at(-1)).toMatchObject({ code: 'expired' })
    expect(reading.seen).toEqual([])
  })

  test('a grant that ends in many years holds no timer that fires at once', async () => {
    await using server = await serveHub(adapter, { handler: { authorize: grants({ milliseconds: 4e12 }) } })
    const reading = await server.get(['orders/42'])
    await reading.live()
    await server.order(42, 1)
    await reading.take(1)
    expect(reading.controls.at(-1)?.type).toBe('sse.live')
  })

  describe('D57 notBefore', () => {
    test.each<[string, readonly string[], (positions: readonly string[]) => Readonly<Record<string, string>>]>([
      ['a cursor', ['orders/42'], ([first = '']) => ({ lastEventId: first })],
      ['a cursor at the very beginning', ['orders/42'], ([first = '']) => ({ lastEventId: first.replace(/\d+$/, '0') })],
      ['its last events', ['orders/42@last:100'], () => ({})],
      ['a subtree', ['orders/*'], ([first = '']) => ({ lastEventId: first.replace(/\d+$/, '0') })],
    ])('shows nothing from before it to %s', async (_, topics, queryOf) => {
      let now = 1_000_000
      const backplane = memoryBackplane({ now: () => now })
      const authorize = grants({ notBefore: new Date(2_000_000) })
      await using server = await serveHub(adapter, { handler: { authorize }, hub: { backplane } })
      const positions = [await server.order(42, 1), await server.order(42, 2)]
      now = 2_000_000
      await server.order(42, 3)
      const reading = await server.get(topics, { query: queryOf(positions) })
      await reading.live()
      expect(reading.seen).toEqual(['orders/42#created {"n":3}'])
      // Who had a cursor knows that there was more; who asked for the last few need not.
      const gaps = reading.controls.filter(({ type }) => type === 'sse.gap')
      expect(gaps).toHaveLength(topics[0]?.includes('@last') === true ? 0 : 1)
    })
  })

  describe('D57 disconnect', () => {
    test.each<[string, Parameters<Awaited<ReturnType<typeof serveHub>>['hub']['disconnect']>[0], number[]]>([
      ['an identity', { identity: 'ann' }, [1, 1, 0]],
      ['a topic', { topic: contract.order({ orderId: 42 }) }, [1, 0, 1]],
      ['an identity on a topic', { identity: 'ann', topic: contract.order({ orderId: 42 }) }, [1, 0, 0]],
      ['somebody who is not there', { identity: 'eve' }, [0, 0, 0]],
    ])('of %s closes those streams and no other', async (_, where, expected) => {
      await using server = await serveHub(adapter, { handler: { authorize: byName } })
      const readings = [
        await server.get(['orders/42', 'orders/1'], as('ann')),
        await server.get(['orders/7'], as('ann')),
        await server.get(['orders/42'], as('bob')),
      ]
      for (const reading of readings) await reading.live()
      expect(server.hub.disconnect(where)).toBe(expected.reduce((sum, one) => sum + one, 0))
      await server.order(42, 1)
      await server.order(7, 1)
      for (const [index, reading] of readings.entries()) {
        if (expected[index] === 1) {
          const { controls, seen } = await reading.all()
          expect([controls.at(-1)?.type, seen]).toEqual(['sse.error', []])
        } else await reading.take(1)
      }
    })

    test('lets the reader come back, where it is authorized anew', async () => {
      const banned = new Set<string>()
      const authorize: Authorize = ({ request, topics }) => {
        const identity = headerOf(request, 'authorization') ?? ''
        return banned.has(identity) ? { status: 403, message: 'You are banned.' } : { allow: topics, identity }
      }
      await using server = await serveHub(adapter, { handler: { authorize } })
      const reading = await server.get(['orders/42'], as('ann'))
      await reading.live()
      banned.add('ann')
      expect(server.hub.disconnect({ identity: 'ann' }, 'You are\r\n\r\nbanned.')).toBe(1)
      const { controls } = await reading.all()
      expect(controls.at(-1)).toMatchObject({ type: 'sse.error', code: 'disconnected', message: 'You are\r\n\r\nbanned.', retry: true })
      expect((await server.get(['orders/42'], as('ann'))).status).toBe(403)
      expect((await server.get(['orders/42'], as('bob'))).status).toBe(200)
    })

    test('reaches a reader that is replaying', async () => {
      const backplane = memoryBackplane()
      const [reached, gate] = [deferred<void>(), deferred<void>()]
      const authorize = byName
      await using server = await serveHub(adapter, {
        handler: { authorize },
        hub: {
          backplane: {
            ...backplane,
            read: async (topic, range) => {
              reached.resolve()
              await gate.promise
              return backplane.read(topic, range)
            },
          },
        },
      })
      await server.order(42, 1)
      const reading = await server.get(['orders/42@last:1'], as('ann'))
      await reached.promise
      expect(server.hub.disconnect({ identity: 'ann' })).toBe(1)
      gate.resolve()
      expect((await reading.all()).seen).toEqual([])
    })

    test('reaches a reader whose permission was read before it was taken back, and whose stream opens after', async () => {
      const [reached, gate] = [deferred<void>(), deferred<void>()]
      let isAllowed = true
      const authorize: Authorize = async ({ topics }) => {
        if (!isAllowed) return { allow: [] }
        reached.resolve()
        await gate.promise
        return { allow: topics, identity: 'ann' }
      }
      await using server = await serveHub(adapter, { handler: { authorize } })
      const asking = server.get(['orders/42'])
      await reached.promise
      isAllowed = false
      server.hub.disconnect({ identity: 'ann' })
      gate.resolve()
      const reading = await asking
      await server.order(42, 1)
      const { controls, seen } = await reading.all()
      expect([controls.at(-1)?.type, seen]).toEqual(['sse.error', []])
      expect((await server.get(['orders/42'])).status).toBe(403)
    })
  })

  test('the identity is what limits, disconnect and visibleTo see', async () => {
    const visibleTo = vi.fn((_: unknown, { identity }: { readonly identity: string | undefined }) => identity === 'ann')
    await using server = await serveHub(adapter, { handler: { authorize: byName }, hub: { channels: { order: { visibleTo } } } })
    const [ann, bob] = [await server.get(['orders/42'], as('ann')), await server.get(['orders/42', 'users/7/inbox'], as('bob'))]
    await Promise.all([ann.live(), bob.live()])
    await server.order(42, 1)
    await server.hub.publish(contract.inbox({ userId: 7 }), { type: 'message', data: { text: 'hi' } })
    await Promise.all([ann.take(1), bob.take(1)])
    expect([ann.seen, bob.seen]).toEqual([['orders/42#created {"n":1}'], ['users/7/inbox#message {"text":"hi"}']])
    expect(visibleTo.mock.calls.map(([, reader]) => reader)).toEqual([
      { identity: 'ann', topic: 'orders/42' },
      { identity: 'bob', topic: 'orders/42' },
    ])
  })

  test('D56 a cursor that was taken from one reader gives another nothing that it may not read', async () => {
    const authorize: Authorize = ({ request, topics }) => ({
      allow: topics.filter((topic) => topic.channel === 'inbox' && topic.params.userId === headerOf(request, 'authorization')),
    })
    await using server = await serveHub(adapter, { handler: { authorize } })
    const write = (userId: string, text: string): Promise<unknown> =>
      server.hub.publish(contract.inbox({ userId }), { type: 'message', data: { text } })
    const ann = await server.get(['users/ann/inbox'], as('ann'))
    const start = (await ann.live()).id ?? ''
    await write('ann', 'for ann')
    await write('bob', 'for bob')
    const [event] = await ann.take(1)
    for (const cursor of [start, event?.id ?? '']) {
      const bob = await server.get(['users/ann/inbox', 'users/bob/inbox'], { ...as('bob'), query: { lastEventId: cursor } })
      await bob.live()
      expect(bob.seen).toEqual(['users/bob/inbox#message {"text":"for bob"}'])
      expect((await server.get([`users/ann/inbox@${cursor}`], as('bob'))).status).toBe(403)
      bob.leave()
    }
    await ann.incoming.leave()
  })
})

test('everybody is nobody in particular', async () => {
  const [adapter] = hubAdapters
  if (adapter === undefined) throw new Error('no adapter')
  await using server = await serveHub(adapter, { handler: { authorize: everybody } })
  await (await server.get(['orders/42'])).live()
  expect(() => server.hub.disconnect({})).toThrow('names nobody')
})
