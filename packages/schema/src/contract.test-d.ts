import { describe, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { type Channel, channel } from './channel.js'
import { defineContract, parseSubtree, parseTopic, subtreeNameOf } from './contract.js'
import { defineEvents } from './define-events.js'
import type { CheckedPattern, ParamNames, ParamStringsOf, ParamsOf, PrefixOf } from './pattern.js'
import type { AnySubtree, AnyTopic, Subtree, Topic } from './topic.js'

const orderEvents = defineEvents({ created: z.object({ id: z.string() }) })
const contract = defineContract({
  order: channel('orders/:orderId', orderEvents),
  inbox: channel('users/:userId/inbox', { message: z.object({ from: z.string(), text: z.string() }) }),
  item: channel('tenants/:tenant/items/:item', orderEvents),
  news: channel('news', orderEvents),
})

describe('params come from the pattern', () => {
  test('by name', () => {
    expectTypeOf<ParamNames<'orders/:orderId'>>().toEqualTypeOf<'orderId'>()
    expectTypeOf<ParamNames<':a/b/:c/:d'>>().toEqualTypeOf<'a' | 'c' | 'd'>()
    expectTypeOf<ParamNames<'news'>>().toBeNever()
  })

  test('strings or numbers in, strings out', () => {
    expectTypeOf<ParamsOf<'orders/:orderId'>>().toEqualTypeOf<{ readonly orderId: string | number }>()
    expectTypeOf<ParamStringsOf<'orders/:orderId'>>().toEqualTypeOf<{ readonly orderId: string }>()
    expectTypeOf(contract.order({ orderId: 42 }).params.orderId).toEqualTypeOf<string>()
  })

  test('of a pattern known only as a string, any', () => {
    expectTypeOf<ParamsOf<string>>().toEqualTypeOf<Readonly<Record<string, string | number>>>()
    expectTypeOf<ParamStringsOf<string>>().toEqualTypeOf<Readonly<Record<string, string>>>()
  })

  test('wrong ones do not compile', () => {
    // @ts-expect-error the params are missing
    const missing = (): AnyTopic => contract.order()
    // @ts-expect-error no such param
    const unknown = (): AnyTopic => contract.order({ id: '42' })
    // @ts-expect-error one of two is missing
    const half = (): AnyTopic => contract.item({ tenant: 'a' })
    // @ts-expect-error one too many
    const more = (): AnyTopic => contract.order({ orderId: '42', other: 1 })
    // @ts-expect-error neither string nor number
    const date = (): AnyTopic => contract.order({ orderId: new Date() })
    // @ts-expect-error a pattern without params takes none
    const none = (): AnyTopic => contract.news({ id: '42' })
    expectTypeOf([missing, unknown, half, more, date, none]).items.returns.toEqualTypeOf<AnyTopic>()
  })
})

describe('a topic', () => {
  test('knows its channel, pattern and events', () => {
    expectTypeOf(contract.order({ orderId: '42' })).toEqualTypeOf<Topic<'order', 'orders/:orderId', { created: { id: string } }>>()
    expectTypeOf(contract.order({ orderId: '42' })).toExtend<AnyTopic>()
    expectTypeOf(contract.order.channel).toEqualTypeOf<'order'>()
    expectTypeOf(contract.order.pattern).toEqualTypeOf<'orders/:orderId'>()
  })

  test('read from a name is one of all, told apart by channel', () => {
    const topic = parseTopic(contract, 'orders/42')
    if (topic?.channel === 'order') expectTypeOf(topic.params).toEqualTypeOf<{ readonly orderId: string }>()
    if (topic?.channel === 'inbox') expectTypeOf(topic.params).toEqualTypeOf<{ readonly userId: string }>()
    expectTypeOf(contract.order.parse('orders/42')).toEqualTypeOf<ReturnType<typeof contract.order> | undefined>()
  })
})

describe('a subtree', () => {
  test('is there where the pattern ends in a param', () => {
    expectTypeOf(contract.order.all).parameters.toEqualTypeOf<[]>()
    expectTypeOf(contract.item.all).parameters.toEqualTypeOf<[params: { readonly tenant: string | number }]>()
    expectTypeOf(contract.order.all().kind).toEqualTypeOf<'subtree'>()
  })

  test('and nowhere else', () => {
    expectTypeOf(contract.inbox).not.toHaveProperty('all')
    expectTypeOf(contract.news).not.toHaveProperty('all')
  })

  test('is no topic', () => {
    expectTypeOf(contract.order.all()).not.toExtend<AnyTopic>()
  })

  test('knows its channel, pattern and events', () => {
    expectTypeOf(contract.order.all()).toEqualTypeOf<Subtree<'order', 'orders/:orderId', { created: { id: string } }>>()
    expectTypeOf(contract.order.all()).toExtend<AnySubtree>()
  })

  test('has the params before the last one', () => {
    expectTypeOf(contract.item.all({ tenant: 42 }).params).toEqualTypeOf<{ readonly tenant: string }>()
    expectTypeOf<keyof ReturnType<typeof contract.order.all>['params']>().toBeNever()
    expectTypeOf<PrefixOf<'tenants/:tenant/items/:item'>>().toEqualTypeOf<'tenants/:tenant/items'>()
    expectTypeOf<PrefixOf<':id'>>().toEqualTypeOf<''>()
    expectTypeOf<AnySubtree['params']>().toEqualTypeOf<Readonly<Record<string, string>>>()
  })

  test('takes no others', () => {
    // @ts-expect-error the params are missing
    const missing = (): AnySubtree => contract.item.all()
    // @ts-expect-error the last one is what the star stands for
    const last = (): AnySubtree => contract.item.all({ tenant: 'a', item: 'b' })
    // @ts-expect-error there is none before the last one
    const none = (): AnySubtree => contract.order.all({ orderId: '42' })
    expectTypeOf([missing, last, none]).items.returns.toEqualTypeOf<AnySubtree>()
  })

  test('read from a name is one of those that are declared, told apart by channel', () => {
    const subtree = parseSubtree(contract, 'tenants/a/items/*')
    expectTypeOf(subtree?.channel).toEqualTypeOf<'order' | 'item' | undefined>()
    if (subtree?.channel === 'item') expectTypeOf(subtree.params).toEqualTypeOf<{ readonly tenant: string }>()
    expectTypeOf(contract.item.parseAll('x')).toEqualTypeOf<ReturnType<typeof contract.item.all> | undefined>()
    expectTypeOf(contract.inbox).not.toHaveProperty('parseAll')
    expectTypeOf(contract.news).not.toHaveProperty('parseAll')
  })

  test('that a topic belongs to is a name, if there is one', () => {
    expectTypeOf(subtreeNameOf(contract.order({ orderId: '42' }))).toEqualTypeOf<string | undefined>()
  })
})

describe('a channel', () => {
  test('takes events or schemas, and has the same type for both', () => {
    const schemas = channel('orders/:orderId', { created: z.object({ id: z.string() }) })
    expectTypeOf(schemas).toExtend<Channel<'orders/:orderId', { created: { id: string } }>>()
    expectTypeOf(channel('orders/:orderId', orderEvents)).toEqualTypeOf<Channel<'orders/:orderId', { created: { id: string } }>>()
  })

  test('rejects schemas as defineEvents does', () => {
    // @ts-expect-error a Date becomes a string on the wire
    channel('news', { created: z.object({ at: z.date() }) })
    // @ts-expect-error a type of EventSource itself
    channel('news', { error: z.string() })
  })

  test('rejects a pattern that cannot name topics, in words', () => {
    expectTypeOf<CheckedPattern<'orders/:orderId'>>().toEqualTypeOf<'orders/:orderId'>()
    expectTypeOf<CheckedPattern<string>>().toEqualTypeOf<string>()
    expectTypeOf<CheckedPattern<''>>().toEqualTypeOf<'a pattern needs at least one segment'>()
    type Character<
      P extends string,
      C extends string,
    > = `pattern "${P}" holds "${C}", which a topic's name cannot: use A-Z a-z 0-9 - . _ ~ in segments`
    expectTypeOf<CheckedPattern<'orders/*'>>().toEqualTypeOf<Character<'orders/*', '*'>>()
    expectTypeOf<CheckedPattern<'a#b'>>().toEqualTypeOf<Character<'a#b', '#'>>()
    expectTypeOf<CheckedPattern<'a@b'>>().toEqualTypeOf<Character<'a@b', '@'>>()
    expectTypeOf<CheckedPattern<'a:b'>>().toEqualTypeOf<Character<'a:b', ':'>>()
    expectTypeOf<CheckedPattern<'a+b'>>().toEqualTypeOf<Character<'a+b', '+'>>()
    expectTypeOf<CheckedPattern<'orders/é'>>().toEqualTypeOf<Character<'orders/é', 'é'>>()
    type Param<
      P extends string,
      Name extends string,
    > = `pattern "${P}" has the param "${Name}", whose name must be letters, digits and "_", not beginning with a digit`
    expectTypeOf<CheckedPattern<':id?'>>().toEqualTypeOf<Param<':id?', ':id?'>>()
    expectTypeOf<CheckedPattern<'orders/:'>>().toEqualTypeOf<Param<'orders/:', ':'>>()
    expectTypeOf<CheckedPattern<'orders/:1x'>>().toEqualTypeOf<Param<'orders/:1x', ':1x'>>()
    expectTypeOf<CheckedPattern<':__proto__/a'>>().toEqualTypeOf<Param<':__proto__/a', ':__proto__'>>()
    type Dots<
      P extends string,
      Name extends string,
    > = `pattern "${P}" has the segment "${Name}", which URLs would resolve: name it otherwise`
    expectTypeOf<CheckedPattern<'a/..'>>().toEqualTypeOf<Dots<'a/..', '..'>>()
    expectTypeOf<CheckedPattern<'./a'>>().toEqualTypeOf<Dots<'./a', '.'>>()
    expectTypeOf<CheckedPattern<'.../a..b'>>().toEqualTypeOf<'.../a..b'>()
    expectTypeOf<CheckedPattern<'a-b_c.d~E/0/:_a1'>>().toEqualTypeOf<'a-b_c.d~E/0/:_a1'>()
    expectTypeOf<CheckedPattern<`orders/${string}`>>().toEqualTypeOf<`orders/${string}`>()
    type Empty<P extends string> = `pattern "${P}" has an empty segment: remove the extra "/"`
    expectTypeOf<CheckedPattern<'/orders'>>().toEqualTypeOf<Empty<'/orders'>>()
    expectTypeOf<CheckedPattern<'orders/'>>().toEqualTypeOf<Empty<'orders/'>>()
    expectTypeOf<CheckedPattern<'a//b'>>().toEqualTypeOf<Empty<'a//b'>>()
    expectTypeOf<CheckedPattern<':a/:b/:a'>>().toEqualTypeOf<'pattern ":a/:b/:a" has the param "a" twice: give each its own name'>()
    expectTypeOf<
      CheckedPattern<'sse.a/:b'>
    >().toEqualTypeOf<'pattern "sse.a/:b" begins with "sse.", which begins the protocol\'s own messages: name it otherwise'>()
    expectTypeOf<CheckedPattern<'sse/sse.a'>>().toEqualTypeOf<'sse/sse.a'>()
    // @ts-expect-error a star would be a subtree
    channel('orders/*', orderEvents)
    // @ts-expect-error an empty segment
    channel('orders//:id', orderEvents)
  })
})

test('a contract rejects what is no channel, and one named then', () => {
  // @ts-expect-error a contract named then would be a promise
  defineContract(thenable)
  // @ts-expect-error both name 'orders/42'
  defineContract({ order: orders, other: channel('orders/:id', orderEvents) })
  // Known only as strings, they may well differ.
  defineContract({ order: unknownPattern, other: unknownPattern })
  // @ts-expect-error events are no channel
  defineContract({ order: orderEvents })
})

const orders = channel('orders/:orderId', orderEvents)
declare const thenable: { then: typeof orders }
declare const unknownPattern: Channel<string, { created: { id: string } }>
