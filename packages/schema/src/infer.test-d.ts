import { describe, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { channel } from './channel.js'
import { isoDate } from './codecs.js'
import { defineContract, type TopicOf } from './contract.js'
import { defineEvents } from './define-events.js'
import type { DecodedPayloads, EventOf, EventUnion, WireEventOf, WirePayloads } from './infer.js'

const orderEvents = defineEvents({
  created: z.object({ id: z.string(), total: z.number() }),
  shipped: z.object({ id: z.string(), at: isoDate }),
})
const orders = channel('orders/:orderId', orderEvents)
const contract = defineContract({ order: orders, inbox: channel('users/:userId/inbox', { message: z.object({ text: z.string() }) }) })
const topic = contract.order({ orderId: '42' })
const subtree = contract.order.all()

type Created = { type: 'created'; data: { id: string; total: number } }
type Shipped = { type: 'shipped'; data: { id: string; at: Date } }
type ShippedOnWire = { type: 'shipped'; data: { id: string; at: string } }

describe('EventOf is the union as code has it', () => {
  test('of events', () => expectTypeOf<EventOf<typeof orderEvents>>().toEqualTypeOf<Created | Shipped>())
  test('of one type', () => expectTypeOf<EventOf<typeof orderEvents, 'shipped'>>().toEqualTypeOf<Shipped>())
  test('of several types', () => expectTypeOf<EventOf<typeof orderEvents, 'shipped' | 'created'>>().toEqualTypeOf<Created | Shipped>())
  test('of a channel', () => expectTypeOf<EventOf<typeof orders>>().toEqualTypeOf<Created | Shipped>())
  test("of a contract's channel", () => expectTypeOf<EventOf<typeof contract.order>>().toEqualTypeOf<Created | Shipped>())
  test("of one type of a contract's channel", () => expectTypeOf<EventOf<typeof contract.order, 'created'>>().toEqualTypeOf<Created>())
  test('of a topic', () => expectTypeOf<EventOf<typeof topic>>().toEqualTypeOf<Created | Shipped>())
  test('of a subtree', () => expectTypeOf<EventOf<typeof subtree>>().toEqualTypeOf<Created | Shipped>())

  test('is told apart by its type', () => {
    const event: EventOf<typeof orderEvents> = { type: 'shipped', data: { id: '42', at: new Date() } }
    if (event.type === 'shipped') expectTypeOf(event.data.at).toEqualTypeOf<Date>()
  })

  test('rejects a type that is not there, and data that does not fit', () => {
    // @ts-expect-error no such type
    expectTypeOf<EventOf<typeof orderEvents, 'lost'>>()
    // @ts-expect-error the wire's string is not the code's Date
    const wrong: EventOf<typeof orderEvents> = { type: 'shipped', data: { id: '42', at: '2026-01-01' } }
    expectTypeOf(wrong).not.toBeAny()
  })
})

describe('WireEventOf is the union as JSON has it', () => {
  test('of events', () => expectTypeOf<WireEventOf<typeof orderEvents>>().toEqualTypeOf<Created | ShippedOnWire>())
  test('of one type', () => expectTypeOf<WireEventOf<typeof orderEvents, 'shipped'>>().toEqualTypeOf<ShippedOnWire>())
  test('of a channel', () => expectTypeOf<WireEventOf<typeof orders>>().toEqualTypeOf<Created | ShippedOnWire>())
  test("of a contract's channel", () => expectTypeOf<WireEventOf<typeof contract.order>>().toEqualTypeOf<Created | ShippedOnWire>())
  test('of a topic', () => expectTypeOf<WireEventOf<typeof topic>>().toEqualTypeOf<Created | ShippedOnWire>())
})

describe('payloads', () => {
  test('are a map from type to data', () => {
    expectTypeOf<DecodedPayloads<typeof orders>['shipped']>().toEqualTypeOf<{ id: string; at: Date }>()
    expectTypeOf<WirePayloads<typeof orders>['shipped']>().toEqualTypeOf<{ id: string; at: string }>()
    expectTypeOf<keyof DecodedPayloads<typeof topic>>().toEqualTypeOf<'created' | 'shipped'>()
  })

  test('of what carries no events are none', () => {
    expectTypeOf<DecodedPayloads<string>>().toBeNever()
  })

  test('may be a plain map or an interface', () => {
    interface Ticks {
      tick: { n: number }
      end: null
    }
    expectTypeOf<EventUnion<Ticks>>().toEqualTypeOf<{ type: 'tick'; data: { n: number } } | { type: 'end'; data: null }>()
    expectTypeOf<EventUnion<Ticks, 'tick'>>().toEqualTypeOf<{ type: 'tick'; data: { n: number } }>()
  })
})

test('the topics of a contract are told apart by channel', () => {
  type Any = TopicOf<{ order: typeof orders; news: ReturnType<typeof news> }>
  const news = () => channel('news', orderEvents)
  expectTypeOf<Any['channel']>().toEqualTypeOf<'order' | 'news'>()
  expectTypeOf<Extract<Any, { channel: 'order' }>['params']>().toEqualTypeOf<{ readonly orderId: string }>()
})
