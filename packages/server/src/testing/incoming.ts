import type { Message } from '@sse/schema/wire'
import { messagesOf } from './messages.js'

/** One response as its reader has it. It takes from the connection only what a test asks for, so it can also stall. */
export class Incoming {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Breaks the connection, as a closed tab does. */
  readonly leave: () => void
  /** The body so far, as the connection cut it. */
  readonly chunks: string[] = []
  readonly #body: AsyncIterator<Uint8Array>
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  #text = ''

  constructor(status: number, headers: Readonly<Record<string, string>>, body: AsyncIterator<Uint8Array>, leave: () => void) {
    this.status = status
    this.headers = headers
    this.leave = leave
    this.#body = body
  }

  /** Reads until the body holds `part`, and returns all of it so far. */
  async until(part: string): Promise<string> {
    while (!this.#text.includes(part)) {
      if (!(await this.more())) throw new Error(`the body ended without ${JSON.stringify(part)}: ${JSON.stringify(this.#text)}`)
    }
    return this.#text
  }

  /** Reads to the end of the body; rejects where the connection broke instead. */
  async all(): Promise<string> {
    while (await this.more());
    return this.#text
  }

  /** Reads to the end: the messages in it, the stream's own included. */
  async messages(): Promise<Message[]> {
    return messagesOf(await this.all())
  }

  /** Reads to the end: the messages in it that are not the protocol's own. */
  async events(): Promise<Message[]> {
    return (await this.messages()).filter(({ event }) => event?.startsWith('sse.') !== true)
  }

  /** Reads the next chunk. False at the end. */
  async more(): Promise<boolean> {
    const { done, value } = await this.#body.next()
    if (done === true) return false
    const chunk = this.#decoder.decode(value, { stream: true })
    this.chunks.push(chunk)
    this.#text += chunk
    return true
  }
}
