import { getEventListeners } from 'node:events'
import { describe, expect, test } from 'vitest'
import { OptionError } from '../errors.js'
import { openStream, respond } from '../index.js'
import { deferred, isPending } from '../testing/deferred.js'
import { messagesOf } from '../testing/messages.js'

// What only the Fetch API can do: signals, bodies, and handlers without a server.

const url = 'https://sse.test/events'
const left = { reason: 'left', reconnect: true }

test('openStream gives the stream and the response that carries it', async () => {
  const { stream, response } = openStream(new Request(url))
  await stream.end({ type: 'tick', data: 1 })
  expect(response.status).toBe(200)
  expect(messagesOf(await response.text()).map(({ event }) => event)).toEqual(['sse.ready', 'tick', 'sse.end'])
})

test('the body is bytes, in UTF-8', async () => {
  const { stream, response } = openStream(new Request(url))
  await stream.end({ type: 'tick', data: '豆' })
  expect(Buffer.from(await response.bytes()).includes(Buffer.from('data: "豆"\n'))).toBe(true)
})

test('D44 each chunk of the body is whole events, however many leave in one turn', async () => {
  const { stream, response } = openStream(new Request(url))
  for (let n = 0; n < 1000; n++) void stream.send({ type: 'tick', data: 'x'.repeat(n) })
  void stream.end()
  const decoder = new TextDecoder()
  const chunks: string[] = []
  const reader = response.body?.getReader()
  for (let next = await reader?.read(); next?.value !== undefined; next = await reader?.read()) chunks.push(decoder.decode(next.value))
  expect(chunks.length).toBeGreaterThan(2)
  expect(chunks.filter((chunk) => !/^event: .*\n\n$/s.test(chunk))).toEqual([])
  expect(messagesOf(chunks.join(''))).toHaveLength(1002)
})

test('where no stream is called for, the response says so and the stream is over', async () => {
  const { stream, response } = openStream(new Request(url, { method: 'PUT' }))
  expect([response.status, response.body]).toEqual([405, null])
  expect(await stream.closed).toEqual({ reason: 'answered', reconnect: false })
  expect(await stream.send({ type: 'tick', data: 1 })).toBe(false)
})

test('options that make no sense are thrown, not streamed', () => {
  expect(() => respond(new Request(url), { retry: 1.5 }, () => {})).toThrow(OptionError)
})

test('a stream whose body nobody reads yet holds no more than it was given', async () => {
  const { stream, response } = openStream(new Request(url))
  const waiting = stream.send({ type: 'block', data: 'x'.repeat(20_000) })
  expect(await isPending(waiting)).toBe(true)
  const reader = response.body?.getReader()
  await reader?.read()
  expect(await waiting).toBe(true)
  await reader?.cancel()
})

describe('D49 the signal of the request', () => {
  test('ends the stream when it aborts, and its body: no reader is left waiting', async () => {
    const controller = new AbortController()
    const { stream, response } = openStream(new Request(url, { signal: controller.signal }))
    const reader = response.body?.getReader()
    await reader?.read()
    const next = reader?.read()
    controller.abort()
    expect(await stream.closed).toEqual(left)
    expect(stream.signal.aborted).toBe(true)
    expect((await next)?.done).toBe(true)
  })

  test('that has aborted already: the stream is over at once, and no producer runs', async () => {
    const closed = deferred<unknown>()
    let runs = 0
    const request = new Request(url, { signal: AbortSignal.abort() })
    respond(request, { onClose: closed.resolve }, () => runs++)
    expect(await closed.promise).toEqual(left)
    expect(runs).toBe(0)
  })

  test('keeps no listener of a stream that is over', async () => {
    const request = new Request(url, { signal: new AbortController().signal })
    const before = getEventListeners(request.signal, 'abort').length
    const { stream } = openStream(request)
    expect(getEventListeners(request.signal, 'abort')).toHaveLength(before + 1)
    await stream.end()
    expect(getEventListeners(request.signal, 'abort')).toHaveLength(before)
  })

  test('that aborts after the end changes nothing', async () => {
    const controller = new AbortController()
    const { stream, response } = openStream(new Request(url, { signal: controller.signal }))
    await stream.end()
    controller.abort()
    expect(await stream.closed).toEqual({ reason: 'ended', reconnect: false })
    expect(await response.text()).toContain('sse.end')
  })
})

test('D49 a body that is cancelled ends the stream', async () => {
  const { stream, response } = openStream(new Request(url))
  await response.body?.cancel()
  expect(await stream.closed).toEqual(left)
})
