import { describe, expect, test } from 'vitest'
import type { Snapshot } from './state.js'
import { subscribe } from './subscribe.js'
import { collect } from './testing/async.js'
import { Log } from './testing/log.js'
import { type Exchange, startServer } from './testing/raw-server.js'
import { end, event, ready } from './testing/wire.js'

const reconnect = { baseDelay: 0 }

describe('C32 a connection that ends without an end', () => {
  test.each([
    ['by the end of the stream', (exchange: Exchange) => exchange.end()],
    ['by a chunk that is cut off', (exchange: Exchange) => exchange.cut()],
    ['by a reset', (exchange: Exchange) => exchange.reset()],
    ['before the end of an event', (exchange: Exchange) => exchange.send('data: 2').end()],
  ])('%s is waited for and made anew, from where the reader is', async (_, lose) => {
    await using server = await startServer()
    const states = new Log<Snapshot>()
    const live = subscribe<{ a: number }>(server.url, { reconnect, onStateChange: states.add })
    const events = new Log<number>()
    live.on('a', ({ data }) => events.add(data))
    const reading = collect(live)
    const first = await server.stream(ready() + event('a', 1, '1'))
    await events.count(1)
    lose(first)
    const second = await server.stream(ready() + event('a', 2, '2') + end)
    expect((await reading).map(({ data }) => data)).toEqual([1, 2])
    expect(second.request.headers.get('last-event-id')).toBe('1')
    expect(states.entries.map(({ state, reason }) => [state, reason])).toEqual([
      ['connecting', undefined],
      ['open', undefined],
      ['waiting', 'lost'],
      ['connecting', undefined],
      ['open', undefined],
      ['closed', 'ended'],
    ])
    expect(states.entries[2]?.error).toMatchObject({ code: 'connection_lost' })
  })

  test('by a reset before any answer is one too', async () => {
    await using server = await startServer()
    const reading = collect(subscribe(server.url, { reconnect }))
    ;(await server.next()).reset()
    await server.stream(ready() + event('a', 1) + end)
    expect(await reading).toHaveLength(1)
  })

  test('nobody is told of what is retried: that is in the state', async () => {
    await using server = await startServer()
    const errors: Error[] = []
    const reading = collect(subscribe(server.url, { reconnect, onError: (error) => void errors.push(error) }))
    ;(await server.next()).reset()
    ;(await server.next()).answer(503)
    ;(await server.stream()).end()
    await server.stream(ready() + end)
    await reading
    expect(errors).toEqual([])
  })
})

test('C32 a server that refuses is waited for, and found when it is back', async () => {
  const states = new Log<Snapshot>()
  const gone = await startServer()
  await gone[Symbol.asyncDispose]()
  const reading = collect(subscribe(gone.url, { reconnect, onStateChange: states.add }))
  const { error } = await states.find(({ state }) => state === 'waiting')
  expect(error).toMatchObject({ code: 'connection_lost', cause: { cause: { code: 'ECONNREFUSED' } } })
  await using back = await startServer(gone.port)
  await back.stream(ready() + event('a', 1) + end)
  expect(await reading).toHaveLength(1)
})

test('C32 a name that does not resolve is waited for', async () => {
  const states = new Log<Snapshot>()
  // RFC 6761: it never resolves.
  await using live = subscribe('http://sse.invalid/', { onStateChange: states.add })
  live.on('a', () => {})
  const { reason, error } = await states.find(({ state }) => state === 'waiting')
  expect(reason).toBe('lost')
  expect(error).toMatchObject({ code: 'connection_lost', cause: { cause: { syscall: 'getaddrinfo' } } })
})
