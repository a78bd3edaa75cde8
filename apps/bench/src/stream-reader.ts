import { connect, type Socket } from 'node:net'
import { dechunker } from './dechunk.ts'

export interface StreamReaderOptions {
  readonly port: number
  readonly path: string
  /** The data of each event of the workload, in order. What it throws ends the stream as failed. */
  readonly onTick: (json: string, arrived: number) => void
  readonly now: () => number
}

/** One stream, over a bare socket: as much of HTTP and of the event stream format as tells what came, and no more. */
export class StreamReader {
  /** Resolves when the head has come; rejects with the stream's failure. */
  readonly opened: Promise<void>
  readonly #socket: Socket
  readonly #options: StreamReaderOptions
  #open: () => void = () => {}
  #fail: (error: Error) => void = () => {}
  #head = ''
  #body: ((piece: string) => string) | undefined
  #line = ''
  #type = ''
  #data = ''

  constructor(options: StreamReaderOptions, failed: (error: Error) => void) {
    this.#options = options
    this.opened = new Promise((resolve, reject) => {
      this.#open = resolve
      this.#fail = (error) => {
        reject(error)
        failed(error)
      }
    })
    this.#socket = connect({ port: options.port, host: '127.0.0.1', noDelay: true })
    this.#socket.setEncoding('latin1')
    this.#socket.on('data', (piece) => this.#take(String(piece)))
    this.#socket.on('error', (error) => this.#fail(error))
    this.#socket.on('close', () => this.#fail(new Error('The server closed a stream')))
    this.#socket.write(`GET ${options.path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n`)
  }

  #take(piece: string): void {
    try {
      const body = this.#body === undefined ? this.#begin(piece) : this.#body(piece)
      if (body !== '') this.#lines(body, this.#options.now())
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)))
      this.#socket.destroy()
    }
  }

  #begin(piece: string): string {
    this.#head += piece
    const end = this.#head.indexOf('\r\n\r\n')
    if (end < 0) return ''
    const head = this.#head.slice(0, end).toLowerCase()
    if (!head.startsWith('http/1.1 200 ')) throw new Error(`The server answered ${head.split('\r\n')[0]}`)
    this.#body = head.includes('transfer-encoding: chunked') ? dechunker() : (text) => text
    this.#open()
    return this.#body(this.#head.slice(end + 4))
  }

  /** WHATWG HTML §9.2.6, for servers that end their lines with LF. */
  #lines(body: string, arrived: number): void {
    const text = this.#line + body
    let start = 0
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      if (end === start) this.#dispatch(arrived)
      else if (text.startsWith('data:', start)) this.#data = text.slice(start + 5, end).trimStart()
      else if (text.startsWith('event:', start)) this.#type = text.slice(start + 6, end)
      start = end + 1
    }
    this.#line = text.slice(start)
  }

  /** Servers say more than the workload's events, each in its own words. */
  #dispatch(arrived: number): void {
    if (this.#type.endsWith('tick')) this.#options.onTick(this.#data, arrived)
    this.#type = ''
    this.#data = ''
  }
}
