import { describe, expect, test } from 'vitest'
import type { ConnectOptions } from '../options.js'
import type { Snapshot } from '../state.js'
import { subscribe } from '../subscribe.js'
import { collect, turns } from '../testing/async.js'
import { Log } from '../testing/log.js'
import { startServer } from '../testing/raw-server.js'
import { transports } from '../testing/transports.js'

// web-platform-tests `eventsource/`: when it is what, and who hears of it. Their CONNECTING after an error is our `waiting`.

describe.each(transports)('over $over', ({ transport }) => {
  const options = { transport, format: 'text', reconnect: { baseDelay: 0 } } satisfies ConnectOptions

  test('eventsource-onmessage.any.js: a loop gets the message', async () => {
    await using server = await startServer()
    const reading = collect(subscribe(server.url, options))
    ;(await server.stream('data: data\n\n\n')).end()
    ;(await server.next()).answer(204)
    expect((await reading).map(({ type, data }) => [type, data])).toEqual([['message', 'data']])
  })

  test('eventsource-eventtarget.any.js: a handler gets the message', async () => {
    await using server = await startServer()
    await using live = subscribe(server.url, options)
    const data = new Log<unknown>()
    live.on('message', (event) => data.add(event.data))
    await server.stream('data: data\n\n\n')
    expect(await data.count(1)).toEqual(['data'])
  })

  test('eventsource-onopen.any.js: it is open once the server has accepted it, before any message', async () => {
    await using server = await startServer()
    const states = new Log<Snapshot>()
    await using live = subscribe(server.url, { ...options, onStateChange: states.add })
    expect(live.state).toBe('connecting')
    await server.stream()
    await states.find(({ state }) => state === 'open')
    expect(live.state).toBe('open')
  })

  test('eventsource-close.window.js: it is connecting, then open, and closed at once by close()', async () => {
    await using server = await startServer()
    const states: string[] = []
    const live = subscribe(server.url, {
      ...options,
      onStateChange: ({ state }) => {
        states.push(state)
        if (state !== 'open') return
        live.close()
        states.push(live.state)
      },
    })
    const { gone } = await server.stream('data: data\n\n\n')
    await gone
    // The inner one is told first.
    expect(states).toEqual(['connecting', 'open', 'closed', 'closed'])
    expect(server.requests).toBe(1)
  })

  test('eventsource-close.window.js: a 204 at a reconnect closes it for good, and nothing more is asked', async () => {
    await using server = await startServer()
    const states = new Log<Snapshot>()
    const reading = collect(subscribe(server.url, { ...options, onStateChange: states.add }))
    ;(await server.stream('retry: 2\ndata: opened\n\n')).end()
    ;(await server.stream('data: reconnected\n\n')).end()
    const last = await server.next()
    last.answer(204)
    expect((await reading).map(({ data }) => data)).toEqual(['opened', 'reconnected'])
    await last.gone
    await turns()
    expect(states.entries.map(({ state }) => state)).toEqual([
      ...['connecting', 'open', 'waiting'],
      ...['connecting', 'open', 'waiting'],
      ...['connecting', 'closed'],
    ])
    expect(server.requests).toBe(3)
  })

  test.each([
    ['after a stream without a message', '', ['data']],
    ['after one with a message, too', 'data: ok\n\n', ['ok', 'data']],
  ])('eventsource-reconnect.window.js: it comes back by itself %s', async (_, first, data) => {
    await using server = await startServer()
    const states = new Log<Snapshot>()
    await using live = subscribe(server.url, { ...options, onStateChange: states.add })
    const heard = new Log<unknown>()
    live.on('message', (event) => heard.add(event.data))
    ;(await server.stream(`retry: 2\n${first}`)).end()
    await server.stream('data: data\n\n')
    expect(await heard.count(data.length)).toEqual(data)
    expect(states.entries.map(({ state }) => state)).toEqual(['connecting', 'open', 'waiting', 'connecting', 'open'])
  })

  test('eventsource-request-cancellation.any.window.js: ended before the answer it hears nothing, and does not come back', async () => {
    await using server = await startServer()
    const stop = new AbortController()
    const states: string[] = []
    const live = subscribe(server.url, { ...options, signal: stop.signal, onStateChange: ({ state }) => void states.push(state) })
    const reading = collect(live)
    const late = await server.next()
    stop.abort()
    late.open().send('retry:1000\ndata:abc\n\n')
    expect(await reading).toEqual([])
    await late.gone
    await turns()
    expect(states).toEqual(['connecting', 'closed'])
    expect(server.requests).toBe(1)
  })
})
