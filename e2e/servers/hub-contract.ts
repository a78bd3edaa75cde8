import { channel, defineContract, defineEvents, isoDate } from '@sse/schema'
import { z } from 'zod'

/** `n` counts each topic's events from 1, so that what was received can be compared with what was published. */
export const countedEvents = defineEvents({
  counted: z.object({ n: z.number(), at: isoDate, padding: z.string() }),
})

/** Nothing of an order may be lost; of a price the latest counts; of a log the oldest may be left out. */
export const contract = defineContract({
  order: channel('orders/:orderId', countedEvents),
  price: channel('prices/:symbol', countedEvents),
  log: channel('logs/:name', countedEvents),
  room: channel('rooms/:roomId', { said: z.object({ words: z.string() }) }),
  secret: channel('secrets/:name', { told: z.object({ words: z.string() }) }),
})
