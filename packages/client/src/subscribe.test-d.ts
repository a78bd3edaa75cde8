import { channel, defineContract, defineEvents, type EventOf, isoDate, text } from '@sse/schema'
import { describe, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { eventSource } from './event-source.js'
import type {
  ConnectOptions,
  EventIn,
  HttpStatusError,
  ReconnectOptions,
  Snapshot,
  State,
  Subscription,
  SubscriptionError,
  ValidationError,
} from './index.js'
import { subscribe } from './index.js'

const orderEvents = defineEvents({
  created: z.object({ id: z.string(), total: z.number() }),
  shipped: z.object({ id: z.string(), at: isoDate }),
})
type OrderEvents = typeof orderEvents

const contract = defineContract({
  order: channel('orders/:orderId', orderEvents),
})

describe('the example of the design', () => {
  test('with a type argument, data has the wire’s types: `at` is a string', () => {
    const live = subscribe<OrderEvents>('/orders/42/events')
    live.on('shipped', ({ data }) => expectTypeOf(data).toEqualTypeOf<{ id: string; at: string }>())
  })

  test('with `events` it is validated, and codecs are decoded: `at` is a Date', async () => {
    const safe = subscribe('/orders/42/events', { events: orderEvents })
    for await (const event of safe) if (event.type === 'shipped') expectTypeOf(event.data.at.getTime()).toEqualTypeOf<number>()
    safe.on('shipped', ({ data, id }) => {
      expectTypeOf(data).toEqualTypeOf<{ id: string; at: Date }>()
      expectTypeOf(id).toEqualTypeOf<string>()
    })
    expectTypeOf(safe.state).toEqualTypeOf<'connecting' | 'open' | 'waiting' | 'closed'>()
    safe.close()
  })

  test('a plain map of payloads, inline or as an interface', () => {
    subscribe<{ tick: { n: number } }>('/ticks').on('tick', ({ data }) => expectTypeOf(data).toEqualTypeOf<{ n: number }>())
    interface Payloads {
      tick: { n: number }
      done: null
    }
    subscribe<Payloads>('/ticks').on('done', ({ data }) => expectTypeOf(data).toEqualTypeOf<null>())
  })
})

describe('one signature', () => {
  test('a channel’s and a contract’s events serve as a type argument', () => {
    subscribe<typeof contract.order>('/x').on('shipped', ({ data }) => expectTypeOf(data.at).toEqualTypeOf<string>())
  })

  test('a map with an index signature is a map', () => {
    subscribe<Record<string, string>>('/logs').on('line', ({ data }) => expectTypeOf(data).toEqualTypeOf<string>())
  })

  test('a map may have types named `type` and `data`', () => {
    subscribe<{ type: string; data: number }>('/x').on('data', ({ data }) => expectTypeOf(data).toEqualTypeOf<number>())
  })

  test('with neither, any type may come, and data is unknown', () => {
    const live = subscribe('/x')
    expectTypeOf(live).toEqualTypeOf<Subscription<Record<string, unknown>>>()
    live.on('anything', ({ data }) => expectTypeOf(data).toEqualTypeOf<unknown>())
  })

  test('text is a string', () => {
    subscribe('/x', { events: defineEvents({ token: text }) }).on('token', ({ data }) => expectTypeOf(data).toEqualTypeOf<string>())
  })

  test('a URL, the platform’s options and a transport are taken', () => {
    subscribe(new URL('http://sse.test/'), { transport: eventSource({ types: ['a'] }), signal: AbortSignal.timeout(1) })
  })
})

describe('what is received', () => {
  test('is a union told apart by type, with id and topic', () => {
    type Received = EventIn<{ a: number; b: string }>
    expectTypeOf<Received>().toEqualTypeOf<
      | { type: 'a'; data: number; id: string; topic: string | undefined }
      | { type: 'b'; data: string; id: string; topic: string | undefined }
    >()
    expectTypeOf<EventIn<{ a: number; b: string }, 'a'>>().toEqualTypeOf<{
      type: 'a'
      data: number
      id: string
      topic: string | undefined
    }>()
  })

  test('a subscription is iterable and disposable', () => {
    expectTypeOf<Subscription<{ a: number }>>().toExtend<AsyncIterable<EventIn<{ a: number }>>>()
    expectTypeOf<Subscription<{ a: number }>>().toExtend<AsyncDisposable>()
    expectTypeOf<ReturnType<Subscription<{ a: number }>['getSnapshot']>>().toEqualTypeOf<Snapshot>()
    expectTypeOf<Snapshot['state']>().toEqualTypeOf<State>()
  })

  test('on() returns the function that ends it', () => {
    expectTypeOf(subscribe<{ a: number }>('/x').on('a', () => {})).toEqualTypeOf<() => void>()
  })
})

describe('what cannot be is rejected', () => {
  test('a union of events as the type argument, in readable words', () => {
    // @ts-expect-error `subscribe` takes `typeof events` or a map, not the union that EventOf makes of them
    subscribe<EventOf<OrderEvents>>('/x')
    // @ts-expect-error nor a union written by hand
    subscribe<{ type: 'a'; data: number } | { type: 'b'; data: string }>('/x')
    // @ts-expect-error nor one event alone
    subscribe<{ type: 'a'; data: number }>('/x')
  })

  test('a type argument together with `events`: one of them would be believed unchecked', () => {
    // @ts-expect-error { events } carries the types
    subscribe<OrderEvents>('/x', { events: orderEvents })
    // @ts-expect-error also beside a map
    subscribe<{ tick: number }>('/x', { events: orderEvents })
    // @ts-expect-error also beside one with an index signature
    subscribe<Record<string, string>>('/x', { events: orderEvents })
  })

  test('events that may be undefined: what is not decoded would be typed as if it were', () => {
    const decoding: boolean = Math.random() < 0.5
    // @ts-expect-error these events may be undefined
    subscribe('/x', { events: decoding ? orderEvents : undefined })
  })

  test('an unknown type in on()', () => {
    // @ts-expect-error it would never be called
    subscribe<OrderEvents>('/x').on('shiped', () => {})
    // @ts-expect-error also with events
    subscribe('/x', { events: orderEvents }).on('shiped', () => {})
  })

  test('the other side’s type of `at`', () => {
    // @ts-expect-error on the wire it is a string, and nobody decodes it
    subscribe<OrderEvents>('/x').on('shipped', ({ data }) => data.at.getTime())
    // @ts-expect-error decoded it is a Date
    subscribe('/x', { events: orderEvents }).on('shipped', ({ data }) => data.at.slice(0, 10))
  })

  test('a map of schemas in the place of events', () => {
    // @ts-expect-error it needs defineEvents around it
    subscribe('/x', { events: { tick: z.number() } })
  })

  test('a body that cannot be sent again', () => {
    // @ts-expect-error a reconnect would find it used up
    subscribe('/x', { body: new ReadableStream() })
  })
})

describe('errors', () => {
  test('are told apart by their code, in onError and in the state', () => {
    const statusOf = (error: SubscriptionError): unknown => {
      switch (error.code) {
        case 'http_status':
          expectTypeOf(error).toEqualTypeOf<HttpStatusError>()
          return error.status
        case 'invalid_event':
          expectTypeOf(error).toEqualTypeOf<ValidationError>()
          return error.issues
        case 'message_too_large':
          return error.limit
        default:
          return undefined
      }
    }
    subscribe('/x', { onError: statusOf })
    expectTypeOf<Snapshot['error']>().toEqualTypeOf<SubscriptionError | undefined>()
    // @ts-expect-error no error of ours has it
    subscribe('/x', { onError: (error) => error.code === 'http_statsu' })
  })

  test('an onError for any error still serves', () => {
    subscribe('/x', { onError: (error: Error) => void error })
  })
})

test('every option is optional, and takes undefined for its default', () => {
  type Undefined<T> = { [K in keyof T]: undefined }
  expectTypeOf<Record<never, never>>().toExtend<ConnectOptions>()
  expectTypeOf<Undefined<Required<ConnectOptions>>>().toExtend<ConnectOptions>()
  expectTypeOf<Undefined<Required<ReconnectOptions>>>().toExtend<ReconnectOptions>()
  expectTypeOf(subscribe('/x', { events: undefined })).toEqualTypeOf<Subscription<Record<string, unknown>>>()
  expectTypeOf(subscribe<{ a: number }>('/x', { events: undefined })).toEqualTypeOf<Subscription<{ a: number }>>()
})
