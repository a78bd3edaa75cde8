import { describe, expect, test } from 'vitest'
import type { State } from './state.js'
import { subscribe } from './subscribe.js'
import { collect, deferred, turns } from './testing/async.js'
import { Log } from './testing/log.js'
import { startServer } from './testing/raw-server.js'
import { scriptedFetch } from './testing/scripted-fetch.js'
import { end, event, ready } from './testing/wire.js'

const url = 'http://sse.test/'

describe('while nobody listens', () => {
  test('it connects, and reads nothing', async () => {
    const script = scriptedFetch([ready() + event('a', 1) + end])
    const states = new Log<State>()
    const live = subscribe(url, { ...script, onStateChange: ({ state }) => states.add(state) })
    await states.find((state) => state === 'open')
    await turns()
    expect(script.pulls).toBe(0)
    // Whoever comes late has missed nothing.
    expect(await collect(live)).toHaveLength(1)
  })

  test('the server waits', async () => {
    await using server = await startServer()
    await using live = subscribe<Record<string, string>>(server.url)
    const stream = await server.stream(ready())
    const megabyte = event('a', 'x'.repeat(1_000_000))
    // Far more than sockets buffer.
    for (let sent = 0; sent < 64; sent++) stream.send(megabyte)
    await turns(100)
    expect(stream.stuck).toBeGreaterThan(32_000_000)
    stream.send(end)
    const sizes = new Log<number>()
    live.on('a', ({ data }) => sizes.add(data.length))
    expect((await sizes.count(64)).every((size) => size === 1_000_000)).toBe(true)
    expect(stream.stuck).toBe(0)
  })

  test('its first handler or loop makes it read', async () => {
    const byHandler = scriptedFetch()
    const handled = subscribe(url, byHandler)
    handled.on('a', () => {})
    const byLoop = scriptedFetch()
    const looped = subscribe(url, byLoop)
    const reading = collect(looped)
    await turns()
    expect([byHandler.pulls, byLoop.pulls]).toEqual([1, 1])
    handled.close()
    looped.close()
    await reading
  })
})

describe('the slowest sets the pace', () => {
  const chunks = Array.from({ length: 5 }, (_, n) => event('a', n))

  test('of a busy loop: nothing is read until it asks for the next event', async () => {
    const script = scriptedFetch(chunks)
    const live = subscribe<{ a: number }>(url, script)
    const iterator = live[Symbol.asyncIterator]()
    const pulls: number[] = []
    for (let n = 0; n < 5; n++) {
      expect(await iterator.next()).toMatchObject({ value: { data: n } })
      await turns()
      pulls.push(script.pulls)
    }
    expect(pulls).toEqual([1, 2, 3, 4, 5])
    live.close()
  })

  test('of a busy handler: nothing is read until its promise resolves', async () => {
    const script = scriptedFetch(chunks)
    const busy = deferred()
    const live = subscribe<{ a: number }>(url, script)
    live.on('a', () => busy.promise)
    const quick = new Log<number>()
    live.on('a', ({ data }) => quick.add(data))
    await turns()
    expect(script.pulls).toBe(1)
    expect(quick.entries).toEqual([0])
    busy.resolve()
    expect(await quick.count(5)).toEqual([0, 1, 2, 3, 4])
    live.close()
  })

  test('of two loops: the quick one waits for the busy one', async () => {
    const live = subscribe<{ a: number }>(url, scriptedFetch(chunks))
    const slow = live[Symbol.asyncIterator]()
    const quick = new Log<number>()
    const reading = (async () => {
      for await (const { data } of live) quick.add(data)
    })()
    await slow.next()
    await turns()
    expect(quick.entries).toEqual([0])
    await slow.next()
    await turns()
    expect(quick.entries).toEqual([0, 1])
    live.close()
    await reading
  })

  test('and one that leaves no longer holds the others', async () => {
    const live = subscribe<{ a: number }>(url, scriptedFetch(chunks))
    const slow = live[Symbol.asyncIterator]()
    const quick = new Log<number>()
    live.on('a', ({ data }) => quick.add(data))
    await slow.next()
    await slow.return?.()
    expect(await quick.count(5)).toEqual([0, 1, 2, 3, 4])
    live.close()
  })
})
