import { type Contract, channel, defineContract, isoDate, text } from '@sse/schema'
import type { Message } from '@sse/schema/wire'
import { z } from 'zod'
import type { Append, Backplane } from '../backplane.js'
import type { Close } from '../close.js'
import { EventStream } from '../event-stream.js'
import { type StreamOptions, settingsOf } from '../options.js'
import { turns } from './deferred.js'
import { FakeSink } from './fake-sink.js'
import { messagesOf } from './messages.js'

const channels = {
  order: channel('orders/:orderId', { changed: z.object({ n: z.number() }) }),
  inbox: channel('users/:userId/inbox', { message: z.object({ to: z.string(), text: z.string() }) }),
  price: channel('prices/:symbol', { quoted: z.object({ at: isoDate, price: z.number() }) }),
  log: channel('logs/:job', { line: text }),
}
export type TestChannels = typeof channels

/** A contract with a channel for each kind of behaviour that the hub's tests are about. */
export const contract: Contract<TestChannels> = defineContract(channels)

/** An event of `order` as a backplane has it. */
export function change(topic: string, n: number, more: Partial<Append> = {}): Append {
  const subtree = `${topic.slice(0, topic.lastIndexOf('/') + 1)}*`
  return { topic, subtree, kind: 'event', type: 'changed', data: JSON.stringify({ n }), retain: undefined, key: undefined, ...more }
}

export function ending(topic: string, reason = 'ended'): Append {
  return { ...change(topic, 0), kind: 'end', type: '', data: reason }
}

/** Appends to topics in this order; the first is 1. */
export async function appendAll(backplane: Backplane, topics: readonly string[], from = 1): Promise<void> {
  for (const [index, topic] of topics.entries()) await backplane.append(change(topic, from + index))
}

interface FakeReader {
  readonly stream: EventStream<Record<string, unknown>>
  readonly sink: FakeSink
  readonly closes: Close[]
  readonly errors: unknown[]
  /** What has left so far, but for `sse.ready`. */
  messages(): Message[]
  /** The numbers of the events, with gaps and ends by their names: `1 2 gap:trimmed 5`. */
  summary(): string
}

/** A stream on a connection that a test holds in its hand. */
export function openFakeStream(options: StreamOptions = {}, lastEventId?: string): FakeReader {
  const sink = new FakeSink()
  const closes: Close[] = []
  const errors: unknown[] = []
  const settings = settingsOf({
    onError: (error) => void errors.push(error),
    onClose: (close) => void closes.push(close),
    heartbeat: 0,
    ...options,
  })
  const stream = new EventStream<Record<string, unknown>>(sink, settings, { request: 'GET /', lastEventId })
  // A connection that ends as it is told to.
  const end = sink.end.bind(sink)
  sink.end = () => {
    end()
    stream.left(true)
  }
  stream.open()
  const messages = (): Message[] => messagesOf(sink.writes.join('')).filter(({ event }) => event !== 'sse.ready')
  return { stream, sink, closes, errors, messages, summary: () => summaryOf(messages()) }
}

/** In short words, what a reader was told. `sse.live` is `live@` its id's position. */
export function summaryOf(messages: readonly Message[]): string {
  return messages.flatMap((message) => wordOf(message) ?? []).join(' ')
}

function wordOf({ event = 'message', data = '', id, retry }: Message): string | undefined {
  if (retry !== undefined) return undefined
  const at = id === undefined ? '' : (/^1\.\w+\.(\d+)/.exec(id)?.[1] ?? id)
  if (data === '') return `id@${at}`
  if (event === 'sse.gap') return `gap:${fieldOf(data, 'reason')}:${fieldOf(data, 'topics')}`
  if (event === 'sse.live') return `live@${at}`
  if (event.startsWith('sse.')) return event.slice('sse.'.length)
  return fieldOf(data, 'n') ?? data
}

function fieldOf(data: string, field: string): string | undefined {
  const fields: unknown = data.startsWith('{') ? JSON.parse(data) : {}
  const value: unknown = Object.getOwnPropertyDescriptor(Object(fields), field)?.value
  return value === undefined ? undefined : String(value)
}

/** Waits for a condition, turn by turn of the event loop. A test that waits in vain fails, with what was there instead. */
export async function until(condition: () => boolean, what: () => unknown = () => condition): Promise<void> {
  for (let turn = 0; turn < 2_000; turn++) {
    if (condition()) return
    await turns()
  }
  throw new Error(`this has not come: ${String(what())}`)
}
