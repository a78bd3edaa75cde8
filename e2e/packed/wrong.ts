// What must not compile, each with its reason; an error that is missing is one, too.
import { subscribe } from '@sse/client'
import { channel, defineEvents, type EventOf } from '@sse/schema'
import { respond } from '@sse/server'
import { z } from 'zod'
import { contract, type OrderEvents, orderEvents } from './contract.js'

// @ts-expect-error a Date is no JSON: use isoDate
defineEvents({ shipped: z.object({ at: z.date() }) })
// @ts-expect-error EventSource has an event of that name
defineEvents({ error: z.string() })
// @ts-expect-error "#" separates topic and type
channel('orders/#:orderId', orderEvents)
// @ts-expect-error the param has another name
contract.order({ id: 42 })
// @ts-expect-error this pattern does not end in a param
contract.inbox.all()

respond(new Request('http://localhost/'), { events: orderEvents }, async (stream) => {
  // @ts-expect-error there is no such type
  await stream.send({ type: 'created!', data: { id: '42', total: 10 } })
  // @ts-expect-error total is a number
  await stream.send({ type: 'created', data: { id: '42', total: '10' } })
  // @ts-expect-error these items are no events, and nothing maps them
  await stream.sendAll(['token'])
})

// @ts-expect-error a union of events is no map from type to data
subscribe<EventOf<OrderEvents>>('/events')
// @ts-expect-error { events } carries the types already
subscribe<OrderEvents>('/events', { events: orderEvents })
// @ts-expect-error there is no such type
subscribe<OrderEvents>('/events').on('lost', () => {})
// @ts-expect-error the wire has a string
subscribe<OrderEvents>('/events').on('shipped', ({ data }) => data.at.getTime())
