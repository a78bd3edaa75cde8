import { z } from 'zod'

// What the processes are asked, and answer. Each answers in the order of its requests.

export const serverRequest = z.discriminatedUnion('ask', [
  /** Sends so many flushes of so many events, at so many flushes a second; each event's JSON has so many bytes. */
  z.object({ ask: z.literal('publish'), flushes: z.number(), batch: z.number(), bytes: z.number(), rate: z.number() }),
  z.object({ ask: z.literal('cpu') }),
  z.object({ ask: z.literal('memory') }),
])
export type ServerRequest = z.infer<typeof serverRequest>

export const readersRequest = z.discriminatedUnion('ask', [
  /** So many more streams. */
  z.object({ ask: z.literal('connect'), port: z.number(), path: z.string(), streams: z.number(), bytes: z.number() }),
  /** What is received counts from here on. */
  z.object({ ask: z.literal('begin') }),
  /** Answered when every stream has this event and all before it, or as soon as one of them cannot have; within so many milliseconds. */
  z.object({ ask: z.literal('await'), last: z.number(), within: z.number() }),
  z.object({ ask: z.literal('cpu') }),
])
export type ReadersRequest = z.infer<typeof readersRequest>

/** A server's first words. */
export const listening = z.object({ port: z.number(), path: z.string() })

/** The number of the last event. */
export const published = z.object({ last: z.number() })

/** Of the process since it began, in microseconds. */
export const cpu = z.object({ user: z.number(), system: z.number() })

/** After a collection, in bytes: what is resident, and what of JavaScript's heap is in use. */
export const memory = z.object({ rss: z.number(), heap: z.number() })

/** Since `begin`: latencies in microseconds, and what came over the sockets in bytes. */
export const received = z.object({ deliveries: z.number(), bytes: z.number(), p50: z.number(), p99: z.number(), p999: z.number() })
export type Received = z.infer<typeof received>

export const done = z.object({})

/** In place of any other answer. */
export const failed = z.object({ failure: z.string() })
