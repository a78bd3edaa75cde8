import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { listen } from './adapters.js'

/** How a connection is broken off: as one that ends, or as one that fails. */
export type Break = 'FIN' | 'RST'

/** Passes bytes on, and breaks off the next connection after as many bytes of its answer as it is told. */
export interface CuttingProxy extends AsyncDisposable {
  readonly port: number
  /** Bytes of answers so far. */
  readonly passed: number
  /** Only the next one is broken off. */
  cutNext(after: number, by: Break): void
}

export async function cuttingProxy(target: number): Promise<CuttingProxy> {
  let passed = 0
  let next: { readonly after: number; readonly by: Break } | undefined
  const sockets = new Set<Socket>()
  const server = createServer((reader) => {
    const cut = next
    next = undefined
    const origin = connect(target, '127.0.0.1')
    for (const [socket, other] of [
      [reader, origin],
      [origin, reader],
    ] as const) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
    }
    reader.pipe(origin)
    let left = cut?.after ?? Number.POSITIVE_INFINITY
    const breakOff = (): void => {
      if (cut?.by === 'RST') reader.resetAndDestroy()
      else reader.destroySoon()
    }
    if (left === 0) breakOff()
    origin.on('data', (chunk: Uint8Array) => {
      if (left === 0) return
      const part = chunk.subarray(0, left)
      left -= part.length
      passed += part.length
      reader.write(part, () => {
        if (left === 0) breakOff()
      })
    })
  })
  return {
    port: await listen(server),
    get passed() {
      return passed
    },
    cutNext: (after, by) => {
      next = { after, by }
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
