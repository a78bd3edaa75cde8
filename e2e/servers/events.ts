import { defineEvents, isoDate, text } from '@sse/schema'
import { z } from 'zod'

/** What the servers of these tests send. */
export const sequenceEvents = defineEvents({
  number: z.object({ n: z.number(), at: isoDate }),
  token: text,
})
