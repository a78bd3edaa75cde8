import { createServer } from 'node:http'
import { type DecodedPayloads, defineEvents, isoDate, text } from '@sse/schema'
import { describe, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { type Outgoing, openStream as openFetchStream, ReaderError, type Stream, type StreamOptions } from './index.js'
import { openStream, respond } from './node.js'

const orderEvents = defineEvents({
  created: z.object({ id: z.string(), total: z.number() }),
  shipped: z.object({ id: z.string(), at: isoDate }),
})
const tokens = defineEvents({ token: text })

type OrderStream = Stream<DecodedPayloads<typeof orderEvents>>
type Order = Outgoing<DecodedPayloads<typeof orderEvents>>

declare const stream: OrderStream
declare const untyped: Stream
declare const tokenStream: Stream<DecodedPayloads<typeof tokens>>
declare const words: AsyncIterable<string>
declare function shipments(
  signal: AbortSignal,
  from: string | undefined,
): AsyncIterable<{ type: 'shipped'; data: { id: string; at: Date } }>

describe('the example of the design', () => {
  test('compiles as it is written', () => {
    createServer((req, res) =>
      respond(req, res, { events: orderEvents }, async (stream) => {
        await stream.send({ type: 'created', data: { id: '42', total: 10 } })
        await stream.sendAll(shipments(stream.signal, stream.lastEventId))
      }),
    ).listen(3000)
  })
})

describe('send', () => {
  test('takes the events of the stream, as code has them', () => {
    const anyOrder = (event: Order): unknown => stream.send(event)
    expectTypeOf(anyOrder).parameter(0).toEqualTypeOf<Order>()
    // The data of that type alone: what is missing, or too much, is told of it and not of all types together.
    expectTypeOf(stream.send<'created'>)
      .parameter(0)
      .toHaveProperty('data')
      .toEqualTypeOf<{ id: string; total: number }>()
    expectTypeOf<Extract<Order, { type: 'shipped' }>['data']>().toEqualTypeOf<{ id: string; at: Date }>()
    expectTypeOf(stream.send).returns.toEqualTypeOf<Promise<boolean>>()
    void stream.send({ type: 'shipped', data: { id: '42', at: new Date() }, id: '7' })
    void stream.send({ type: 'shipped', data: { id: '42', at: new Date() }, id: undefined })
  })

  test('rejects what is none of them', () => {
    // @ts-expect-error: no such type.
    void stream.send({ type: 'cancelled', data: { id: '42' } })
    // @ts-expect-error: total is a number.
    void stream.send({ type: 'created', data: { id: '42', total: '10' } })
    // @ts-expect-error: total is missing.
    void stream.send({ type: 'created', data: { id: '42' } })
    // @ts-expect-error: this is the data of another type.
    void stream.send({ type: 'created', data: { id: '42', at: new Date() } })
    // @ts-expect-error: code has a Date; the string is for the wire.
    void stream.send({ type: 'shipped', data: { id: '42', at: '2026-01-01T00:00:00Z' } })
    // @ts-expect-error: an id is a string.
    void stream.send({ type: 'created', data: { id: '42', total: 10 }, id: 7 })
    // @ts-expect-error: text goes out verbatim, so it is a string.
    void tokenStream.send({ type: 'token', data: 1 })
  })

  test('end takes a last event of the same kind', () => {
    expectTypeOf(stream.end).parameter(0).toEqualTypeOf<Order | undefined>()
    // @ts-expect-error: no such type.
    void stream.end({ type: 'cancelled', data: {} })
  })

  test('a stream without events takes any type and any data', () => {
    void untyped.send({ type: 'anything', data: { at: [1, null] } })
    // @ts-expect-error: an event has a type, all the same.
    void untyped.send({ data: 1 })
  })
})

describe('sendAll', () => {
  test('takes any iterable of events, and skips what is not there', () => {
    const created = { type: 'created', data: { id: '42', total: 10 } } as const
    void stream.sendAll([created, null, undefined])
    void stream.sendAll(new Set([created]))
    void stream.sendAll(new ReadableStream<typeof created>())
    void stream.sendAll(shipments(stream.signal, undefined))
    expectTypeOf(stream.sendAll([created])).toEqualTypeOf<Promise<boolean>>()
  })

  test('maps on the way, and what the map leaves out is skipped', () => {
    void tokenStream.sendAll(words, (data) => ({ type: 'token', data }))
    void tokenStream.sendAll([null, 'a'], (data) => {
      expectTypeOf(data).toEqualTypeOf<string>()
      return data === 'a' ? { type: 'token', data } : undefined
    })
  })

  test('rejects items that are no events, and maps that make none', () => {
    // @ts-expect-error: words are no events: a map is missing.
    void tokenStream.sendAll(words)
    // @ts-expect-error: the generator yields the wrong shape.
    void stream.sendAll(wrongShape())
    // @ts-expect-error: the generator yields the wrong type.
    void stream.sendAll(wrongType())
    // @ts-expect-error: the map makes the wrong type.
    void tokenStream.sendAll(words, (data) => ({ type: 'word', data }))
    // @ts-expect-error: the map makes the wrong data.
    void tokenStream.sendAll(words, () => ({ type: 'token', data: 1 }))
    // @ts-expect-error: an event is no iterable of events.
    void stream.sendAll({ type: 'created', data: { id: '42', total: 10 } })
  })
})

function* wrongShape(): Generator<{ type: 'created'; data: { id: string } }> {
  yield { type: 'created', data: { id: '42' } }
}

async function* wrongType(): AsyncGenerator<{ type: 'cancelled'; data: { id: string; total: number } }> {
  yield { type: 'cancelled', data: { id: '42', total: 10 } }
}

describe('opening', () => {
  test('the stream has the payloads of its events, on both sides of the Fetch API', () => {
    createServer((request, response) => {
      expectTypeOf(openStream(request, response, { events: orderEvents })).toEqualTypeOf<OrderStream>()
      expectTypeOf(openStream(request, response)).toEqualTypeOf<Stream>()
    })
    expectTypeOf(openFetchStream(new Request('')).stream).toEqualTypeOf<Stream>()
    expectTypeOf(openFetchStream(new Request(''), { events: orderEvents }).stream).toEqualTypeOf<OrderStream>()
    expectTypeOf(openFetchStream(new Request('')).response).toEqualTypeOf<Response>()
  })

  test('every optional option takes undefined', () => {
    type AllUndefined = { [K in keyof StreamOptions]-?: undefined }
    expectTypeOf<AllUndefined>().toExtend<StreamOptions>()
    expectTypeOf<{ origin: '*'; credentials: undefined }>().toExtend<NonNullable<StreamOptions['cors']>>()
    expectTypeOf<{ retry: undefined }>().toExtend<NonNullable<Parameters<Stream['close']>[0]>>()
    new ReaderError('busy', 'Try again.', { retry: undefined })
  })

  test('callbacks may be async, and a header may come several times', () => {
    expectTypeOf<{ onError: (error: unknown) => Promise<void>; onClose: () => Promise<void> }>().toExtend<StreamOptions>()
    expectTypeOf<{ headers: { 'set-cookie': readonly string[]; 'x-a': string } }>().toExtend<StreamOptions>()
    expectTypeOf<{ cors: { origin: '*'; headers: readonly string[] } }>().toExtend<StreamOptions>()
  })

  test('a map of schemas is no events: define them first', () => {
    // @ts-expect-error: these are schemas that nothing has checked.
    openFetchStream(new Request(''), { events: { tick: z.number() } })
  })

  test('options that there are not are typing errors', () => {
    // @ts-expect-error: it is called heartbeat.
    openFetchStream(new Request(''), { heartBeat: 1000 })
  })

  test('any origin, or listed ones, may be let in', () => {
    type Cors = NonNullable<StreamOptions['cors']>
    expectTypeOf<{ origin: '*' }>().toExtend<Cors>()
    expectTypeOf<{ origin: string; credentials: boolean }>().toExtend<Cors>()
    expectTypeOf<{ origin: readonly string[]; credentials: true }>().toExtend<Cors>()
    expectTypeOf<{ credentials: true }>().not.toExtend<Cors>()
  })
})
