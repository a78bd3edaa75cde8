import { channel, defineContract, isoDate, text } from '@sse/schema'
import { describe, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import type { Client, ClientOptions, ClientSnapshot, EventIn, Snapshot, TopicOptions, TopicSubscription } from './index.js'
import { createClient } from './index.js'

const contract = defineContract({
  order: channel('orders/:orderId', {
    created: z.object({ id: z.string(), total: z.number() }),
    shipped: z.object({ id: z.string(), at: isoDate }),
  }),
  inbox: channel('users/:userId/inbox', { message: z.object({ from: z.string() }) }),
  answer: channel('chats/:chat/answers/:answer', { token: text }),
  news: channel('news', { made: z.number() }),
  room: channel(':room', { said: z.string() }),
})
type Contract = typeof contract

const client = createClient<Contract>({ url: '/events' })

interface Decoded {
  created: { id: string; total: number }
  shipped: { id: string; at: Date }
}
interface Wire {
  created: { id: string; total: number }
  shipped: { id: string; at: string }
}

describe('with the contract at hand', () => {
  test('data is decoded: `at` is a Date', () => {
    client.subscribe(contract.order({ orderId: 42 })).on('shipped', ({ data, id, topic }) => {
      expectTypeOf(data).toEqualTypeOf<Decoded['shipped']>()
      expectTypeOf(id).toEqualTypeOf<string>()
      expectTypeOf(topic).toEqualTypeOf<string | undefined>()
    })
  })

  test('a loop gives a union told apart by type', async () => {
    for await (const event of client.subscribe(contract.order({ orderId: 42 }))) {
      expectTypeOf(event.type).toEqualTypeOf<'created' | 'shipped'>()
      if (event.type === 'shipped') expectTypeOf(event.data.at).toEqualTypeOf<Date>()
    }
  })

  test('so does a handler of all events', () => {
    client.subscribe(contract.order({ orderId: 42 })).onEvent((event) => {
      if (event.type === 'shipped') expectTypeOf(event.data.at).toEqualTypeOf<Date>()
    })
  })

  test('a subtree carries the same', () => {
    client.subscribe(contract.order.all()).on('shipped', ({ data }) => expectTypeOf(data).toEqualTypeOf<Decoded['shipped']>())
    client.subscribe(contract.answer.all({ chat: 1 })).on('token', ({ data }) => expectTypeOf(data).toEqualTypeOf<string>())
  })

  test('a channel without params needs none', () => {
    client.subscribe(contract.news()).on('made', ({ data }) => expectTypeOf(data).toEqualTypeOf<number>())
  })

  test('a topic or its subtree, whichever it is, has the same events', () => {
    const either = Math.random() < 0.5 ? contract.order({ orderId: 1 }) : contract.order.all()
    client.subscribe(either).on('shipped', ({ data }) => expectTypeOf(data).toEqualTypeOf<Decoded['shipped']>())
  })

  test('a subtree is only where it is declared', () => {
    // @ts-expect-error the pattern does not end in a param
    client.subscribe(contract.inbox.all({ userId: 7 }))
  })

  test('an unknown type in on()', () => {
    // @ts-expect-error it would never be called
    client.subscribe(contract.order({ orderId: 42 })).on('shiped', () => {})
  })
})

describe('by a pattern, with the types of the contract alone', () => {
  test('data is the wire’s: `at` is a string', () => {
    client.subscribe('orders/:orderId', { orderId: '42' }).on('shipped', ({ data }) => {
      expectTypeOf(data).toEqualTypeOf<Wire['shipped']>()
    })
  })

  test('a loop gives a union told apart by type', async () => {
    for await (const event of client.subscribe('orders/:orderId', { orderId: '42' })) {
      if (event.type === 'created') expectTypeOf(event.data.total).toEqualTypeOf<number>()
    }
  })

  test('a param is text or a number', () => {
    client.subscribe('orders/:orderId', { orderId: 42 })
    // @ts-expect-error a Date is neither
    client.subscribe('orders/:orderId', { orderId: new Date() })
  })

  test('an unknown pattern is an error at the pattern', () => {
    // @ts-expect-error no channel has it
    client.subscribe('orders/:id', { orderId: '42' })
    // @ts-expect-error a topic's name is no pattern
    client.subscribe('orders/42', {})
  })

  test('wrong params are an error at the params', () => {
    // @ts-expect-error it is called otherwise
    client.subscribe('orders/:orderId', { id: '42' })
    // @ts-expect-error it is missing
    client.subscribe('orders/:orderId', {})
    // @ts-expect-error one of two is missing
    client.subscribe('chats/:chat/answers/:answer', { chat: 1 })
    // @ts-expect-error one is too many
    client.subscribe('orders/:orderId', { orderId: '42', and: 1 })
  })

  test('a pattern without params takes an empty object, and nothing in it', () => {
    client.subscribe('news', {}).on('made', ({ data }) => expectTypeOf(data).toEqualTypeOf<number>())
    // @ts-expect-error it has no params
    client.subscribe('news', { id: 1 })
  })

  test('a subtree is the pattern with a star for its last param, and has the params before', () => {
    client.subscribe('orders/*', {}).on('shipped', ({ data }) => expectTypeOf(data).toEqualTypeOf<Wire['shipped']>())
    client.subscribe('chats/:chat/answers/*', { chat: 1 }).on('token', ({ data }) => expectTypeOf(data).toEqualTypeOf<string>())
    client.subscribe('*', {}).on('said', ({ data }) => expectTypeOf(data).toEqualTypeOf<string>())
    // @ts-expect-error the one before is missing
    client.subscribe('chats/:chat/answers/*', {})
  })

  test('a subtree is only where the pattern ends in a param', () => {
    // @ts-expect-error `users/:userId/inbox` has none
    client.subscribe('users/:userId/*', { userId: 7 })
    // @ts-expect-error nor has `news`
    client.subscribe('news/*', {})
  })

  test('the other side’s type of `at`', () => {
    // @ts-expect-error on the wire it is a string, and nobody decodes it
    client.subscribe('orders/:orderId', { orderId: '42' }).on('shipped', ({ data }) => data.at.getTime())
    // @ts-expect-error decoded it is a Date
    client.subscribe(contract.order({ orderId: 42 })).on('shipped', ({ data }) => data.at.slice(0, 10))
  })
})

describe('a client', () => {
  test('with a type argument knows its patterns, and a subscription its topic', () => {
    expectTypeOf(client).toEqualTypeOf<Client<Contract>>()
    const subscription = client.subscribe('news', {})
    expectTypeOf(subscription.topic).toEqualTypeOf<string>()
    expectTypeOf(subscription.reached('1.e.5')).toEqualTypeOf<Promise<boolean>>()
    expectTypeOf(subscription).toExtend<TopicSubscription<{ made: number }>>()
    expectTypeOf<EventIn<{ made: number }>>().toEqualTypeOf<{ type: 'made'; data: number; id: string; topic: string | undefined }>()
  })

  test('without a type argument takes topics, and knows no pattern', () => {
    const untyped = createClient({ url: '/events' })
    untyped.subscribe(contract.order({ orderId: 42 })).on('shipped', ({ data }) => expectTypeOf(data.at).toEqualTypeOf<Date>())
    // @ts-expect-error it has no contract to know it from
    untyped.subscribe('orders/:orderId', { orderId: 42 })
  })

  test('is disposable, and its snapshot is that of a subscription with its role', () => {
    expectTypeOf<Client<Contract>>().toExtend<AsyncDisposable>()
    expectTypeOf<ClientSnapshot>().toExtend<Snapshot>()
    expectTypeOf(client.getSnapshot().role).toEqualTypeOf<'alone' | 'leader' | 'follower'>()
    expectTypeOf(client.onChange(() => {})).toEqualTypeOf<() => void>()
  })

  test('needs a URL', () => {
    // @ts-expect-error where to?
    createClient<Contract>({})
  })

  test('has one mark of an end for no topic: `endOn` is for streams of others', () => {
    // @ts-expect-error a hub says so itself
    createClient<Contract>({ url: '/events', endOn: '[DONE]' })
  })
})

test('every option is optional but the URL, and takes undefined for its default', () => {
  type Undefined<T> = { [K in keyof T]: undefined }
  expectTypeOf<{ url: string }>().toExtend<ClientOptions>()
  expectTypeOf<{ url: string } & Undefined<Required<Omit<ClientOptions, 'url'>>>>().toExtend<ClientOptions>()
  expectTypeOf<Record<never, never>>().toExtend<TopicOptions>()
  expectTypeOf<Undefined<Required<TopicOptions>>>().toExtend<TopicOptions>()
})

test('a start is one of the words, or a position', () => {
  client.subscribe(contract.news(), { start: 'now' })
  client.subscribe(contract.news(), { start: 'last:10' })
  client.subscribe(contract.news(), { start: '1.e.5' })
  // @ts-expect-error not a number
  client.subscribe(contract.news(), { start: 5 })
})
