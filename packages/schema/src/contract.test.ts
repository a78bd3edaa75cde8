import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type Channel, channel } from './channel.js'
import { defineContract, parseSubtree, parseTopic, subtreeNameOf } from './contract.js'
import { defineEvents } from './define-events.js'
import { NameError, ParamError, PatternError, SchemaError } from './errors.js'
import { thrownBy } from './testing/thrown.js'

const orderEvents = defineEvents({ created: z.object({ id: z.string() }), shipped: z.object({ id: z.string() }) })

const contract = defineContract({
  order: channel('orders/:orderId', orderEvents),
  inbox: channel('users/:userId/inbox', { message: z.object({ text: z.string() }) }),
  item: channel('tenants/:tenant/items/:item', orderEvents),
  news: channel('news', orderEvents),
  any: channel('any/:constructor', orderEvents),
})

describe('a channel', () => {
  test('keeps the events that defineEvents gave', () => {
    expect(channel('orders/:orderId', orderEvents)).toEqual({ pattern: 'orders/:orderId', events: orderEvents })
    expect(channel('orders/:orderId', orderEvents).events).toBe(orderEvents)
  })

  test('takes a map of schemas, and checks it the same', () => {
    const message = z.string()
    expect(channel('inbox', { message }).events).toMatchObject({ types: ['message'], schemas: { message } })
    // @ts-expect-error the compiler sees it too
    expect(() => channel('inbox', { message: z.string().transform(Number) })).toThrow(SchemaError)
  })

  test('may have types named like the parts of events', () => {
    expect(channel('inbox', { types: z.string(), schemas: z.string() }).events.types).toEqual(['types', 'schemas'])
  })

  test('rejects a pattern that cannot name topics', () => {
    const pattern: string = 'orders/*'
    expect(() => channel(pattern, orderEvents)).toThrow(PatternError)
  })
})

describe('a topic of a contract', () => {
  test('has its name, its params as strings, and its channel', () => {
    expect(contract.order({ orderId: 42 })).toEqual({
      kind: 'topic',
      channel: 'order',
      pattern: 'orders/:orderId',
      params: { orderId: '42' },
      name: 'orders/42',
      events: orderEvents,
    })
  })

  test('needs no params where its pattern has none', () => {
    expect(contract.news()).toMatchObject({ name: 'news', params: {} })
  })

  test('rejects a param that cannot be part of a name', () => {
    expect(() => contract.order({ orderId: '' })).toThrow(ParamError)
    expect(() => contract.item({ tenant: 'a', item: '\uD800' })).toThrow(ParamError)
  })

  test('does not share its params with the caller', () => {
    const params = { orderId: '42' }
    const topic = contract.order(params)
    params.orderId = '43'
    expect(topic.params).toEqual({ orderId: '42' })
  })

  test('knows its channel, pattern and events before it is made', () => {
    expect({ ...contract.order }).toMatchObject({ channel: 'order', pattern: 'orders/:orderId', events: orderEvents })
  })
})

describe('a topic read from its name', () => {
  test.each([
    [contract.order({ orderId: '*' })],
    [contract.order({ orderId: '../users/7' })],
    [contract.item({ tenant: 'a/b', item: '...' })],
    [contract.news()],
    [contract.any({ constructor: '__proto__' })],
  ])('is the same topic: $name', (topic) => {
    expect(parseTopic(contract, topic.name)).toEqual(topic)
  })

  test.each(['', 'nothing', 'orders', 'orders/', 'orders/*', 'orders/1/2', 'orders/%2a', 'users/7', 'constructor', '__proto__', 'order'])(
    '%j is none',
    (name) => {
      expect(parseTopic(contract, name)).toBeUndefined()
    },
  )

  test('belongs to its own channel alone', () => {
    expect(contract.order.parse('orders/42')).toEqual(contract.order({ orderId: '42' }))
    expect(contract.inbox.parse('orders/42')).toBeUndefined()
    expect(contract.news.parse('orders/42')).toBeUndefined()
  })
})

describe('a subtree', () => {
  test('is the name up to the last param, and a star', () => {
    expect(contract.order.all()).toEqual({
      kind: 'subtree',
      channel: 'order',
      pattern: 'orders/:orderId',
      params: {},
      name: 'orders/*',
      events: orderEvents,
    })
  })

  test('takes the params before the last one', () => {
    expect(contract.item.all({ tenant: 'a*b' }).name).toBe('tenants/a%2Ab/items/*')
    expect(() => contract.item.all({ tenant: '' })).toThrow(ParamError)
  })

  test('has those params as strings', () => {
    const numbered = defineContract({ item: channel('tenants/:tenant/items/:item', orderEvents) })
    expect(numbered.item.all({ tenant: 42 }).params).toEqual({ tenant: '42' })
    expect(contract.item.all({ tenant: 'a*b' }).params).toEqual({ tenant: 'a*b' })
  })

  test('does not share its params with the caller', () => {
    const params = { tenant: 'a' }
    const subtree = contract.item.all(params)
    params.tenant = 'b'
    expect(subtree.params).toEqual({ tenant: 'a' })
  })

  test('of a pattern that is one param is everything', () => {
    expect(defineContract({ all: channel(':id', orderEvents) }).all.all().name).toBe('*')
  })

  test('is there only where the pattern ends in a param', () => {
    expect(contract.order).toHaveProperty('all')
    expect(contract.inbox).not.toHaveProperty('all')
    expect(contract.news).not.toHaveProperty('all')
    expect(contract.order).toHaveProperty('parseAll')
    expect(contract.inbox).not.toHaveProperty('parseAll')
  })

  test('no topic has its name', () => {
    for (const id of ['*', '%2A', 'orders/*']) expect(contract.order({ orderId: id }).name).not.toBe(contract.order.all().name)
    expect(parseTopic(contract, contract.order.all().name)).toBeUndefined()
  })
})

describe('a subtree read from its name', () => {
  const everything = defineContract({ all: channel(':id', orderEvents) })

  test.each([
    [contract.order.all()],
    [contract.any.all()],
    [contract.item.all({ tenant: 'a/b' })],
    [contract.item.all({ tenant: '*' })],
    [contract.item.all({ tenant: '../users' })],
    [contract.item.all({ tenant: '__proto__' })],
  ])('is the same subtree: $name', (subtree) => {
    expect(parseSubtree(contract, subtree.name)).toEqual(subtree)
  })

  test('is everything for a star alone, where a pattern is one param', () => {
    expect(parseSubtree(everything, '*')).toEqual(everything.all.all())
    expect(parseSubtree(contract, '*')).toBeUndefined()
  })

  test.each([
    '',
    '/',
    '/*',
    '*',
    '**',
    '*/*',
    'order',
    'orders',
    'orders/',
    'orders*',
    'orders/42',
    'orders/**',
    'orders/*/',
    'orders/*/*',
    'orders/%2A',
    'orders/%2a',
    'orders/42/*',
    'Orders/*',
    '%6Frders/*',
    ' orders/*',
    'orders/* ',
    'orders/*\n',
    'orders/*#created',
    'orders/*@now',
    'news/*',
    'users/*',
    'users/7/*',
    'users/7/inbox/*',
    'tenants/*',
    'tenants//items/*',
    'tenants/*/items/*',
    'tenants/./items/*',
    'tenants/../items/*',
    'tenants/%2E%2E/items/*',
    'tenants/a%2fb/items/*',
    'tenants/%61/items/*',
    'tenants/a/b/items/*',
    'tenants/%/items/*',
    'tenants/%ED%A0%80/items/*',
    'tenants/\uD800/items/*',
    'constructor/*',
    '__proto__/*',
  ])('%j is none', (name) => {
    expect(parseSubtree(contract, name)).toBeUndefined()
  })

  test.each(['', '/*', '**', '*/*', '%2A', 'x', 'x/*'])('nor is %j, where a pattern is one param', (name) => {
    expect(parseSubtree(everything, name)).toBeUndefined()
  })

  test('belongs to its own channel alone', () => {
    expect(contract.order.parseAll('orders/*')).toEqual(contract.order.all())
    expect(contract.item.parseAll('orders/*')).toBeUndefined()
    expect(contract.any.parseAll('orders/*')).toBeUndefined()
  })

  test('is no topic, and a topic is no subtree', () => {
    expect(parseTopic(contract, 'orders/*')).toBeUndefined()
    for (const id of ['42', '*', 'a/*']) expect(parseSubtree(contract, contract.order({ orderId: id }).name)).toBeUndefined()
  })

  test('property: no params are lost or forged on the way', () => {
    const tenants = fc.string({ unit: 'grapheme', minLength: 1 }).filter((tenant) => tenant !== '.' && tenant !== '..')
    fc.assert(
      fc.property(tenants, (tenant) => {
        const subtree = contract.item.all({ tenant })
        expect(parseSubtree(contract, subtree.name)).toEqual(subtree)
        expect(subtree.params).toEqual({ tenant })
      }),
    )
  })

  test('property: no name makes it throw, and one that is read has no second spelling', () => {
    const parts = fc.constantFrom('orders', 'tenants', 'items', 'any', '*', '%2A', '%', 'a', '..', '', '\uD800', '__proto__')
    const names = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(parts, { maxLength: 5 }).map((all) => all.join('/')),
    )
    fc.assert(
      fc.property(names, (name) => {
        expect(parseSubtree(contract, name)?.name ?? name).toBe(name)
      }),
      { numRuns: 1_000 },
    )
  })

  test('of an empty contract there is none', () => {
    expect(parseSubtree(defineContract({}), '*')).toBeUndefined()
  })
})

describe('the subtree that a topic belongs to', () => {
  test.each([
    [contract.order({ orderId: '42' }), contract.order.all()],
    [contract.order({ orderId: 'a/b' }), contract.order.all()],
    [contract.order({ orderId: '*' }), contract.order.all()],
    [contract.item({ tenant: 'a/b', item: 'c/*' }), contract.item.all({ tenant: 'a/b' })],
  ])('is the one up to its last param: $name', (topic, subtree) => {
    expect(subtreeNameOf(topic)).toBe(subtree.name)
  })

  test('is everything for a pattern that is one param', () => {
    const everything = defineContract({ all: channel(':id', orderEvents) })
    expect(subtreeNameOf(everything.all({ id: 'a/b' }))).toBe(everything.all.all().name)
  })

  test('is none where its pattern does not end in a param', () => {
    expect(subtreeNameOf(contract.news())).toBeUndefined()
    expect(subtreeNameOf(contract.inbox({ userId: '7' }))).toBeUndefined()
  })
})

describe('a contract rejects', () => {
  test.each<readonly [a: string, b: string]>([
    ['orders/:id', 'orders/new'],
    ['orders/:id', 'orders/:orderId'],
    [':tenant/x', 'y/:id'],
    ['news', 'news'],
  ])('%s beside %s: a name would belong to both', (a, b) => {
    const error = thrownBy(() => defineContract({ first: channel(a, orderEvents), second: channel(b, orderEvents) }))
    expect(error).toBeInstanceOf(PatternError)
    expect(error).toMatchObject({
      code: 'invalid_pattern',
      pattern: b,
      message: `pattern "${b}" of channel "second" overlaps "${a}" of channel "first": a topic would belong to both`,
    })
  })

  test('a channel named then, for awaiting the contract would call it', () => {
    const channels: Record<string, Channel<'news', object>> = Object.fromEntries([['then', channel('news', orderEvents)]])
    const error = thrownBy(() => defineContract(channels))
    expect(error).toBeInstanceOf(NameError)
    expect(error).toMatchObject({ code: 'invalid_name', rejected: 'then', message: expect.stringContaining('a promise') })
  })

  test('a channel with a pattern that was never checked', () => {
    expect(() => defineContract({ forged: { pattern: 'orders/*', events: orderEvents } })).toThrow(PatternError)
  })
})

test('a contract may be awaited, and is itself', async () => {
  expect(await Promise.resolve(contract)).toBe(contract)
})

test.each(['__proto__', 'constructor', 'toString', 'all', 'name', 'length', 'catch'])('a channel may be named %j', (name) => {
  const channels: Record<string, Channel<'news', object>> = { [name]: channel('news', orderEvents) }
  const named = defineContract(channels)
  expect(Object.keys(named)).toEqual([name])
  expect(Object.getPrototypeOf(named)).toBe(Object.prototype)
  expect(parseTopic(named, 'news')).toMatchObject({ channel: name, name: 'news' })
})

test('an empty contract has no topics', () => {
  expect(parseTopic(defineContract({}), 'news')).toBeUndefined()
})
