import { type Control, createReader, type Message, readControl, splitType } from '@sse/schema/wire'
import type { Incoming } from './incoming.js'

/** In characters: no test sends as much. */
const bound = 64_000_000

/** An event as its reader has it. */
export interface Received {
  readonly topic: string | undefined
  readonly type: string
  readonly data: string
  readonly id: string | undefined
}

/** The messages in wire text, read as the SDK reads them. */
export function readWire(wire: string | Uint8Array): readonly Message[] {
  return createReader(bound)(typeof wire === 'string' ? new TextEncoder().encode(wire) : wire)
}

/** The events in messages. */
export function eventsIn(messages: readonly Message[]): Received[] {
  return messages.flatMap(({ event, data, id }) => {
    if (data === undefined || event?.startsWith('sse.') === true) return []
    const { topic, type } = splitType(event ?? 'message')
    return [{ topic, type, data, id }]
  })
}

/** The protocol's own messages: only those that carry the stream's key. */
export function controlsIn(messages: readonly Message[]): Control[] {
  const ready = messages.map((message) => readControl(message, undefined)).find((control) => control?.type === 'sse.ready')
  if (ready?.type !== 'sse.ready') return []
  return [ready, ...messages.flatMap((message) => readControl(message, ready.key) ?? [])]
}

/** Where a reader of these messages is. Ids of the protocol's own are no positions. */
export function cursorIn(messages: readonly Message[]): string | undefined {
  return messages.filter(({ id }) => id !== undefined && !id.startsWith('sse.')).at(-1)?.id
}

/** One response, its body read with the reader of the SDK, and only as far as a test asks for it. */
export class Reading {
  readonly incoming: Incoming
  readonly messages: Message[] = []
  readonly #read = createReader(bound)
  readonly #encoder = new TextEncoder()
  #chunks = 0

  constructor(incoming: Incoming) {
    this.incoming = incoming
  }

  get status(): number {
    return this.incoming.status
  }

  get headers(): Readonly<Record<string, string>> {
    return this.incoming.headers
  }

  get events(): Received[] {
    return eventsIn(this.messages)
  }

  get controls(): Control[] {
    return controlsIn(this.messages)
  }

  get cursor(): string | undefined {
    return cursorIn(this.messages)
  }

  /** Each event in short: `orders/42#created {"n":1}`. */
  get seen(): string[] {
    return this.events.map(({ topic, type, data }) => `${topic === undefined ? '' : `${topic}#`}${type} ${data}`)
  }

  leave(): void {
    this.incoming.leave()
  }

  /** Reads until a message is there, whenever it came. */
  async until(is: (message: Message) => boolean): Promise<Message> {
    for (;;) {
      const found = this.messages.find(is)
      if (found !== undefined) return found
      if (!(await this.more())) throw new Error(`the body ended without it: ${JSON.stringify(this.incoming.chunks)}`)
    }
  }

  /** Reads until the replay is through: from here on it is live. */
  async live(): Promise<Message> {
    return this.until(({ event }) => event === 'sse.live')
  }

  /** Reads until so many events are there. */
  async take(count: number): Promise<Received[]> {
    while (this.events.length < count) {
      if (!(await this.more())) throw new Error(`the body ended after ${this.events.length} of ${count} events`)
    }
    return this.events
  }

  /** Reads to the end; rejects where the connection broke instead. */
  async all(): Promise<this> {
    while (await this.more());
    return this
  }

  /** Reads to the end of a refusal. */
  async refusal(): Promise<{ readonly code: unknown; readonly message: unknown }> {
    const body: { readonly code?: unknown; readonly message?: unknown } = JSON.parse(await this.incoming.all())
    return { code: body.code, message: body.message }
  }

  /** Reads the next chunk. False at the end. */
  async more(): Promise<boolean> {
    const more = await this.incoming.more()
    for (const chunk of this.incoming.chunks.slice(this.#chunks)) this.messages.push(...this.#read(this.#encoder.encode(chunk)))
    this.#chunks = this.incoming.chunks.length
    return more
  }
}
