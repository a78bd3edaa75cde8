import { createServer } from 'node:http'
import { connect as connect2, createServer as createServer2 } from 'node:http2'
import { connect } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { askedInBody, askedTopics, MalformedError, shown } from '../asked.js'
import type { HandlerOptions } from '../handler.js'
import type { Hub } from '../hub.js'
import { createHub, memoryBackplane } from '../index.js'
import { listen } from '../testing/adapters.js'
import { type AnyRequest, contract, nodeListener, type TestChannels } from '../testing/hub.js'
import { messagesOf } from '../testing/messages.js'

// Every byte of a request, as it stands on the wire: whatever comes, there is no 500, nothing is thrown, nothing is shown that
// was not granted, no message is there that the server did not mean, and who is refused is told why.

const app = 'https://app.example'
/** What a refusal may be. */
const statuses = [200, 204, 400, 403, 405, 408, 413, 417, 431]

const errors: unknown[] = []
const options: HandlerOptions<TestChannels, AnyRequest> = {
  cors: { origin: app, credentials: true },
  authorize: async ({ topics }) => ({ allow: topics.filter(({ name }) => name === 'orders/mine') }),
  onError: (error) => errors.push(error),
}

let hub: Hub<TestChannels>
let ports: { readonly http: number; readonly http2: number }
let stop: () => void

beforeAll(async () => {
  hub = createHub<TestChannels>({
    contract,
    backplane: memoryBackplane(),
    limits: { connectsPerSecond: Number.POSITIVE_INFINITY },
    onError: (error) => errors.push(error),
  })
  await hub.publish(contract.order({ orderId: 'mine' }), { type: 'created', data: { n: 1 } })
  await hub.publish(contract.order({ orderId: 'other' }), { type: 'note', data: { text: 'SECRET' } })
  const http = createServer(nodeListener(hub, options))
  const http2 = createServer2(nodeListener(hub, options))
  ports = { http: await listen(http), http2: await listen(http2) }
  stop = () => {
    http.closeAllConnections()
    http.close()
    http2.close()
  }
})

afterAll(async () => {
  // Every place was given back, however its request went.
  await vi.waitFor(() => expect(hub.stats().streams).toBe(0))
  stop()
  await hub.close()
})

/** What a header's line may hold without ending it, a character for each byte. */
const visible = fc
  .integer({ min: 0x20, max: 0xff })
  .filter((code) => code !== 0x7f)
  .map((code) => String.fromCharCode(code))
const value = fc.oneof(
  fc.string({ unit: visible, maxLength: 30 }),
  fc.constantFrom('', app, `${app}, https://evil.example`, 'null', '*', 'https://evil.example', `${app}.evil.example`, `${app}/`, '1.a.1'),
)
const header = fc.tuple(
  fc.constantFrom(
    'origin',
    'origin',
    'last-event-id',
    'last-event-id',
    'accept',
    'sec-fetch-mode',
    'sec-fetch-site',
    'content-type',
    'cookie',
    'x-any',
  ),
  value,
)
const method = fc.constantFrom('GET', 'GET', 'GET', 'POST', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'PATCH', 'QUERY', 'TRACE', 'REPORT')
const pathPart = fc.oneof(
  fc.constantFrom(
    '/',
    '//',
    '/..',
    '/.',
    '%2e%2e',
    '%00',
    '%0d%0a',
    '%',
    '%zz',
    '*',
    ';',
    ':',
    '@',
    '\\',
    'http://u:p@evil.example',
    'events',
  ),
  fc.string({ unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)), maxLength: 8 }),
)
const topic = fc.oneof(
  fc.constantFrom('orders/mine', 'orders/mine', 'orders/other', 'orders/*', '*', '__proto__', 'constructor', 'orders/mine@now', ''),
  fc.constantFrom(
    'orders%2Fmine',
    'orders/%256Dine',
    'orders/%2e%2e',
    'orders/mine%00',
    'orders/mine@last:5',
    'orders/%C0%AF',
    'x'.repeat(2_100),
  ),
)
const query = fc
  .array(fc.tuple(fc.constantFrom('topic', 'topic', 'topic', 'topic[]', '%74opic', 'lastEventId', 'constructor'), topic), { maxLength: 4 })
  .map((pairs) => pairs.map((pair) => pair.join('=')).join('&'))
const target = fc
  .tuple(fc.array(pathPart, { maxLength: 3 }), query)
  // A fragment is never sent, but for by who means harm.
  .map(([parts, asked]) => `/${parts.join('').replaceAll('?', '')}?${asked}`)

interface Answer {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

/** As it came; a stream's for as long as it took until it was live. */
function check(asked: { readonly method: string; readonly origins: readonly string[] }, { status, headers, body }: Answer): void {
  expect(statuses).toContain(status)
  expect(body).not.toContain('SECRET')
  expect(errors).toEqual([])
  // D46: the one origin, by itself and to the letter, or none; never with a star.
  const allowed = headers.get('access-control-allow-origin')
  expect([undefined, app]).toContain(allowed)
  if (asked.origins.length !== 1 || asked.origins[0] !== app) expect(allowed).toBeUndefined()
  expect(headers.get('access-control-allow-credentials')).toBe(allowed === undefined ? undefined : 'true')
  // What Node itself refuses has no header of ours.
  if (headers.has('cache-control')) {
    expect(headers.get('vary')).toBe('Origin')
    expect(headers.get('cache-control')).toContain('no-store')
  }
  const type = headers.get('content-type')
  if (type === 'text/event-stream') {
    const messages = messagesOf(body)
    if (asked.method !== 'HEAD') expect(messages[0]?.event).toBe('sse.ready')
    for (const { event, data, id } of messages) {
      expect(['sse.ready', 'sse.error', 'sse.gap', 'sse.live', 'orders/mine#created', undefined]).toContain(event)
      expect(id ?? '').toMatch(/^(1\.\w+\.\d+(-\d+)?)?$/)
      if (event === 'orders/mine#created') expect(data).toBe('{"n":1}')
    }
  } else if (type !== undefined) {
    expect([type, headers.get('x-content-type-options')]).toEqual(['application/json', 'nosniff'])
    const refusal: unknown = JSON.parse(body)
    expect(refusal).toEqual({ code: expect.stringMatching(/^(malformed|denied)$/), message: expect.stringMatching(/\S{3}/) })
  }
}

/**
 * Sends bytes as they are, in pieces, and reads until the answer is there; from the beginning, for a server that has answered
 * may close before all is sent, and what was not read by then is lost.
 */
async function overSocket(bytes: string, cuts: readonly number[] = [], ends: 'ends' | 'waits' = 'waits'): Promise<Answer> {
  const socket = connect(ports.http, '127.0.0.1')
  const chunks: Buffer[] = []
  const closed = new Promise((resolve) => socket.on('close', resolve))
  socket.on('error', () => {})
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    // A stream goes on for ever: this is as far as a replay goes.
    if (/event: sse\.live\r?\n.*\r?\nid: .*\r?\n/.test(Buffer.concat(chunks).toString('latin1'))) socket.destroy()
  })
  const all = Buffer.from(bytes, 'latin1')
  const pieces = [...new Set(cuts.map((cut) => cut % all.length))].sort((a, b) => a - b)
  for (const [index, end] of [...pieces, all.length].entries()) {
    if (socket.writable) socket.write(all.subarray(pieces[index - 1] ?? 0, end))
    await new Promise((resolve) => setImmediate(resolve))
  }
  if (ends === 'ends') socket.end()
  await closed
  return answerOf(Buffer.concat(chunks).toString())
}

/** The first answer in what came. */
function answerOf(text: string): Answer {
  const [head = '', ...rest] = text.replace(/^HTTP\/1\.1 100 .*\r\n\r\n/, '').split('\r\n\r\n')
  const [first = '', ...lines] = head.split('\r\n')
  const headers = new Map(lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)] as const))
  const body = rest.join('\r\n\r\n')
  return {
    status: Number(/^HTTP\/1\.1 (\d+)/.exec(first)?.[1]),
    headers,
    body: headers.get('transfer-encoding') === 'chunked' ? unchunked(body) : body,
  }
}

function unchunked(body: string): string {
  const bytes = Buffer.from(body)
  let text = ''
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf('\r\n', at)
    const size = Number.parseInt(bytes.subarray(at, end).toString(), 16)
    if (!(size > 0)) break
    text += bytes.subarray(end + 2, end + 2 + size).toString()
    at = end + 2 + size + 2
  }
  return text
}

const originsIn = (headers: readonly (readonly [string, string])[]): string[] =>
  headers.flatMap(([name, one]) => (name === 'origin' ? [one.trim()] : []))

describe('F10 D46 property: node:http', () => {
  test('by any method, path, query and headers, also where they come twice', async () => {
    await fc.assert(
      fc.asyncProperty(method, target, fc.array(header, { maxLength: 4 }), async (verb, path, headers) => {
        const lines = headers.map(([name, one]) => `${name}: ${one}\r\n`).join('')
        const answer = await overSocket(`${verb} ${path} HTTP/1.1\r\nhost: sse.test\r\nconnection: close\r\n${lines}\r\n`)
        check({ method: verb, origins: originsIn(headers) }, answer)
      }),
      { numRuns: 500 },
    )
  })

  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array).toString('latin1')),
    fc.constantFrom(
      '{"topics":["orders/mine"],"lastEventId":"1.a.0"}',
      '{"topics":["orders/mine","orders/other"]}',
      '{"__proto__":{"topics":["orders/mine"]}}',
      '{"topics":{"__proto__":["orders/mine"]}}',
      '[{"topics":["orders/mine"]}]',
      `{"topics":${'['.repeat(5_000)}${']'.repeat(5_000)}}`,
      '\xef\xbb\xbf{"topics":["orders/mine"]}',
      '{"topics":["orders/\xff\xfe"]}',
      '{"topics":["orders/\\ud800"],"lastEventId":"\\u0000\\n"}',
    ),
  )
  const body = fc.oneof(
    bytes,
    fc.tuple(bytes, fc.nat(60)).map(([all, end]) => all.slice(0, end)),
  )

  test('by any bytes as a body, however they are cut, in one piece or in chunks', async () => {
    await fc.assert(
      fc.asyncProperty(body, fc.boolean(), fc.array(fc.nat(), { maxLength: 4 }), value, async (sent, isChunked, cuts, origin) => {
        const framed = isChunked
          ? `transfer-encoding: chunked\r\n\r\n${sent === '' ? '' : `${sent.length.toString(16)}\r\n${sent}\r\n`}0\r\n\r\n`
          : `content-length: ${sent.length}\r\n\r\n${sent}`
        const head = `POST /events?topic=orders/other HTTP/1.1\r\nhost: sse.test\r\nconnection: close\r\norigin: ${origin}\r\n`
        check({ method: 'POST', origins: [origin.trim()] }, await overSocket(head + framed, cuts))
      }),
      { numRuns: 300 },
    )
  })

  test('by a body whose frame is untrue: cut off, too long, twice, or another within', async () => {
    const framing = fc.constantFrom(
      'content-length: 10\r\n\r\n{"topics":["orders/mine"]}',
      'content-length: 100\r\n\r\n{"topics":["orders/mine"]}',
      'content-length: 26\r\ncontent-length: 5\r\n\r\n{"topics":["orders/mine"]}',
      'content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /?topic=orders/other HTTP/1.1\r\n\r\n',
      'transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n',
      'transfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n{',
      'transfer-encoding: chunked\r\n\r\n1a;x="\r\n{"topics":["orders/mine"]}\r\n0\r\norigin: https://app.example\r\n\r\n',
      'transfer-encoding: chunked\r\n\r\n1a\r\n{"topics":["orders/mine"]}',
      'transfer-encoding: chunked\r\n\r\n-1\r\n\r\n',
      'expect: 100-continue\r\ncontent-length: 26\r\n\r\n{"topics":["orders/mine"]}',
      'content-encoding: gzip\r\ncontent-length: 3\r\n\r\n\x1f\x8b\x08',
      'content-length: +26\r\n\r\n{"topics":["orders/mine"]}',
      ' content-length: 26\r\n\r\n{"topics":["orders/mine"]}',
    )
    await fc.assert(
      fc.asyncProperty(framing, fc.array(fc.nat(), { maxLength: 3 }), async (frame, cuts) => {
        const answer = await overSocket(`POST /events HTTP/1.1\r\nhost: sse.test\r\n${frame}`, cuts, 'ends')
        // Node closes the connection of who left before the end of the body, and owes no answer.
        if (!Number.isNaN(answer.status)) check({ method: 'POST', origins: [] }, answer)
      }),
      { numRuns: 150 },
    )
  })
})

describe('F10 D46 property: node:http2', () => {
  test('by any method, path, query, headers and bytes, left at any time with any code', async () => {
    const session = connect2(`http://127.0.0.1:${ports.http2}`)
    const code = fc.option(fc.constantFrom(0, 1, 2, 5, 7, 8, 11), { freq: 1 })
    const sent = fc.option(fc.uint8Array({ maxLength: 40 }))
    await fc.assert(
      fc.asyncProperty(method, target, fc.array(header, { maxLength: 3 }), sent, code, async (verb, path, headers, payload, left) => {
        const fields = Object.fromEntries(headers.map(([name, one]) => [name, one.trim()]))
        const answer = await over2(session, { ':method': verb, ':path': path, ...fields }, payload, left)
        const { origin } = fields
        if (answer !== undefined) check({ method: verb, origins: origin === undefined ? [] : [origin] }, answer)
      }),
      { numRuns: 300 },
    )
    session.destroy()
  })

  /** The answer, where there is one: a path that HTTP/2 does not know is no request, and who leaves may leave before. */
  function over2(
    session: ReturnType<typeof connect2>,
    headers: Readonly<Record<string, string>>,
    payload: Uint8Array | null,
    left: number | null,
  ): Promise<Answer | undefined> {
    return new Promise((resolve) => {
      const request = session.request(headers, { endStream: payload === null })
      let [answer, body]: [Omit<Answer, 'body'> | undefined, string] = [undefined, '']
      request.on('error', () => {})
      request.on('response', ({ ':status': status, ...fields }) => {
        const named = Object.entries(fields).map(([name, one]) => [name, String(one)] as const)
        answer = { status: status ?? 0, headers: new Map(named) }
      })
      request.on('data', (chunk) => {
        body += String(chunk)
        if (body.includes('event: sse.live')) request.close()
      })
      request.on('close', () => resolve(left === null && answer !== undefined ? { ...answer, body } : undefined))
      if (payload !== null) request.end(payload)
      if (left !== null) setImmediate(() => request.close(left))
    })
  }
})

describe('F10 property: who asks for what cannot be is told what it was', () => {
  const written = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 120 }),
    fc.tuple(
      fc.constantFrom('orders/mine', 'orders/*', '', 'x'.repeat(2_049)),
      fc.constantFrom('', '@', '@now', '@last:', '@last:9', '@1.a.1', '@@'),
    ),
  )

  test('by its name, as JSON, cut to a line', () => {
    fc.assert(
      fc.property(
        fc.array(
          written.map((one) => [one].flat().join('')),
          { minLength: 1, maxLength: 4 },
        ),
        (topics) => {
          try {
            const asked = askedTopics({ topics, reconnectedAt: undefined, cursor: undefined }, 100)
            expect(asked).toHaveLength(topics.length)
          } catch (error) {
            expect(error).toMatchObject({ status: 400 })
            const { message } = error instanceof MalformedError ? error : new Error('not in our words')
            const names = topics.flatMap((topic) => [topic, topic.split('@')[0] ?? ''])
            expect(names.some((name) => message.includes(shown(name)))).toBe(true)
            expect([...message].every((character) => character >= ' ')).toBe(true)
          }
        },
      ),
      { numRuns: 1_000 },
    )
  })

  test('or by its place in the body', () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.json(), fc.record({ topics: fc.jsonValue(), lastEventId: fc.jsonValue() })), (body) => {
        try {
          const { topics, cursor } = askedInBody(body)
          expect([...topics, cursor ?? ''].every((one) => typeof one === 'string')).toBe(true)
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedError)
          expect(error).toMatchObject({
            status: 400,
            message: expect.stringMatching(/body is no JSON|body has no topics|"topics"|"lastEventId"/),
          })
        }
      }),
    )
  })
})
