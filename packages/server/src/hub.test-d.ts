import { channel, defineContract, isoDate, text } from '@sse/schema'
import { describe, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import {
  type ChannelSettings,
  createHub,
  type Hub,
  type HubOptions,
  type HubStats,
  memoryBackplane,
  openStream,
  type Presence,
  type Published,
  type PublishOptions,
  type Reader,
  type SubscribeOptions,
} from './index.js'

const channels = {
  order: channel('orders/:orderId', { created: z.object({ total: z.number() }), shipped: z.object({ at: isoDate }) }),
  inbox: channel('users/:userId/inbox', { message: z.object({ from: z.string() }) }),
  log: channel('logs/:job', { line: text }),
}
const contract = defineContract(channels)
const foreign = defineContract({ invoice: channel('invoices/:id', { paid: z.object({ total: z.number() }) }) })
const twin = defineContract({ order: channel('orders/:orderId', { created: z.object({ total: z.string() }) }) })

const backplane = memoryBackplane()
const hub = createHub({ contract, backplane })
const order = contract.order({ orderId: '42' })
const { stream } = openStream(new Request('http://sse.test/'))

type Order = { type: 'created'; data: { total: number } } | { type: 'shipped'; data: { at: Date } }

describe('createHub', () => {
  test('has the contract that it was made with', () => {
    expectTypeOf(hub).toEqualTypeOf<Hub<typeof channels>>()
    expectTypeOf(hub.contract).toEqualTypeOf(contract)
    expectTypeOf(hub).toExtend<AsyncDisposable>()
  })

  test('takes settings of the contract’s channels, whose functions get the channel’s own events, decoded', () => {
    createHub({
      contract,
      backplane,
      channels: {
        order: {
          retain: { events: 10 },
          overflow: 'drop-oldest',
          conflate: (event) => {
            expectTypeOf(event).toEqualTypeOf<Order>()
            return event.type === 'shipped' ? event.data.at.getTime() : event.data.total
          },
          visibleTo: (event, reader) => {
            expectTypeOf(event).toEqualTypeOf<Order>()
            expectTypeOf(reader).toEqualTypeOf<Reader>()
            return reader.identity !== undefined
          },
          presence: true,
        },
        inbox: { visibleTo: ({ data }, { identity }) => data.from === identity },
        log: { conflate: ({ data }) => data.length },
      },
    })
  })

  test('rejects settings that make no sense', () => {
    // @ts-expect-error: the contract has no such channel.
    createHub({ contract, backplane, channels: { orders: {} } })
    // @ts-expect-error: there is no such setting.
    createHub({ contract, backplane, channels: { order: { retian: {} } } })
    // @ts-expect-error: there is no such policy.
    createHub({ contract, backplane, channels: { order: { overflow: 'drop' } } })
    // @ts-expect-error: this channel's events have no such data.
    createHub({ contract, backplane, channels: { inbox: { conflate: ({ data }) => data.total } } })
    // @ts-expect-error: whether it is visible has to be known at once.
    createHub({ contract, backplane, channels: { order: { visibleTo: async () => true } } })
    // @ts-expect-error: a hub needs a backplane.
    createHub({ contract })
    // @ts-expect-error: these are channels that nothing has checked.
    createHub({ contract: channels, backplane })
    // @ts-expect-error: there is no such option.
    createHub({ contract, backplane, maxEvents: 5 })
  })

  test('every optional option takes undefined', () => {
    type Optional<T> = { [K in keyof T as undefined extends T[K] ? K : never]-?: undefined }
    expectTypeOf<Optional<HubOptions<typeof channels>> & Pick<HubOptions<typeof channels>, 'contract' | 'backplane'>>().toExtend<
      HubOptions<typeof channels>
    >()
    expectTypeOf<Optional<ChannelSettings<Order>>>().toExtend<ChannelSettings<Order>>()
    expectTypeOf<Optional<SubscribeOptions>>().toExtend<SubscribeOptions>()
    expectTypeOf<Optional<PublishOptions>>().toExtend<PublishOptions>()
    expectTypeOf<{ order: undefined }>().toExtend<NonNullable<HubOptions<typeof channels>['channels']>>()
  })
})

describe('publish', () => {
  test('takes the events of the topic, as code has them', () => {
    void hub.publish(order, { type: 'created', data: { total: 1 } })
    void hub.publish(order, { type: 'shipped', data: { at: new Date() } }, { key: 'k' })
    void hub.publish(contract.log({ job: 1 }), { type: 'line', data: 'text' })
    expectTypeOf(hub.publish(order, { type: 'created', data: { total: 1 } })).toEqualTypeOf<Promise<Published>>()
    const anyOrder = (event: Order): unknown => hub.publish(order, event)
    expectTypeOf(anyOrder).parameter(0).toEqualTypeOf<Order>()
    expectTypeOf<Published>().toEqualTypeOf<{ readonly position: string; readonly duplicate: boolean }>()
  })

  test('rejects events that are none of the topic’s', () => {
    // @ts-expect-error: no such type.
    void hub.publish(order, { type: 'cancelled', data: { total: 1 } })
    // @ts-expect-error: total is a number.
    void hub.publish(order, { type: 'created', data: { total: '1' } })
    // @ts-expect-error: this is the data of another type.
    void hub.publish(order, { type: 'created', data: { at: new Date() } })
    // @ts-expect-error: code has a Date; the string is for the wire.
    void hub.publish(order, { type: 'shipped', data: { at: '2026-01-01T00:00:00Z' } })
    // @ts-expect-error: this is an event of another channel.
    void hub.publish(order, { type: 'message', data: { from: 'ann' } })
    // @ts-expect-error: a published event has its position for an id.
    void hub.publish(order, { type: 'created', data: { total: 1 }, id: '7' })
    // @ts-expect-error: a key is a string.
    void hub.publish(order, { type: 'created', data: { total: 1 } }, { key: 7 })
  })

  test('rejects topics that are none of the contract’s, and what is no topic', () => {
    // @ts-expect-error: the hub's contract has no such channel.
    void hub.publish(foreign.invoice({ id: 1 }), { type: 'paid', data: { total: 1 } })
    // @ts-expect-error: nobody publishes to a subtree.
    void hub.publish(contract.order.all(), { type: 'created', data: { total: 1 } })
    // @ts-expect-error: a name is no topic.
    void hub.publish('orders/42', { type: 'created', data: { total: 1 } })
    // @ts-expect-error: nor can it be ended.
    void hub.end(contract.order.all())
    // @ts-expect-error: the hub's contract has no such channel.
    void hub.end(foreign.invoice({ id: 1 }))
  })

  test('of a contract with a channel of the same name takes that one’s events, and rejects when it runs', () => {
    void hub.publish(twin.order({ orderId: '42' }), { type: 'created', data: { total: '1' } })
  })
})

describe('subscribe', () => {
  test('takes topics and subtrees of the contract, and any stream', () => {
    void hub.subscribe(stream, [order, contract.inbox({ userId: 7 }), contract.order.all()])
    void hub.subscribe(openStream(new Request(''), { events: contract.order.events }).stream, [order])
    void hub.subscribe(stream, [order], { from: 'now' })
    void hub.subscribe(stream, [order], { from: { last: 10 }, identity: 'ann', address: '203.0.113.7', notBefore: new Date() })
    expectTypeOf(hub.subscribe(stream, [order])).toEqualTypeOf<Promise<void>>()
    expectTypeOf(hub.cursor([order, contract.order.all()])).toEqualTypeOf<Promise<string>>()
  })

  test('rejects others', () => {
    // @ts-expect-error: the hub's contract has no such channel.
    void hub.subscribe(stream, [foreign.invoice({ id: 1 })])
    // @ts-expect-error: a name is no topic.
    void hub.subscribe(stream, ['orders/42'])
    // @ts-expect-error: topics are a list.
    void hub.subscribe(stream, order)
    // @ts-expect-error: a start is a cursor, now, or so many events.
    void hub.subscribe(stream, [order], { from: 10 })
    // @ts-expect-error: a time is a Date.
    void hub.subscribe(stream, [order], { notBefore: 0 })
  })

  test('channels without a subtree have none', () => {
    // @ts-expect-error: its pattern does not end in a param.
    contract.inbox.all()
  })
})

describe('the rest', () => {
  test('is typed', () => {
    expectTypeOf(hub.presence(order)).toEqualTypeOf<Presence>()
    expectTypeOf(hub.disconnect({ identity: 'ann', topic: order })).toEqualTypeOf<number>()
    hub.disconnect({ topic: contract.order.all() }, 'Your rights have changed.')
    hub.track(stream)
    expectTypeOf(hub.drain({ within: 1_000 })).toEqualTypeOf<Promise<void>>()
    expectTypeOf(hub.stats()).toEqualTypeOf<HubStats>()
    expectTypeOf(hub.stats().gaps).toEqualTypeOf<Readonly<Record<'trimmed' | 'reset' | 'overflow', number>>>()
    expectTypeOf(hub.close()).toEqualTypeOf<Promise<void>>()
    // @ts-expect-error: a subtree has no presence.
    hub.presence(contract.order.all())
    // @ts-expect-error: whom is told by name.
    hub.disconnect('ann')
  })
})
