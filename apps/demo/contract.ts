import { defineEvents, type EventOf, isoDate, text } from '@sse/schema'
import { z } from 'zod'

/** The panels that hold a stream; the page opens one connection for each at most. */
export const panels = ['pulse', 'progress', 'answer'] as const
export type Panel = (typeof panels)[number]

const count = z.int().nonnegative()

/** This machine, measured twice a second. Samples have ids; a reader that was cut off gets those that it missed. */
export const pulseEvents = defineEvents({
  /** First on every connection: who is talking. */
  host: z.object({ cores: count, memoryTotal: count, node: z.string(), pid: count, startedAt: isoDate }),
  sample: z.object({
    seq: count,
    at: isoDate,
    /** Share of all cores that was busy, 0 to 1. */
    cpu: z.number(),
    memoryUsed: count,
    /** How late the event loop of the server was, in milliseconds. */
    delay: z.object({ mean: z.number(), p99: z.number(), max: z.number() }),
  }),
})
export type Sample = EventOf<typeof pulseEvents, 'sample'>['data']
export type Host = EventOf<typeof pulseEvents, 'host'>['data']

export const steps = ['scan', 'hash', 'summarise'] as const

const kind = z.object({ extension: z.string(), files: count, bytes: count })
const started = z.object({ job: z.string(), folder: z.string(), at: isoDate })
const step = z.object({ name: z.enum(steps), total: count })
const file = z.object({ path: z.string(), bytes: count, sha256: z.string(), done: count, total: count })
const note = z.object({ text: z.string(), at: isoDate })
const done = z.object({ files: count, bytes: count, sha256: z.string(), kinds: z.array(kind), at: isoDate })

/** A job with three steps. Each event's id is its number within the job. */
export const progressEvents = defineEvents({ started, step, file, note, done })
export type ProgressEvent = EventOf<typeof progressEvents>

/** The same events as a job's file keeps them, so that a job outlives the server's process. */
export const progressRecord = z.discriminatedUnion('type', [
  z.object({ type: z.literal('started'), data: started }),
  z.object({ type: z.literal('step'), data: step }),
  z.object({ type: z.literal('file'), data: file }),
  z.object({ type: z.literal('note'), data: note }),
  z.object({ type: z.literal('done'), data: done }),
])

/** An answer, one word at a time. */
export const answerEvents = defineEvents({
  /** Where the text comes from, said before the first word of it. */
  source: z.object({ notice: z.string(), file: z.string(), section: z.string(), at: isoDate }),
  token: text,
  done: z.object({ tokens: count, at: isoDate }),
})

export const answerRequest = z.object({ prompt: z.string().trim().min(1).max(500) })
export const answerStats = z.object({
  /** Answers begun, and those that were taken up again after a lost connection. */
  started: count,
  resumed: count,
  /** Answers whose reader left before the end, and those that reached it. */
  stopped: count,
  finished: count,
  /** Words produced. It stands still once a reader has left. */
  tokens: count,
})
export type AnswerStats = z.infer<typeof answerStats>

export const jobRequest = z.object({
  /** How long the hashing is stretched out to take, so that one can watch it. */
  seconds: z.number().min(0).max(120).default(20),
})
export const jobCreated = z.object({ id: z.string() })
