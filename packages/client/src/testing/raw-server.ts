import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'

/** What a client sent. Header values are a character for each byte, as they stood on the wire. */
export interface RawRequest {
  readonly method: string
  readonly target: string
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

/** Text goes out as UTF-8; bytes are for what need not be. */
export type Chunk = string | Uint8Array

/** One request, and the bytes of its answer. */
export class Exchange {
  /** Resolves when the connection is gone, whoever ended it. */
  readonly gone: Promise<void>
  readonly #socket: Socket

  constructor(
    readonly request: RawRequest,
    socket: Socket,
  ) {
    this.#socket = socket
    this.gone = new Promise((resolve) => {
      socket.once('close', () => resolve())
    })
  }

  /** How many bytes were written that the client's machine has not taken. */
  get stuck(): number {
    return this.#socket.writableLength
  }

  raw(bytes: Chunk): void {
    this.#socket.write(bytes)
  }

  /** An answer without a stream. */
  answer(status: number, headers: Readonly<Record<string, string>> = {}, body = ''): void {
    this.#head(status, { 'content-length': String(Buffer.byteLength(body)), ...headers })
    this.#socket.end(body)
  }

  /** Begins a stream. It is sent in HTTP chunks, which a client reads one by one, whatever TCP makes of them. */
  open(headers: Readonly<Record<string, string>> = {}): this {
    this.#head(200, { 'content-type': 'text/event-stream', 'transfer-encoding': 'chunked', ...headers })
    return this
  }

  /** Each becomes one chunk for the reader. An empty one would end the stream. */
  send(...chunks: readonly Chunk[]): this {
    for (const chunk of chunks) {
      const bytes = Buffer.from(chunk)
      if (bytes.length === 0) continue
      this.#socket.write(Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]))
    }
    return this
  }

  end(): void {
    this.#socket.end('0\r\n\r\n')
  }

  /** Ends the connection in the middle of the stream. */
  cut(): void {
    this.#socket.end()
  }

  /** The same by a reset, RST instead of FIN. */
  reset(): void {
    this.#socket.resetAndDestroy()
  }

  #head(status: number, headers: Readonly<Record<string, string>>): void {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    // A client that kept the connection for its next request would hide that this one is gone.
    this.#socket.write(`HTTP/1.1 ${status} Scripted\r\nconnection: close\r\n${lines.join('')}\r\n`)
  }
}

/** A server that does only what a test tells it to, request by request. */
export class RawServer implements AsyncDisposable {
  readonly port: number
  /** How many requests came. */
  requests = 0
  readonly #server: Server
  readonly #sockets: Set<Socket>
  readonly #arrived: Exchange[] = []
  readonly #waiting: ((exchange: Exchange) => void)[] = []

  constructor(server: Server, sockets: Set<Socket>, port: number) {
    this.#server = server
    this.#sockets = sockets
    this.port = port
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`
  }

  get url(): string {
    return `${this.origin}/events`
  }

  /** The next request, in their order. */
  next(): Promise<Exchange> {
    const arrived = this.#arrived.shift()
    return arrived ? Promise.resolve(arrived) : new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** The next request, answered with the beginning of a stream. */
  async stream(...chunks: readonly Chunk[]): Promise<Exchange> {
    return (await this.next()).open().send(...chunks)
  }

  take(exchange: Exchange): void {
    this.requests += 1
    const waiting = this.#waiting.shift()
    if (waiting) waiting(exchange)
    else this.#arrived.push(exchange)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

/** @param port the one of an earlier server, to take its place. */
export async function startServer(port = 0): Promise<RawServer> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.setNoDelay()
    socket.once('close', () => sockets.delete(socket))
    // Resets are what some tests are about.
    socket.on('error', () => {})
    let received = ''
    socket.setEncoding('latin1').on('data', (text: string) => {
      received += text
      const request = readRequest(received)
      if (request === undefined) return
      received = ''
      raw.take(new Exchange(request, socket))
    })
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port')
  const raw = new RawServer(server, sockets, address.port)
  return raw
}

/** A whole request, or undefined while some of it is still to come. */
function readRequest(text: string): RawRequest | undefined {
  const headEnd = text.indexOf('\r\n\r\n')
  if (headEnd < 0) return undefined
  const [first = '', ...lines] = text.slice(0, headEnd).split('\r\n')
  const [method = '', target = ''] = first.split(' ')
  const headers = new Map(lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)] as const))
  const body = text.slice(headEnd + 4)
  return body.length < Number(headers.get('content-length') ?? 0) ? undefined : { method, target, headers, body }
}
