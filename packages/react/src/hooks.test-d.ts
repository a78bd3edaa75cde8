import { type ClientSnapshot, createClient, type EventIn } from '@sse/client'
import { channel, defineContract, isoDate } from '@sse/schema'
import { describe, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { createHooks, type SubscriptionState } from './index.js'

const contract = defineContract({
  order: channel('orders/:orderId', {
    created: z.object({ total: z.number() }),
    shipped: z.object({ at: isoDate }),
  }),
  inbox: channel('users/:userId/inbox', { message: z.string() }),
  news: channel('news', { made: z.number() }),
})
type Contract = typeof contract

const { Provider, useConnectionState, useEvents, useSubscription } = createHooks<Contract>()
const orderId = '42' as string | undefined

describe('what is wanted', () => {
  test('a topic gives decoded data', () => {
    useSubscription(contract.order({ orderId: 42 }), {
      onEvent: (event) => {
        if (event.type === 'shipped') expectTypeOf(event.data.at).toEqualTypeOf<Date>()
      },
    })
  })

  test('a pattern with its params gives the wire’s', () => {
    useSubscription(['orders/:orderId', { orderId: 42 }], {
      onEvent: (event) => {
        if (event.type === 'shipped') expectTypeOf(event.data.at).toEqualTypeOf<string>()
      },
    })
  })

  test('a pattern without params takes none', () => {
    useEvents(['news', {}], { select: ({ data }) => expectTypeOf(data).toEqualTypeOf<number>() })
  })

  test('a subtree, by the contract or its pattern', () => {
    useEvents(contract.order.all(), { select: ({ type }) => expectTypeOf(type).toEqualTypeOf<'created' | 'shipped'>() })
    useEvents(['orders/*', {}], { select: ({ type }) => expectTypeOf(type).toEqualTypeOf<'created' | 'shipped'>() })
  })

  test('what is not there yet is nothing', () => {
    const [events] = useEvents(orderId && contract.order({ orderId }))
    expectTypeOf(events[0]?.type).toEqualTypeOf<'created' | 'shipped' | undefined>()
    useEvents(orderId && ['orders/:orderId', { orderId }], { select: ({ topic }) => topic })
    useEvents(orderId !== undefined && contract.order({ orderId }))
    useEvents(null)
    useSubscription(undefined)
  })

  test('one topic or another gives the events of both', () => {
    const either = orderId ? contract.order({ orderId }) : contract.inbox({ userId: 7 })
    useEvents(either, { select: ({ type }) => expectTypeOf(type).toEqualTypeOf<'created' | 'shipped' | 'message'>() })
  })

  test('a pattern, params or name that the contract does not have do not compile', () => {
    // @ts-expect-error: no such pattern
    useEvents(['order/:orderId', { orderId: 42 }])
    // @ts-expect-error: no such param
    useEvents(['orders/:orderId', { id: 42 }])
    // @ts-expect-error: a param is missing
    useEvents(['orders/:orderId', {}])
    // @ts-expect-error: a name is no topic
    useEvents('orders/42')
  })
})

describe('useEvents', () => {
  test('is a list of events, and the state', () => {
    const [events, state] = useEvents(contract.inbox({ userId: 7 }), { limit: 10 })
    expectTypeOf(events).toEqualTypeOf<readonly EventIn<{ message: string }>[]>()
    expectTypeOf(state).toEqualTypeOf<SubscriptionState>()
  })

  test('is a list of what is selected, without undefined', () => {
    const [totals] = useEvents(contract.order({ orderId: 42 }), {
      select: (event) => (event.type === 'created' ? event.data.total : undefined),
    })
    expectTypeOf(totals).toEqualTypeOf<readonly number[]>()
  })

  test('is what is reduced', () => {
    const [sum] = useEvents(contract.order({ orderId: 42 }), {
      initial: 0,
      reduce: (sum, event) => (event.type === 'created' ? sum + event.data.total : sum),
    })
    expectTypeOf(sum).toEqualTypeOf<number>()
  })

  test('a reducer needs its initial state, and selects nothing', () => {
    // @ts-expect-error: `initial` is missing
    useEvents(contract.inbox({ userId: 7 }), { reduce: (sum: number) => sum })
    // @ts-expect-error: a list has a limit, a state has none
    useEvents(contract.inbox({ userId: 7 }), { initial: 0, reduce: (sum: number) => sum, limit: 3 })
  })
})

test('useConnectionState is the snapshot, or what is selected', () => {
  expectTypeOf(useConnectionState()).toEqualTypeOf<ClientSnapshot>()
  expectTypeOf(useConnectionState(({ role }) => role === 'leader')).toEqualTypeOf<boolean>()
})

test('the Provider takes a client, or how it is made', () => {
  const client = createClient<Contract>({ url: '/events' })
  Provider({ client })
  Provider({ client: () => client })
  // @ts-expect-error: options are not a client
  Provider({ client: { url: '/events' } })
})
