import type { Socket } from 'node:net'
import { serve } from '../serve.ts'

/** The least that a stream on `node:http` can cost: all that leaves in one turn is one piece of bytes, framed once for all sockets. */
const sockets = new Set<Socket>()

serve({
  path: '/',
  listener: (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    response.flushHeaders()
    const connection = response.socket
    if (connection === null) return
    sockets.add(connection)
    response.on('close', () => sockets.delete(connection))
  },
  flush: (events) => {
    const text = events.map((event) => `event: tick\ndata: ${JSON.stringify(event)}\nid: ${event.n}\n\n`).join('')
    // RFC 9112 §7.1.
    const chunk = Buffer.from(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`)
    for (const connection of sockets) connection.write(chunk)
  },
})
