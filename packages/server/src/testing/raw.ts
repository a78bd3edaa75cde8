import { once } from 'node:events'
import { connect, type Server, type Socket } from 'node:net'
import { listen } from './adapters.js'
import { Incoming } from './incoming.js'

/** A connection whose bytes are seen as they are. `incoming` holds the response's head too: its status is not parsed. */
interface RawConnection {
  readonly socket: Socket
  readonly incoming: Incoming
}

/** Starts the server, sends it these bytes on one connection, and runs the test; then ends both. */
export async function overRawSocket(server: Server, bytes: string, run: (connection: RawConnection) => Promise<void>): Promise<void> {
  const port = await listen(server)
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    socket.write(bytes)
    await run({ socket, incoming: new Incoming(0, {}, socket[Symbol.asyncIterator](), () => void socket.destroy()) })
  } finally {
    socket.destroy()
    if ('closeAllConnections' in server && typeof server.closeAllConnections === 'function') server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
}

/** A request as it stands on the wire. */
export function rawRequest(method: string, version: '1.0' | '1.1', headers: Readonly<Record<string, string>> = {}): string {
  const lines = Object.entries({ host: 'sse.test', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} /events HTTP/${version}\r\n${lines.join('')}\r\n`
}
