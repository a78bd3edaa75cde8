import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'

/**
 * A balancer in front of servers. It can lose an event of a stream, which no proxy should, and hold back all that comes of those
 * that are open. Each request has a connection of its own.
 */
export class HttpProxy implements AsyncDisposable {
  readonly url: string
  /** The server that gets the requests from now on. */
  target: string
  /** Whether a frame is lost. */
  loses: (frame: string) => boolean = () => false
  /** The reconnection times that streams were told at their end, in milliseconds. */
  readonly retries: number[] = []
  readonly #server: Server
  readonly #open = new Set<ServerResponse>()
  readonly #muted = new Set<ServerResponse>()

  private constructor(server: Server, url: string, target: string) {
    this.#server = server
    this.url = url
    this.target = target
  }

  static async start(target: string): Promise<HttpProxy> {
    const server = createServer((asked, response) => proxy.#pass(asked, response))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    if (typeof address !== 'object' || address === null) throw new Error('the proxy has no port')
    const proxy: HttpProxy = new HttpProxy(server, `http://127.0.0.1:${address.port}`, target)
    return proxy
  }

  /** From now on nothing more comes through of what is open, and it stays open. Returns how many those are. */
  mute(): number {
    for (const response of this.#open) this.#muted.add(response)
    return this.#open.size
  }

  /** Those that are muted, and whose readers have not given them up. */
  get muted(): number {
    return this.#muted.size
  }

  #pass(asked: IncomingMessage, response: ServerResponse): void {
    const { method, headers } = asked
    const origin = request(new URL(asked.url ?? '/', this.target), { method, headers, agent: false }, (answer) => {
      const { connection, 'keep-alive': keepAlive, 'transfer-encoding': encoding, ...own } = answer.headers
      response.writeHead(answer.statusCode ?? 502, own)
      response.flushHeaders()
      this.#open.add(response)
      let rest = ''
      let last = ''
      answer.setEncoding('utf8')
      answer.on('data', (text: string) => {
        const frames = `${rest}${text}`.split('\n\n')
        rest = frames.pop() ?? ''
        last = frames.at(-1) ?? last
        for (const frame of frames) if (!this.loses(frame) && !this.#muted.has(response)) response.write(`${frame}\n\n`)
      })
      answer.on('end', () => {
        const { retry } = /^retry: (?<retry>\d+)$/.exec(last)?.groups ?? {}
        if (retry !== undefined) this.retries.push(Number(retry))
        response.end(rest)
      })
      answer.on('error', () => response.destroy())
    })
    origin.on('error', () => response.destroy())
    response.on('close', () => {
      this.#open.delete(response)
      this.#muted.delete(response)
      origin.destroy()
    })
    asked.pipe(origin)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}
