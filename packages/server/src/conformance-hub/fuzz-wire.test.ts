import { type Message, parsePosition } from '@sse/schema/wire'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { memoryBackplane, openStream, ReaderError, respond } from '../index.js'
import { contract, hubOverFetch, serveHub } from '../testing/hub.js'
import { messagesOf } from '../testing/messages.js'
import { controlsIn } from '../testing/reading.js'

// Every field that reaches the wire, filled by somebody else. The wire is read by the book, and by no reader of ours: each
// thing that was said is one message, and there is no other.

const nasty = fc.constantFrom(
  ...['\n', '\r', '\r\n', '\n\n', '\r\r', '\0', '\uFEFF', '\u2028', '\u0085', '\uD800', ':', '#', '@', '*', '%', '/', '..'],
  ...['data: x', 'event: sse.end', 'id: 9', 'retry: 1', 'sse.', 'sse.ready', 'error', 'message', '{"key":"', '__proto__'],
)
const text = fc.array(fc.oneof(nasty, fc.string({ unit: 'binary', maxLength: 5 })), { maxLength: 6 }).map((parts) => parts.join(''))
/** What UTF-8 makes of a text: a lone surrogate becomes U+FFFD. */
const onTheWire = (one: string): string => Buffer.from(one).toString()

/** In short, with the fields of the protocol's own messages but for the key. */
function told({ event = 'message', data = '', id }: Message): unknown {
  if (!event.startsWith('sse.')) return [event, data, id]
  const { key, ...fields }: { readonly key?: unknown } = JSON.parse(data)
  expect(typeof key).toBe('string')
  return [event, fields]
}

describe('property: D50 F10 a private stream', () => {
  type Said =
    | { readonly kind: 'event'; readonly type: string; readonly data: string; readonly id: string | undefined }
    | { readonly kind: 'comment' | 'gap' | 'retry'; readonly text: string }

  const said: fc.Arbitrary<Said> = fc.oneof(
    fc.record({
      kind: fc.constant('event' as const),
      type: fc.oneof({ weight: 2, arbitrary: fc.stringMatching(/^[a-z]{1,5}$/) }, text),
      data: text,
      id: fc.option(fc.oneof(fc.stringMatching(/^\d{1,5}$/), text), { nil: undefined }),
    }),
    fc.record({ kind: fc.constantFrom('comment' as const, 'gap' as const, 'retry' as const), text }),
  )

  test('says what it was told, one message each, or rejects it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(said, { maxLength: 8 }), text, text, async (all, code, words) => {
        const expected: unknown[] = []
        const response = respond(new Request('https://sse.test/'), { onError: () => {} }, async (stream) => {
          for (const one of all) {
            if (one.kind === 'comment') await stream.comment(one.text)
            else if (one.kind === 'event') {
              const { type, data, id } = one
              const sent = await stream.send({ type, data, id }).catch((error: unknown) => error)
              if (sent === true) expected.push([onTheWire(type), JSON.stringify(data), id === undefined ? undefined : onTheWire(id)])
              else expect(sent).toMatchObject({ code: expect.stringMatching(/^invalid_(field|name)$/) })
            } else if (one.kind === 'gap') {
              // What code without types hands over.
              await Reflect.apply(stream.gap, stream, [one.text])
              expected.push(['sse.gap', { topics: [], reason: one.text }])
            } else {
              // A time to come back that is a text would be a line of its own.
              const close = Reflect.apply(stream.close, stream, [{ retry: one.text }])
              expect(await Promise.resolve(close).catch((error: unknown) => error)).toMatchObject({ code: 'invalid_field', field: 'retry' })
            }
          }
          throw new ReaderError(code, words)
        })
        const messages = messagesOf(await response.text())
        expect(messages[0]?.event).toBe('sse.ready')
        expect(messages.slice(1).map(told)).toEqual([...expected, ['sse.error', { code, message: words, retry: false }]])
        expect(messages.at(-1)?.id).toBe('sse.end')
      }),
      { numRuns: 400 },
    )
  })

  test('of what a producer throws says nothing', async () => {
    await fc.assert(
      fc.asyncProperty(text, async (secret) => {
        const { stream, response } = openStream(new Request('https://sse.test/'))
        await stream.end()
        const plain = messagesOf(await response.text()).length
        const failing = respond(new Request('https://sse.test/'), { onError: () => {} }, () => {
          throw Object.assign(new Error(secret), { code: secret, retry: false, status: secret })
        })
        const messages = messagesOf(await failing.text())
        expect(messages).toHaveLength(plain)
        expect(told(messages[1] ?? {})).toEqual([
          'sse.error',
          { code: 'internal', message: 'The server failed to go on with this stream.', retry: true },
        ])
      }),
    )
  })
})

describe('property: D50 F10 a hub’s stream', () => {
  const words = fc.record({ identity: text, unknown: text, denied: text, end: text, goodbye: text })

  test('says who is there, what is not, what is over and why it closes, each in one message', async () => {
    await fc.assert(
      fc.asyncProperty(words, async ({ identity, unknown, denied, end, goodbye }) => {
        await using server = await serveHub(hubOverFetch, {
          hub: { channels: { log: { presence: true } } },
          handler: { authorize: ({ topics }) => ({ allow: topics.filter(({ channel }) => channel !== 'inbox'), identity }) },
        })
        const noTopic = `no/${unknown.replaceAll('@', '')}`
        const inbox = `users/${encodeURIComponent(onTheWire(denied))}x/inbox`
        const reading = await server.get(['logs/a', 'orders/1', noTopic, ...(contract.inbox.parse(inbox) === undefined ? [] : [inbox])])
        expect(reading.status).toBe(200)
        await reading.live()
        await server.hub.end(contract.order({ orderId: 1 }), { reason: end })
        server.hub.disconnect({ identity }, goodbye)
        await reading.all()
        const messages = messagesOf(reading.incoming.chunks.join(''))
        const isDenied = contract.inbox.parse(inbox) !== undefined
        expect(messages.map(told)).toEqual([
          ['sse.ready', expect.objectContaining({ protocol: 1 })],
          ['sse.error', expect.objectContaining({ code: 'unknown', topics: [onTheWire(noTopic)] })],
          ...(isDenied ? [['sse.error', expect.objectContaining({ code: 'denied', topics: [inbox] })]] : []),
          ['sse.presence', { topic: 'logs/a', count: 1, joined: [identity], left: [], reset: true }],
          ['sse.live', expect.objectContaining({ topics: ['logs/a', 'orders/1'] })],
          ['sse.end', { reason: end, topics: ['orders/1'] }],
          ['sse.error', { code: 'disconnected', message: goodbye, retry: true }],
        ])
        expect(server.errors).toEqual([])
      }),
      { numRuns: 200 },
    )
  })

  const entry = fc.record({
    // What another node may have written: of this contract, of a newer one, of nobody's.
    type: fc.oneof(fc.constantFrom('created', 'note', 'shipped'), text),
    data: fc.oneof(text, fc.json()),
    topic: fc.oneof(
      fc.constantFrom('orders/1', 'orders/2'),
      // With a slash it would be in another subtree.
      text.map((one) => `orders/${one.replaceAll('/', '')}`),
    ),
    kind: fc.constantFrom('event' as const, 'event' as const, 'event' as const, 'end' as const),
  })

  test('of what other nodes wrote says what the wire can carry, and of the rest that it is missing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 6 }), fc.boolean(), async (entries, isReplayed) => {
        const backplane = memoryBackplane()
        await using server = await serveHub(hubOverFetch, { hub: { backplane } })
        const write = async (): Promise<string[]> => {
          const ended = new Set<string>()
          const written: string[] = []
          for (const { topic, type, data, kind } of entries) {
            if (ended.has(topic)) continue
            if (kind === 'end') ended.add(topic)
            await backplane.append({ topic, subtree: 'orders/*', kind, type, data, retain: undefined, key: undefined })
            if (kind === 'event') written.push(`${topic}#${onTheWire(type)} ${onTheWire(data).replaceAll(/\r\n?/g, '\n')}`)
          }
          return written
        }
        const before = isReplayed ? await server.hub.cursor([contract.order.all()]) : ''
        const first = isReplayed ? await write() : []
        const reading = await server.get(['orders/*', 'logs/last'], isReplayed ? { query: { lastEventId: before } } : {})
        await reading.live()
        const written = isReplayed ? first : await write()
        await server.hub.publish(contract.log({ name: 'last' }), { type: 'line', data: 'last' })
        await reading.until(({ data }) => data === 'last')
        reading.leave()
        const messages = messagesOf(reading.incoming.chunks.join(''))
        // A message is one of the protocol's own, with the key; or an event that was written, at a position.
        const controls = messages.filter(({ event }) => event?.startsWith('sse.'))
        expect(controlsIn(messages)).toHaveLength(controls.length)
        for (const { id } of messages.filter((message) => message.id !== undefined)) expect(parsePosition(id ?? '')).toBeDefined()
        const events = messages.filter((message) => !controls.includes(message)).map(({ event, data }) => `${event} ${data}`)
        expect(events.pop()).toBe('logs/last#line last')
        const carried = written.filter((one) => events.includes(one))
        expect(events).toEqual(carried)
        const isMissing = carried.length < written.length
        const gaps = controlsIn(messages).flatMap((control) => (control.type === 'sse.gap' ? [control.reason] : []))
        expect(gaps.every((reason) => reason === 'trimmed')).toBe(true)
        if (isMissing) expect(gaps.length).toBeGreaterThan(0)
        // Whatever is of this contract comes.
        for (const { topic, type, kind } of entries) {
          if (kind !== 'event' || !/^orders\/[12]$/.test(topic) || !/^(created|note|shipped)$/.test(type)) continue
          if (written.some((one) => one.startsWith(`${topic}#${type} `))) {
            expect(events.some((one) => one.startsWith(`${topic}#${type} `))).toBe(true)
          }
        }
      }),
      { numRuns: 300 },
    )
  })
})
