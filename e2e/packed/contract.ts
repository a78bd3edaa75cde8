// contract.ts, imported by both sides
import { channel, defineContract, defineEvents, isoDate } from '@sse/schema'
import { z } from 'zod'

export const orderEvents = defineEvents({
  created: z.object({ id: z.string(), total: z.number() }),
  shipped: z.object({ id: z.string(), at: isoDate }), // Date in code, ISO string on the wire
})
export type OrderEvents = typeof orderEvents

export const contract = defineContract({
  order: channel('orders/:orderId', orderEvents),
  inbox: channel('users/:userId/inbox', { message: z.object({ from: z.string(), text: z.string() }) }),
})

contract.order({ orderId: 42 }) // a typed Topic, 'orders/42'; params (string | number) are typed from the pattern
contract.order.all() // the subtree 'orders/*', only where declared so
