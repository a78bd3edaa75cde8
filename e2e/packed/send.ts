import { createServer } from 'node:http'
import type { EventOf } from '@sse/schema'
import { respond } from '@sse/server/node' // node:http and node:http2; '@sse/server' has the twins for Request → Response
import { orderEvents } from './contract.js'

async function* shipments(signal: AbortSignal, lastEventId: string | undefined): AsyncGenerator<EventOf<typeof orderEvents, 'shipped'>> {
  if (!signal.aborted) yield { type: 'shipped', data: { id: `after ${lastEventId}`, at: new Date(0) } }
}

export const server = createServer(
  (req, res) =>
    respond(req, res, { events: orderEvents }, async (stream) => {
      await stream.send({ type: 'created', data: { id: '42', total: 10 } }) // a wrong type or shape does not compile
      await stream.sendAll(shipments(stream.signal, stream.lastEventId)) // any sync or async iterable, or ReadableStream
    }), // returns: the stream has ended for good. throws: `sse.error` to the reader, the error to `onError`
)
