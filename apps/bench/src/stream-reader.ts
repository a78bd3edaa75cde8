import { connect, type Socket } from 'node:net'
import { dechunker } from './dechunk.ts'

export interface StreamReaderOptions {
  readonly port: number
  readonly path: string
  /** So many bytes have come over the socket; what they hold is told next. */
  readonly onPiece: (length: number) => void
  /** The data of each of the workload's events, in order. What it throws is the stream's failure. */
  readonly onTick: (data: string) => void
  /** The stream is over: nothing that the bench measures ends by itself. */
  readonly onFailure: (error: Error) => void
}

/** One stream, over a bare socket: as much of HTTP and of the event stream format as tells what came, so that reading costs little. */
export class StreamReader {
  /** Resolves when the head has come; rejects with the stream's failure. */
  readonly opened: Promise<void>
  readonly #socket: Socket
  readonly #options: StreamReaderOptions
  readonly #settle: { readonly open: () => void; readonly fail: (error: Error) => void }
  #head = ''
  #body: ((piece: string) => string) | undefined
  #line = ''
  #type = ''
  #data = ''

  constructor(options: StreamReaderOptions) {
    this.#options = options
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.opened = promise
    this.#settle = { open: resolve, fail: reject }
    this.#socket = connect({ port: options.port, host: '127.0.0.1', noDelay: true })
    // All that is sent is ASCII, for which this is the quickest.
    this.#socket.setEncoding('latin1')
    this.#socket.on('data', (piece) => this.#take(String(piece)))
    this.#socket.on('error', (error) => this.#fail(error))
    this.#socket.on('close', () => this.#fail(new Error('The server closed a stream')))
    this.#socket.write(`GET ${options.path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n`)
  }

  #fail(error: Error): void {
    this.#settle.fail(error)
    this.#options.onFailure(error)
    this.#socket.destroy()
  }

  #take(piece: string): void {
    this.#options.onPiece(piece.length)
    try {
      this.#lines(this.#body === undefined ? this.#begin(piece) : this.#body(piece))
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)))
    }
  }

  #begin(piece: string): string {
    this.#head += piece
    const end = this.#head.indexOf('\r\n\r\n')
    if (end < 0) return ''
    const head = this.#head.slice(0, end)
    if (!head.startsWith('HTTP/1.1 200 ')) throw new Error(`The server answered ${head.split('\r\n')[0]}`)
    if (!/^transfer-encoding: chunked$/im.test(head)) throw new Error('The server answered without chunks')
    this.#body = dechunker()
    this.#settle.open()
    return this.#body(this.#head.slice(end + 4))
  }

  /** WHATWG HTML §9.2.6, for servers that end their lines with LF and write each event's data in one line. */
  #lines(body: string): void {
    const text = this.#line + body
    let start = 0
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      if (end === start) this.#dispatch()
      else if (text.startsWith('data:', start)) this.#data = text.slice(text[start + 5] === ' ' ? start + 6 : start + 5, end)
      else if (text.startsWith('event:', start)) this.#type = text.slice(text[start + 6] === ' ' ? start + 7 : start + 6, end)
      start = end + 1
    }
    this.#line = text.slice(start)
  }

  #dispatch(): void {
    // Servers say more than the workload's events, each in its own words; the hub puts the topic in front of the type.
    if (this.#type === 'tick' || this.#type.endsWith('#tick')) this.#options.onTick(this.#data)
    this.#type = ''
    this.#data = ''
  }
}
