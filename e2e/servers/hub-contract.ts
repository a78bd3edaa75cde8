import { channel, defineContract, defineEvents, isoDate } from '@sse/schema'
import { z } from 'zod'

/** `n` counts each order's events from 1, so that what was received can be compared with what was published. */
export const orderEvents = defineEvents({
  shipped: z.object({ n: z.number(), at: isoDate, padding: z.string() }),
})

export const contract = defineContract({
  order: channel('orders/:orderId', orderEvents),
  room: channel('rooms/:roomId', { said: z.object({ words: z.string() }) }),
  secret: channel('secrets/:name', { told: z.object({ words: z.string() }) }),
})
