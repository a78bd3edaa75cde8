import { formatPosition, parsePosition } from '@sse/schema/wire'
import { control, event, ready } from './wire.js'

/** What was published, in the order of its epoch. */
export interface Entry {
  readonly epoch: string
  readonly at: number
  /** The position of its topic's entry before it. */
  readonly previous: number
  readonly topic: string
  /** Another for each entry, in any epoch. */
  readonly data: number
}

/** One open request. */
interface Stream {
  readonly names: readonly string[]
  /** What of its bytes was not taken yet, after so many more turns. */
  readonly waiting: { readonly bytes: Uint8Array; delay: number }[]
  wake(): void
  cut(): void
}

/** A hub in memory, behind a `fetch`, whose faults are told to it. */
export interface ModelHub {
  readonly fetch: typeof globalThis.fetch
  readonly epoch: string
  /** The last position. */
  readonly at: number
  /** Everything that was published, in all epochs. */
  readonly all: readonly Entry[]
  /** What some stream was not sent, by a fault. */
  readonly lost: ReadonlySet<number>
  /** How many requests came. */
  requests: number
  /** How many turns the next answers, or bytes, take. */
  latency: () => number
  /** Publishes, and leaves it out of the streams whose number, by age, is in `lostBy`. */
  publish(topic: string, lostBy?: readonly number[]): void
  /** Says where all streams are complete; those that lost something are told nothing. */
  vouch(): void
  /** A new history. */
  renew(): void
  /** Ends one connection, after so many of the bytes that wait. */
  cut(which: number, bytes: number): void
  /** Forgets what is older than so many entries. */
  trim(keep: number): void
}

const encoder = new TextEncoder()

/** Whether a subscription of that name gets a topic. */
export function covers(name: string, topic: string): boolean {
  return name === topic || (name.endsWith('*') && topic.slice(0, topic.lastIndexOf('/') + 1) === name.slice(0, -1))
}

/** Lets so many turns of promises pass: a model's network needs no clock. */
async function later(turns: () => number): Promise<void> {
  for (let turn = turns(); turn > 0; turn--) await Promise.resolve()
}

export function createModelHub(): ModelHub {
  let epoch = 'e1'
  let epochs = 1
  let history: Entry[] = []
  const all: Entry[] = []
  const lost = new Set<number>()
  /** The last position of each topic. */
  let tails = new Map<string, number>()
  let at = 0
  /** Up to there the history has forgotten. */
  let floor = 0
  /** Those that miss something say nothing of where they are complete. */
  const streams = new Map<Stream, { isWhole: boolean }>()

  const write = (stream: Stream, text: string): void => {
    stream.waiting.push({ bytes: encoder.encode(text), delay: hub.latency() })
    stream.wake()
  }

  const line = ({ epoch, at, previous, topic, data }: Entry): string => event(`${topic}#made`, data, formatPosition(epoch, at, previous))

  /** What a request gets before it is live, or an error. */
  const replay = (asked: readonly string[]): string => {
    const replayed = new Map<number, Entry>()
    const trimmed: string[] = []
    const renewed: string[] = []
    const names: string[] = []
    for (const topic of asked) {
      const [name = '', start = ''] = topic.split('@')
      names.push(name)
      const mine = history.filter((entry) => covers(name, entry.topic))
      const from = parsePosition(start)
      const last = /^last:(\d+)$/.exec(start)
      if (last) for (const entry of mine.slice(-Number(last[1]))) replayed.set(entry.at, entry)
      else if (from && (from.epoch !== epoch || from.at > at)) renewed.push(name)
      else if (from) {
        for (const entry of mine) if (entry.at > from.at) replayed.set(entry.at, entry)
        // Whether something of it was forgotten that it has not had.
        if (all.some((entry) => entry.epoch === epoch && entry.at <= floor && entry.at > from.at && covers(name, entry.topic)))
          trimmed.push(name)
      }
    }
    const gaps = (topics: readonly string[], reason: 'trimmed' | 'reset'): string =>
      topics.length ? control({ type: 'sse.gap', topics, reason }) : ''
    const entries = [...replayed.values()].sort((one, other) => one.at - other.at)
    return (
      gaps(renewed, 'reset') +
      gaps(trimmed, 'trimmed') +
      entries.map(line).join('') +
      control({ type: 'sse.live', topics: names, resumed: true, position: formatPosition(epoch, at) }, formatPosition(epoch, at))
    )
  }

  const hub: ModelHub = {
    get epoch() {
      return epoch
    },
    get at() {
      return at
    },
    all,
    lost,
    requests: 0,
    latency: () => 0,
    fetch: async (input, init) => {
      const signal = init?.signal
      signal?.throwIfAborted()
      hub.requests += 1
      const url = new URL(input instanceof Request ? input.url : input)
      const written: readonly string[] = typeof init?.body === 'string' ? topicsIn(JSON.parse(init.body)) : url.searchParams.getAll('topic')
      const cursor = new Headers(init?.headers).get('last-event-id')
      // Who sends the header comes back: all topics go on from there, wherever they say that they begin.
      const asked = cursor === null ? written : written.map((one) => `${one.split('@')[0]}@${cursor}`)
      await later(hub.latency)
      signal?.throwIfAborted()
      let wake = (): void => {}
      let isCut = false
      const stream: Stream = {
        names: asked.map((topic) => topic.split('@')[0] ?? ''),
        waiting: [],
        wake: () => wake(),
        cut: () => {
          isCut = true
          streams.delete(stream)
          wake()
        },
      }
      signal?.addEventListener('abort', stream.cut, { once: true })
      streams.set(stream, { isWhole: true })
      write(stream, ready())
      write(stream, replay(asked))
      const body = new ReadableStream<Uint8Array>(
        {
          pull: async (controller) => {
            while (!stream.waiting.length && !isCut) {
              await new Promise<void>((resolve) => {
                wake = resolve
              })
            }
            const next = stream.waiting.shift()
            if (!next || signal?.aborted) return controller.error(new TypeError('cut'))
            await later(() => next.delay)
            controller.enqueue(next.bytes)
            return undefined
          },
        },
        { highWaterMark: 0 },
      )
      return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
    },
    publish: (topic, lostBy = []) => {
      at += 1
      const entry: Entry = { epoch, at, previous: tails.get(topic) ?? 0, topic, data: all.length }
      tails.set(topic, at)
      history.push(entry)
      all.push(entry)
      let number = 0
      for (const [stream, state] of streams) {
        const isLost = lostBy.includes(number++)
        if (!stream.names.some((name) => covers(name, topic))) continue
        if (isLost) {
          state.isWhole = false
          lost.add(entry.data)
        } else write(stream, line(entry))
      }
    },
    vouch: () => {
      for (const [stream, { isWhole }] of streams) if (isWhole) write(stream, `id:${formatPosition(epoch, at)}\n\n`)
    },
    renew: () => {
      epochs += 1
      epoch = `e${epochs}`
      history = []
      tails = new Map()
      at = floor = 0
      for (const stream of streams.keys()) {
        const position = formatPosition(epoch, at)
        const { names } = stream
        write(
          stream,
          control({ type: 'sse.gap', topics: names, reason: 'reset' }) +
            control({ type: 'sse.live', topics: names, resumed: false, position }, position),
        )
      }
    },
    cut: (which, bytes) => {
      const stream = [...streams.keys()][which % Math.max(1, streams.size)]
      if (!stream) return
      let left = bytes
      const kept = stream.waiting.flatMap((chunk) => {
        const part = chunk.bytes.subarray(0, left)
        left -= part.length
        return part.length ? [{ ...chunk, bytes: part }] : []
      })
      stream.waiting.splice(0, stream.waiting.length, ...kept)
      stream.cut()
    },
    trim: (keep) => {
      const forgotten = history.splice(0, Math.max(0, history.length - keep))
      floor = forgotten.at(-1)?.at ?? floor
    },
  }
  return hub
}

function topicsIn(body: unknown): string[] {
  const topics = typeof body === 'object' && body !== null && 'topics' in body ? body.topics : undefined
  return Array.isArray(topics) ? topics.map(String) : []
}
