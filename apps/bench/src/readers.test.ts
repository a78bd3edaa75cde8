import { createServer, type ServerResponse } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { Readers } from './readers.ts'
import { now, type Tick, tickOf } from './tick.ts'

const bytes = 120
/** Long enough for a busy machine; only a test of lateness waits so long. */
const patience = 5_000

/** Readers of two streams, and the server's ends of them. */
async function connected(): Promise<{ readonly readers: Readers; readonly streams: readonly ServerResponse[] }> {
  const streams: ServerResponse[] = []
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.flushHeaders()
    streams.push(response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  const readers = new Readers()
  await readers.connect({ port: typeof address === 'object' && address !== null ? address.port : 0, path: '/', streams: 2, bytes })
  return { readers, streams }
}

function send(streams: readonly ServerResponse[], ...events: readonly Tick[]): void {
  for (const stream of streams) stream.write(events.map((event) => `event: tick\ndata: ${JSON.stringify(event)}\n\n`).join(''))
}

test('All that every stream got counts from the beginning on', async () => {
  const { readers, streams } = await connected()
  send(streams, tickOf(1, bytes))
  await readers.complete(1, patience)
  readers.begin()
  send(streams, tickOf(2, bytes), tickOf(3, bytes))
  const { deliveries, bytes: received, p50, p999 } = await readers.complete(3, patience)
  expect(deliveries).toBe(4)
  expect(received).toBeGreaterThan(4 * bytes)
  expect(p999).toBeGreaterThanOrEqual(p50)
})

test('One stream that lacks the last event is missed when time is up', async () => {
  const { readers, streams } = await connected()
  const [first, second] = [tickOf(1, bytes), tickOf(2, bytes)]
  send(streams.slice(0, 1), first, second)
  send(streams.slice(1), first)
  await expect(readers.complete(2, 200)).rejects.toThrow('After 0.2 s a stream has only 1 of 2 events')
})

test('An event that came once more after the last one shows with the next', async () => {
  const { readers, streams } = await connected()
  const event = tickOf(1, bytes)
  send(streams, event)
  await readers.complete(1, patience)
  send(streams.slice(1), event)
  send(streams, tickOf(2, bytes))
  await expect(readers.complete(2, patience)).rejects.toThrow(/^Where event 2 was due, a stream got {"n":1,/)
})

test.each([
  ['another text', (event: Tick) => ({ ...event, text: `${event.text.slice(1)}!` })],
  ['a text cut short', (event: Tick) => ({ ...event, text: event.text.slice(1) })],
  ['another number', (event: Tick) => ({ ...event, n: 7 })],
])('An event with %s is refused, also where all streams got the same', async (_what, altered) => {
  const { readers, streams } = await connected()
  send(streams, altered(tickOf(1, bytes)))
  await expect(readers.complete(1, patience)).rejects.toThrow(/^Where event 1 was due, a stream got {/)
})

test('An event that is no JSON is refused with what came', async () => {
  const { readers, streams } = await connected()
  streams[0]?.write('event: tick\ndata: {"n":1\n\n')
  await expect(readers.complete(1, patience)).rejects.toThrow('Where event 1 was due, a stream got {"n":1')
})

test('An event of which two streams got different times is refused', async () => {
  const { readers, streams } = await connected()
  const event = tickOf(1, bytes)
  send(streams.slice(0, 1), event)
  send(streams.slice(1), { ...event, at: event.at - 1 })
  await expect(readers.complete(1, patience)).rejects.toThrow(/^Two streams got event 1 each in its own way: {.*} and {/)
})

test('An event that seems to come before it was sent is refused: it would make latencies short', async () => {
  const { readers, streams } = await connected()
  // The clock's digits must not change the length.
  send(streams, { ...tickOf(1, bytes), at: now() + 60_000_000 })
  await expect(readers.complete(1, patience)).rejects.toThrow('A stream got event 1 before it was sent')
})

test('A stream that the server ends, or breaks off, has failed', async () => {
  const ended = await connected()
  ended.streams[1]?.end()
  await expect(ended.readers.complete(1, patience)).rejects.toThrow('The server ended a stream')
  const broken = await connected()
  broken.streams[1]?.destroy()
  await expect(broken.readers.complete(1, patience)).rejects.toThrow('The server closed a stream')
})

test('A server that answers with a refusal is told by its status', async () => {
  const server = createServer((_request, response) => response.writeHead(503).end())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  await expect(new Readers().connect({ port, path: '/', streams: 1, bytes })).rejects.toThrow(
    'The server answered HTTP/1.1 503 Service Unavailable',
  )
})
