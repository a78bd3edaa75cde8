import { createReader, MessageTooLargeError } from '@sse/schema/wire'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { subscribe } from './subscribe.js'
import { collect, failureOf } from './testing/async.js'
import { Log } from './testing/log.js'
import { type Chunk, startServer } from './testing/raw-server.js'
import { cut, receive } from './testing/receive.js'

const dataOf = async (chunks: readonly Chunk[]): Promise<readonly string[]> => (await receive(chunks)).events.map(({ data }) => data)

test('A12 a blank line of CRs gives its event at once, and a late LF is swallowed', async () => {
  await using server = await startServer()
  await using live = subscribe<Record<string, string>>(server.url, { format: 'text' })
  const events = new Log<string>()
  live.on('message', ({ data }) => events.add(data))
  const stream = await server.stream('data: e\r\r')
  // The server says nothing more until it has arrived.
  await events.count(1)
  stream.send('\n', 'data: f\r\r')
  expect(await events.count(2)).toEqual(['e', 'f'])
})

test('A12 an id alone moves the cursor at once too', async () => {
  await using server = await startServer()
  await using live = subscribe(server.url, { reconnect: { baseDelay: 0 } })
  live.on('message', () => {})
  const first = await server.stream('id: X\r\r')
  first.end()
  expect((await server.next()).request.headers.get('last-event-id')).toBe('X')
})

test('A13 a CRLF that is cut in two is one line end', async () => {
  expect(await dataOf(['data: Hello\r', '\ndata: World\r', '\n\r\ndata: OK\r', '\n', '\r', '\n'])).toEqual(['Hello\nWorld', 'OK'])
})

test('A14 chunks that are empty for the reader have no effect', async () => {
  const encoder = new TextEncoder()
  const pieces = ['', 'data', '', ': 1\n', '', '\n', '']
  const fetch = async (): Promise<Response> =>
    new Response(
      new ReadableStream({
        start: (controller) => {
          for (const piece of pieces) controller.enqueue(encoder.encode(piece))
          controller.enqueue(encoder.encode('data:END\n\n'))
        },
      }),
      { headers: { 'content-type': 'text/event-stream' } },
    )
  const events = await collect(subscribe('http://sse.test/', { fetch, format: 'text', endOn: 'END' }))
  expect(events.map(({ data }) => data)).toEqual(['1'])
})

test.each([
  ['2+1', [Buffer.of(0xef, 0xbb), Buffer.of(0xbf)]],
  ['1+2', [Buffer.of(0xef), Buffer.of(0xbb, 0xbf)]],
  ['1+1+1', [Buffer.of(0xef), Buffer.of(0xbb), Buffer.of(0xbf)]],
])('A15 a byte order mark cut %s is taken off', async (_, mark) => {
  expect(await dataOf([...mark, 'data:1\n\n'])).toEqual(['1'])
})

test('A15 each reconnected stream has its own byte order mark', async () => {
  await using server = await startServer()
  const events = collect(subscribe(server.url, { format: 'text', reconnect: { baseDelay: 0 } }))
  for (const data of ['1', '2', '3']) (await server.stream(`\uFEFFdata:${data}\n\n`)).end()
  const last = await server.next()
  last.answer(204)
  expect((await events).map(({ data }) => data)).toEqual(['1', '2', '3'])
})

test('A16 a charset that is not UTF-8 changes nothing', async () => {
  await using server = await startServer()
  const events = collect(subscribe(server.url, { format: 'text', endOn: 'END' }))
  const exchange = await server.next()
  exchange.open({ 'content-type': 'text/event-stream;charset=windows-1252' }).send(...cut('data:€豆腐\n\n', 1), 'data:END\n\n')
  expect((await events).map(({ data }) => data)).toEqual(['€豆腐'])
})

describe('A17 large events arrive intact', () => {
  test('5 MB in one chunk', async () => {
    const data = 'x'.repeat(5_000_000)
    expect(await dataOf([`data:${data}\n\n`])).toEqual([data])
  })

  test('10 MB in two', async () => {
    const half = 'x'.repeat(5_000_000)
    expect(await dataOf([`data:${half}`, `${half}\n\n`])).toEqual([half + half])
  })
})

describe('A17 an event beyond maxMessageSize', () => {
  test.each([
    ['in one chunk', [`data:${'x'.repeat(101)}\n\n`]],
    ['in many', [...cut(`data:${'x'.repeat(101)}`, 10), '\n\n']],
    // Bounded memory: its end need not come.
    ['without an end', [`data:${'x'.repeat(200)}`]],
  ])('closes the subscription for good: %s', async (_, chunks) => {
    await using server = await startServer()
    const live = subscribe(server.url, { format: 'text', maxMessageSize: 100, reconnect: { baseDelay: 0 } })
    const reading = collect(live)
    const stream = await server.stream('id:1\ndata:ok\n\n', ...chunks)
    expect(await failureOf(reading)).toBeInstanceOf(MessageTooLargeError)
    await stream.gone
    expect(live.getSnapshot()).toMatchObject({ state: 'closed', reason: 'failed', error: { code: 'message_too_large', limit: 100 } })
    expect(live.lastEventId).toBe('1')
    expect(server.requests).toBe(1)
  })

  test('the events before it in the same chunk arrive, before it closes', async () => {
    await using server = await startServer()
    const live = subscribe<Record<string, string>>(server.url, { format: 'text', maxMessageSize: 100, reconnect: { baseDelay: 0 } })
    const events: string[] = []
    live.on('message', ({ data }) => void events.push(data))
    const failed = failureOf(collect(live))
    // Also where the stream ends there: coming back would bring the same chunk again, and again.
    ;(await server.stream(`data:1\n\ndata:2\n\ndata:${'x'.repeat(101)}\n\n`)).end()
    expect(await failed).toBeInstanceOf(MessageTooLargeError)
    expect(events).toEqual(['1', '2'])
    expect(server.requests).toBe(1)
  })
})

test('A18 a million data lines are one event', async () => {
  const [data] = await dataOf([`${'data:x\n'.repeat(1_000_000)}\n`])
  expect(data?.length).toBe(1_999_999)
})

test('A20 any chunking of any stream gives what one chunk gives', async () => {
  const piece = fc.constantFrom(
    'data: x\n',
    'data',
    'id: 1\r',
    'id',
    'event: e\r\n',
    ':',
    '\n',
    '\r',
    '\r\n',
    '\n\n',
    '\uFEFF',
    '€',
    '\0',
    'x',
  )
  const stream = fc.array(piece, { maxLength: 40, size: 'max' }).map((parts) => Buffer.from(parts.join('')))
  const sizes = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 5 })
  await fc.assert(
    fc.asyncProperty(stream, sizes, async (bytes, lengths) => {
      const chunks: Uint8Array[] = []
      for (let at = 0, turn = 0; at < bytes.length; turn++) {
        const length = lengths[turn % lengths.length] ?? 1
        chunks.push(bytes.subarray(at, at + length))
        at += length
      }
      expect(await receive(chunks)).toEqual(inOneChunk(bytes))
    }),
    { numRuns: 150 },
  )
})

/** What the reader of @sse/schema gives for it, which has properties of its own to judge it by. */
function inOneChunk(bytes: Uint8Array): Awaited<ReturnType<typeof receive>> {
  let id = ''
  const events = createReader(1_000_000)(bytes).flatMap((message) => {
    id = message.id ?? id
    return message.data === undefined ? [] : [{ type: message.event ?? 'message', data: message.data, id }]
  })
  return { events, cursor: id === '' ? undefined : id }
}
