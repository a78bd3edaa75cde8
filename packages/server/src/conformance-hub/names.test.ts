import { channel, defineContract, defineEvents } from '@sse/schema'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { fetchHandler } from '../adapters/fetch-handler.js'
import { createHub, memoryBackplane } from '../index.js'
import { served } from '../testing/adapters.js'
import { Reading } from '../testing/reading.js'

// Names that every object has, and what a look-up in the prototype would find for them.

const names = ['__proto__', 'constructor', 'prototype', 'toString', 'valueOf', 'hasOwnProperty', '__defineGetter__'] as const

describe.each(names)('%s is a name like any other', (name) => {
  const events = defineEvents(Object.fromEntries([[name, z.object({ n: z.number() })]]))
  const contract = defineContract(Object.fromEntries([[name, channel('orders/:orderId', events)]]))
  const topic = contract[name]?.({ orderId: name })
  if (topic === undefined) throw new Error('no such channel')

  test('as channel, type, param, identity, key and query', async () => {
    const seen: unknown[] = []
    const settings = Object.fromEntries([[name, { presence: true, conflate: () => name }]])
    const hub = createHub({ contract, backplane: memoryBackplane(), channels: settings })
    await using server = served(
      fetchHandler(hub, {
        authorize: ({ topics }) => {
          seen.push(topics)
          return { allow: topics, identity: name }
        },
      }),
    )
    const query = new URLSearchParams([
      ['topic', `orders/${name}`],
      ['topic', name],
      [name, name],
    ])
    const reading = new Reading(await server.ask({ path: `/events?${query}` }))
    await reading.live()
    await hub.publish(topic, { type: name, data: { n: 1 } }, { key: name })
    const again = await hub.publish(topic, { type: name, data: { n: 2 } }, { key: name })
    expect(again.duplicate).toBe(true)
    await reading.take(1)
    expect(reading.seen).toEqual([`orders/${name}#${name} {"n":1}`])
    expect(reading.controls).toMatchObject([
      { type: 'sse.ready' },
      { type: 'sse.error', code: 'unknown', topics: [name] },
      { type: 'sse.presence', count: 1, joined: [name] },
      { type: 'sse.live', topics: [`orders/${name}`] },
    ])
    expect(seen).toMatchObject([[{ channel: name, name: `orders/${name}`, params: { orderId: name } }]])
    expect(hub.presence(topic)).toEqual({ count: 1, members: [name] })
    await hub.close()
  })

  test('as a key of a body, which changes no object', async () => {
    const hub = createHub({ contract, backplane: memoryBackplane() })
    await using server = served(fetchHandler(hub, { authorize: ({ topics }) => ({ allow: topics }) }))
    const inherited = `{${JSON.stringify(name)}: {"topics": ["orders/1"], "polluted": true, "prototype": {"polluted": true}}`
    const refused = new Reading(await server.ask({ path: '/events', method: 'POST', body: `${inherited}}` }))
    expect([refused.status, await refused.refusal()]).toMatchObject([400, { code: 'malformed' }])
    const reading = new Reading(await server.ask({ path: '/events', method: 'POST', body: `${inherited}, "topics": ["orders/1"]}` }))
    await reading.live()
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
    await hub.close()
  })

  test('a type that is not declared, and a setting of a channel that there is not, are none', async () => {
    const plain = defineContract({ order: channel('orders/:orderId', { created: z.object({}) }) })
    const hub = createHub({ contract: plain, backplane: memoryBackplane() })
    const undeclared = { type: name, data: {} }
    // @ts-expect-error: no such type is declared.
    await expect(hub.publish(plain.order({ orderId: 1 }), undeclared)).rejects.toMatchObject({ code: 'unknown_type' })
    expect(() => createHub({ contract: plain, backplane: memoryBackplane(), channels: Object.fromEntries([[name, {}]]) })).toThrow(
      'which the contract does not',
    )
    await hub.close()
  })
})
