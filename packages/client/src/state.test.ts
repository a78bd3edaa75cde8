import { describe, expect, test } from 'vitest'
import type { Snapshot } from './state.js'
import { subscribe } from './subscribe.js'
import { collect } from './testing/async.js'
import { Log } from './testing/log.js'
import { startServer } from './testing/raw-server.js'
import { scriptedFetch } from './testing/scripted-fetch.js'
import { end, event, ready } from './testing/wire.js'

test('the states follow each other, each with its circumstances', async () => {
  await using server = await startServer()
  const states = new Log<Snapshot>()
  const before = Date.now()
  const reading = collect(subscribe(server.url, { reconnect: { baseDelay: 0 }, onStateChange: states.add }))
  ;(await server.next()).answer(503)
  ;(await server.stream(ready())).cut()
  await server.stream(ready() + end)
  await reading
  const nothing = { retryAt: undefined, error: undefined, reason: undefined }
  const time: unknown = expect.any(Number)
  expect(states.entries).toEqual([
    { ...nothing, state: 'connecting', attempt: 0 },
    { state: 'waiting', attempt: 1, retryAt: time, error: expect.objectContaining({ status: 503 }), reason: 'lost' },
    { ...nothing, state: 'connecting', attempt: 1 },
    { ...nothing, state: 'open', attempt: 1 },
    { state: 'waiting', attempt: 2, retryAt: time, error: expect.objectContaining({ code: 'connection_lost' }), reason: 'lost' },
    { ...nothing, state: 'connecting', attempt: 2 },
    { ...nothing, state: 'open', attempt: 2 },
    { ...nothing, state: 'closed', attempt: 2, reason: 'ended' },
  ])
  for (const { retryAt } of states.entries) if (retryAt !== undefined) expect(retryAt).toBeGreaterThanOrEqual(before)
})

describe('getSnapshot', () => {
  test('is what onStateChange was given, and the state is its state', () => {
    const live = subscribe('http://sse.test/', {
      ...scriptedFetch(),
      onStateChange: (snapshot) => {
        expect(live.getSnapshot()).toBe(snapshot)
        expect(live.state).toBe(snapshot.state)
      },
    })
    live.close()
    expect(live.state).toBe('closed')
  })

  test('is the same object until something changes, however many events come', async () => {
    const seen = new Set<Snapshot>()
    const live = subscribe('http://sse.test/', scriptedFetch([ready() + event('a', 1, '1') + event('a', 2, '2'), event('a', 3), end]))
    for await (const _ of live) {
      seen.add(live.getSnapshot())
      expect(live.getSnapshot()).toBe(live.getSnapshot())
    }
    expect(seen.size).toBe(1)
    expect(seen.has(live.getSnapshot())).toBe(false)
    expect(live.getSnapshot()).toBe(live.getSnapshot())
  })

  test('works without its subscription, as UI bindings call it', () => {
    const { getSnapshot, close } = subscribe('http://sse.test/', scriptedFetch())
    expect(getSnapshot().state).toBe('connecting')
    close()
    expect(getSnapshot().state).toBe('closed')
  })

  test('an earlier one stays as it was', () => {
    const live = subscribe('http://sse.test/', scriptedFetch())
    const before = live.getSnapshot()
    live.close()
    expect(before).toEqual({ state: 'connecting', attempt: 0, retryAt: undefined, error: undefined, reason: undefined })
  })
})
