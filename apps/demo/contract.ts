import { channel, defineContract, defineEvents, type EventOf, isoDate, text } from '@sse/schema'
import { z } from 'zod'

/** The panels that hold a stream of their own; the page opens one connection for each at most. */
export const panels = ['pulse', 'progress', 'answer'] as const
export type Panel = (typeof panels)[number]

/** Those who read from the hub. Nobody signs in: a request shows the credential of one of them, and is believed. */
export const users = ['ana', 'ben'] as const
export type User = (typeof users)[number]

export function credentialOf(user: User): string {
  return `Bearer demo-${user}`
}

/** What can be cut and looked at by name: a panel's stream, or a user's connection to the hub. */
export const streamNames = [...panels, ...users] as const
export type StreamName = (typeof streamNames)[number]

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

const inboxEvents = {
  note: z.object({ id: z.string(), from: z.enum(users), text: z.string(), at: isoDate }),
  /** That note and all before it have been read. An event like any other: it reaches all of the user's tabs. */
  read: z.object({ upTo: z.string() }),
}
export type Note = z.infer<typeof inboxEvents.note>

const activityEvents = { happened: z.object({ who: z.string(), what: z.string(), at: isoDate }) }

/** What a hub may do with a reader that is too slow; there is a channel for each. */
export const policies = ['disconnect', 'conflate', 'dropOldest'] as const
export type Policy = (typeof policies)[number]

/** It takes nothing; its outbox is full, and the policy acts; it reads what is left, and what it missed; it has got all. */
export const phases = ['filling', 'at the bound', 'catching up', 'done'] as const
const slowReader = z.object({
  policy: z.enum(policies),
  phase: z.enum(phases),
  /** What may wait for it on the server, in bytes. */
  bound: count,
  /** What was sent before anything had to wait, in bytes: the buffers of both sockets. */
  swallowed: count,
  /** The most that waited for it on the server so far, in bytes. */
  peak: count,
  /** Events since it began: published, received, and those that a newer one of their key replaced or that were left out. */
  published: count,
  received: count,
  replaced: count,
  leftOut: count,
  /** How often it was disconnected, and told a gap. */
  disconnects: count,
  gaps: count,
})
export type SlowReaderState = z.infer<typeof slowReader>

/** As `hub.stats()` gives them. */
const hubStats = z.object({
  streams: count,
  topics: count,
  published: count,
  delivered: count,
  replays: z.object({ count, events: count }),
  gaps: z.object({ trimmed: count, reset: count, overflow: count }),
  overflows: z.object({ disconnected: count, conflated: count, dropped: count }),
  stalled: count,
  rewound: count,
  refused: z.object({
    streams: count,
    identity: count,
    address: count,
    rate: count,
    draining: count,
    denied: count,
    malformed: count,
    failed: count,
  }),
  deniedTopics: count,
  outboxes: z.object({ bytes: count, frames: count, largest: count }),
  draining: z.boolean(),
})

const figuresEvents = { figures: z.object({ at: isoDate, hub: hubStats, slowReader: slowReader.nullable() }) }
export type Figures = z.infer<typeof figuresEvents.figures>

/** Of no use but to fill an outbox. */
const trafficEvents = defineEvents({ tick: z.object({ n: count, filler: z.string() }) })

/** What goes through the hub, and stays in its history when the server is started again. */
export const contract = defineContract({
  inbox: channel('users/:userId/inbox', inboxEvents),
  activity: channel('activity', activityEvents),
  figures: channel('figures', figuresEvents),
  disconnect: channel('traffic/disconnect', trafficEvents),
  conflate: channel('traffic/conflate', trafficEvents),
  dropOldest: channel('traffic/drop-oldest', trafficEvents),
})

/** What a user's one connection carries, of all its topics. */
export const deskEvents = defineEvents({ ...inboxEvents, ...activityEvents, ...figuresEvents })
export type DeskEvent = EventOf<typeof deskEvents>

export const noteRequest = z.object({
  to: z.enum(users),
  text: z.string().trim().min(1).max(280),
  /** Made by the page, once for each note: whoever does not know whether it arrived sends it again with the same. */
  key: z.string().min(8).max(64),
})
export const readRequest = z.object({ upTo: z.string().min(1).max(128) })
export const activityRequest = z.object({
  text: z.string().trim().min(1).max(280),
  /** So many lines at once: more than are kept is what a gap takes. */
  times: z.int().min(1).max(100).default(1),
})
export const slowReaderRequest = z.object({ policy: z.enum(policies) })
