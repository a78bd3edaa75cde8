import { AsyncLocalStorage } from 'node:async_hooks'
import { defineEvents, FieldError, isoDate, NameError, SchemaError, text, UnknownTypeError, ValidationError } from '@sse/schema'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { ArgumentError, EventTooLargeError } from '../errors.js'
import type { Stream } from '../stream.js'
import { adapters } from '../testing/adapters.js'
import { controlOf, messagesOf } from '../testing/messages.js'
import { openSession, rejection } from '../testing/session.js'

// What a reader gets for what an application sends, by every adapter alike.

const events = defineEvents({ line: text, order: z.object({ id: z.string(), at: isoDate }), count: z.number() })

describe.each(adapters)('$name', (adapter) => {
  test('D44 headers leave while the producer is still silent', async () => {
    await using session = await openSession(adapter)
    expect(session.incoming.status).toBe(200)
  })

  test('sse.ready is first, has no id, and announces heartbeat and verbatim types', async () => {
    await using session = await openSession(adapter, { events })
    const [first] = messagesOf(await session.incoming.until('\n\n'))
    expect(first).toEqual({ event: 'sse.ready', data: expect.any(String) })
    expect(controlOf([first ?? {}], 'sse.ready')).toEqual({ protocol: 1, heartbeat: 15_000, text: ['line'], key: expect.any(String) })
  })

  test('a gap is told in its place among the events', async () => {
    await using session = await openSession(adapter)
    await Promise.all([
      session.stream.gap(),
      session.stream.send({ type: 'tick', data: 1 }),
      session.stream.gap('reset'),
      session.stream.end(),
    ])
    const messages = (await session.incoming.messages()).slice(1, 4)
    expect(messages.map(({ event }) => event)).toEqual(['sse.gap', 'tick', 'sse.gap'])
    const [first, , second] = messages
    expect(controlOf([first ?? {}], 'sse.gap')).toMatchObject({ topics: [], reason: 'trimmed' })
    expect(controlOf([second ?? {}], 'sse.gap')).toMatchObject({ topics: [], reason: 'reset' })
  })

  test('each stream has a key of its own', async () => {
    await using one = await openSession(adapter)
    await using other = await openSession(adapter)
    const [first, second] = [await one.incoming.until('\n\n'), await other.incoming.until('\n\n')]
    expect(controlOf(messagesOf(first), 'sse.ready')['key']).not.toBe(controlOf(messagesOf(second), 'sse.ready')['key'])
  })

  test('the reconnection time is told at the start', async () => {
    await using session = await openSession(adapter, { retry: 1234 })
    await session.stream.end()
    expect(await session.incoming.messages()).toContainEqual({ retry: 1234 })
  })

  test('D44 a whole event leaves in one write', async () => {
    await using session = await openSession(adapter)
    await session.incoming.until('\n\n')
    await session.stream.send({ type: 'tick', data: { n: 1 }, id: '1' })
    await session.incoming.until('id: 1\n\n')
    expect(session.incoming.chunks.at(-1)).toBe('event: tick\ndata: {"n":1}\nid: 1\n\n')
  })

  test('all sends of one turn leave in one write', async () => {
    await using session = await openSession(adapter)
    await session.incoming.until('\n\n')
    const { stream } = session
    await Promise.all([stream.send({ type: 'a', data: 1 }), stream.comment('c'), stream.send({ type: 'b', data: 2 })])
    await session.incoming.until('event: b\ndata: 2\n\n')
    expect(session.incoming.chunks.at(-1)).toBe('event: a\ndata: 1\n\n:c\n\nevent: b\ndata: 2\n\n')
  })

  test('send resolves true for a reader that keeps up', async () => {
    await using session = await openSession(adapter)
    expect(await session.stream.send({ type: 'tick', data: 1 })).toBe(true)
    expect(await session.stream.comment('still here')).toBe(true)
  })

  test.each([
    ['one line', 'a "b" {c}', 'a "b" {c}', 'data: a "b" {c}\n'],
    ['several lines', 'a\nb\r\nc\rd', 'a\nb\nc\nd', 'data: a\ndata: b\ndata: c\ndata: d\n'],
    ['nothing', '', '', 'data: \n'],
    [
      'what looks like a field',
      'x\nevent: forged\nid: 9\n\ndata: y',
      'x\nevent: forged\nid: 9\n\ndata: y',
      'data: event: forged\ndata: id: 9\n',
    ],
  ])('E59 D50 text goes out verbatim: %s', async (_, data, received, wire) => {
    await using session = await openSession(adapter, { events })
    await session.stream.send({ type: 'line', data })
    await session.stream.end()
    expect(await session.incoming.all()).toContain(wire)
    expect(await session.incoming.events()).toEqual([{ event: 'line', data: received }])
  })

  test.each<[string, unknown, string]>([
    ['an object, compact', { a: [1, null] }, '{"a":[1,null]}'],
    ['a string, in quotes', 'hi', '"hi"'],
    ['a string with line ends, on one line', 'a\nb\r\nc', '"a\\nb\\r\\nc"'],
    ['a lone surrogate, escaped', '\ud800', '"\\ud800"'],
    ['U+2028 and U+2029', '\u2028\u2029', '"\u2028\u2029"'],
    ['a NUL, escaped', '\0', '"\\u0000"'],
    ['null', null, 'null'],
  ])('E59 D50 any other value goes as JSON: %s', async (_, data, wire) => {
    await using session = await openSession(adapter)
    await session.stream.send({ type: 'value', data })
    await session.stream.end()
    expect(await session.incoming.events()).toEqual([{ event: 'value', data: wire }])
  })

  test('a codec encodes on the way out', async () => {
    await using session = await openSession(adapter, { events })
    await session.stream.send({ type: 'order', data: { id: '1', at: new Date(0) } })
    await session.stream.end()
    expect(await session.incoming.events()).toEqual([{ event: 'order', data: '{"id":"1","at":"1970-01-01T00:00:00.000Z"}' }])
  })

  test('E60 what is not set is left out', async () => {
    await using session = await openSession(adapter)
    await session.incoming.until('\n\n')
    await session.stream.send({ type: 'a', data: 1, id: undefined })
    await session.stream.send({ type: 'b', data: 2, id: '' })
    await session.incoming.until('event: b')
    expect(session.incoming.chunks.slice(1).join('')).toBe('event: a\ndata: 1\n\nevent: b\ndata: 2\nid: \n\n')
  })

  test('D50 comments of several lines stay comments', async () => {
    await using session = await openSession(adapter)
    await session.stream.comment('a\r\ndata: b\rc')
    await session.stream.end()
    expect(await session.incoming.all()).toContain('\n:a\n:data: b\n:c\n\n')
    expect(await session.incoming.events()).toEqual([])
  })

  test.each([
    ['LF in an id', { type: 'a', data: 1, id: '1\ndata: forged' }, FieldError],
    ['CR in an id', { type: 'a', data: 1, id: '1\rdata: forged' }, FieldError],
    ['NUL in an id', { type: 'a', data: 1, id: '1\0' }, FieldError],
    ["an id of the protocol's", { type: 'a', data: 1, id: 'sse.end' }, FieldError],
    ['LF in a type', { type: 'a\ndata: forged', data: 1 }, NameError],
    ['CR in a type', { type: 'a\rdata: forged', data: 1 }, NameError],
    ['NUL in a type', { type: 'a\0', data: 1 }, NameError],
    ["a type of the protocol's", { type: 'sse.end', data: 1 }, NameError],
    ["a type of EventSource's", { type: 'error', data: 1 }, NameError],
    ['data that is no JSON', { type: 'a', data: 1n }, SchemaError],
    ['D51 an event over the limit', { type: 'a', data: 'x'.repeat(1_048_576) }, EventTooLargeError],
  ])('D50 %s is rejected, nothing of it is sent, and the stream stays usable', async (_, event, expected) => {
    await using session = await openSession(adapter)
    expect(await rejection(session.stream.send(event))).toBeInstanceOf(expected)
    expect(await rejection(session.stream.end(event))).toBeInstanceOf(expected)
    expect(await session.stream.send({ type: 'fine', data: 1 })).toBe(true)
    await session.stream.end()
    expect(await session.incoming.events()).toEqual([{ event: 'fine', data: '1' }])
    expect([session.errors, session.closes]).toEqual([[], [{ reason: 'ended', reconnect: false }]])
  })

  test.each<[string, unknown, typeof FieldError | typeof ArgumentError, string]>([
    ['an id that is a number', { type: 'a', data: 1, id: 5 }, FieldError, 'id is a number: pass a string, as String(id)'],
    ['an id that is null', { type: 'a', data: 1, id: null }, FieldError, 'id is null: pass a string'],
    ['null', null, ArgumentError, 'event is null: it takes { type, data, id? }'],
    ['a text', 'hi', ArgumentError, 'event is a string: it takes { type, data, id? }'],
    ['an event without a type', { data: 1 }, ArgumentError, 'event.type is undefined: it takes a string'],
    ['an event whose type is a number', { type: 5, data: 1 }, ArgumentError, 'event.type is a number: it takes a string'],
  ])('%s is rejected by name and remedy, also as the last event, and the stream stays usable', async (_, event, expected, message) => {
    await using session = await openSession(adapter)
    for (const method of ['send', 'end']) {
      const error = await rejection(untyped(session.stream, method, event))
      expect(error).toBeInstanceOf(expected)
      expect(error).toMatchObject({ message: expect.stringContaining(message) })
    }
    await session.stream.end({ type: 'fine', data: 1 })
    expect(await session.incoming.events()).toEqual([{ event: 'fine', data: '1' }])
  })

  test.each([
    ['sendAll', [5], 'source', 'is a number: sendAll takes an iterable'],
    ['sendAll', [null], 'source', 'is null: sendAll takes an iterable'],
    ['sendAll', [[], 5], 'map', 'is a number: it takes a function'],
    ['sendAll', [[5]], 'event', 'is a number: it takes { type, data, id? }'],
    ['comment', [5], 'text', 'is a number: a comment takes a string'],
    ['writeRaw', [5], 'chunk', 'is a number: writeRaw takes a string or a Uint8Array'],
    ['writeRaw', [[1, 2]], 'chunk', 'is a list: writeRaw takes a string or a Uint8Array'],
  ])('%s(%j) is rejected by name and remedy, and the stream stays usable', async (method, args, argument, message) => {
    await using session = await openSession(adapter)
    const error = await rejection(untyped(session.stream, method, ...args))
    expect(error).toBeInstanceOf(ArgumentError)
    expect(error).toMatchObject({ code: 'invalid_argument', argument, message: expect.stringContaining(message) })
    await session.stream.end({ type: 'fine', data: 1 })
    expect(await session.incoming.events()).toEqual([{ event: 'fine', data: '1' }])
  })

  test('an event that does not fit its schema, or has none, is rejected and the stream stays usable', async () => {
    await using session = await openSession(adapter, { events })
    // @ts-expect-error: the type is not defined.
    const unknown: Promise<boolean> = session.stream.send({ type: 'missing', data: 1 })
    // @ts-expect-error: the data is of another type.
    const invalid: Promise<boolean> = session.stream.send({ type: 'count', data: 'one' })
    expect(await rejection(unknown)).toBeInstanceOf(UnknownTypeError)
    expect(await rejection(invalid)).toBeInstanceOf(ValidationError)
    await session.stream.end({ type: 'count', data: 1 })
    expect(await session.incoming.events()).toEqual([{ event: 'count', data: '1' }])
  })

  test('D51 the limit counts UTF-8 bytes of the whole event', async () => {
    const frame = 'event: a\ndata: "€"\n\n'
    await using session = await openSession(adapter, { maxEventBytes: Buffer.byteLength(frame) })
    expect(await session.stream.send({ type: 'a', data: '€' })).toBe(true)
    expect(await rejection(session.stream.send({ type: 'a', data: '€.' }))).toMatchObject({
      code: 'event_too_large',
      bytes: Buffer.byteLength(frame) + 1,
      limit: Buffer.byteLength(frame),
    })
  })

  test.each([Number.NaN, -1, 1.5, Number.POSITIVE_INFINITY])(
    'D51 a reconnection time of %d is rejected and the stream stays usable',
    async (retry) => {
      await using session = await openSession(adapter)
      expect(await rejection(session.stream.close({ retry }))).toMatchObject({ code: 'invalid_field', field: 'retry' })
      expect(await session.stream.send({ type: 'fine', data: 1 })).toBe(true)
    },
  )

  test('E70 the context of the request is that of its producer, also after it has waited, and of its errors', async () => {
    const storage = new AsyncLocalStorage<string>()
    const seen: (string | undefined)[] = []
    const producer = async (stream: Stream): Promise<never> => {
      seen.push(storage.getStore())
      await stream.send({ type: 'tick', data: 1 })
      seen.push(storage.getStore())
      throw new Error('told in the context')
    }
    const onError = (): void => void seen.push(storage.getStore())
    await using served = await adapter.serve({ onError }, producer, (handle) => storage.run('request 7', handle))
    await (await served.ask()).all()
    expect(seen).toEqual(['request 7', 'request 7', 'request 7'])
  })
})

/** Calls a method as code without types does. */
function untyped(stream: Stream, method: string, ...args: readonly unknown[]): Promise<unknown> {
  const call: unknown = Reflect.get(stream, method)
  if (typeof call !== 'function') throw new Error(`a stream has no ${method}`)
  return Reflect.apply(call, stream, args)
}
