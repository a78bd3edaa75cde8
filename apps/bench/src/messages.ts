import { z } from 'zod'

/** What the two processes are asked, and answer. */
export const serverRequest = z.discriminatedUnion('ask', [
  /** Sends so many flushes of so many events, at so many flushes a second. */
  z.object({ ask: z.literal('publish'), flushes: z.number(), batch: z.number(), bytes: z.number(), rate: z.number() }),
  z.object({ ask: z.literal('usage') }),
  z.object({ ask: z.literal('memory') }),
])
export type ServerRequest = z.infer<typeof serverRequest>

export const listening = z.object({ port: z.number(), path: z.string() })
/** `last` is the number of the last event. */
export const published = z.object({ last: z.number() })
/** CPU times in microseconds since the process began. */
export const usage = z.object({ user: z.number(), system: z.number() })
/** Resident, in bytes, after a collection. */
export const memory = z.object({ rss: z.number() })

export const readersRequest = z.discriminatedUnion('ask', [
  z.object({ ask: z.literal('connect'), port: z.number(), path: z.string(), streams: z.number(), bytes: z.number() }),
  /** Latencies count from here on. */
  z.object({ ask: z.literal('begin') }),
  /** Answered when every stream has this event and all before it, or as soon as one of them cannot have. */
  z.object({ ask: z.literal('await'), last: z.number(), within: z.number() }),
])
export type ReadersRequest = z.infer<typeof readersRequest>

export const done = z.object({})
/** Deliveries since `begin`, and their latencies in microseconds. */
export const received = z.object({ deliveries: z.number(), p50: z.number(), p99: z.number() })
/** In place of any other answer. */
export const failed = z.object({ failure: z.string() })
