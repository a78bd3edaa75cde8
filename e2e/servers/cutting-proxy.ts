import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** A TCP proxy that passes a set number of the server's bytes on, and then resets the connection. */
export class CuttingProxy implements AsyncDisposable {
  readonly url: string
  /** How many bytes of the next connections' answers pass; undefined: all. */
  limit: number | undefined
  readonly #server
  readonly #sockets: Set<Socket>

  private constructor(server: ReturnType<typeof createServer>, sockets: Set<Socket>, url: string) {
    this.#server = server
    this.#sockets = sockets
    this.url = url
  }

  static async start(upstream: string): Promise<CuttingProxy> {
    const port = Number(new URL(upstream).port)
    const sockets = new Set<Socket>()
    const server = createServer((client) => {
      let left = proxy.limit ?? Number.POSITIVE_INFINITY
      const origin = connect(port, '127.0.0.1')
      for (const socket of [client, origin]) {
        sockets.add(socket)
        socket.on('close', () => sockets.delete(socket))
        // A reset on one side is the end of both, and no error of the proxy's.
        socket.on('error', () => {})
      }
      client.pipe(origin)
      client.on('close', () => origin.destroy())
      origin.on('data', (chunk: Buffer) => {
        if (left <= 0) return
        const part = chunk.subarray(0, left)
        left -= part.length
        client.write(part)
        if (left === 0) client.end(() => client.resetAndDestroy())
      })
      origin.on('end', () => client.end())
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    if (typeof address !== 'object' || address === null) throw new Error('the proxy has no port')
    const proxy: CuttingProxy = new CuttingProxy(server, sockets, `http://127.0.0.1:${address.port}`)
    return proxy
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }
}
