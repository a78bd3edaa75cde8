import { createHook } from 'node:async_hooks'
import { describe, expect, test } from 'vitest'
import { createLoop } from './loop.js'
import { subscribe } from './subscribe.js'
import { collect, failureOf, turns } from './testing/async.js'
import { startServer } from './testing/raw-server.js'
import { scriptedFetch } from './testing/scripted-fetch.js'
import { control, end, event, ready } from './testing/wire.js'

const url = 'http://sse.test/'
const over = { done: true, value: undefined }

interface Counts {
  a: number
}

describe('C40 leaving a loop', () => {
  test.each([
    [
      'break',
      async (events: AsyncIterable<unknown>) => {
        for await (const _ of events) break
      },
    ],
    [
      'an error',
      async (events: AsyncIterable<unknown>) => {
        for await (const _ of events) throw new Error('mine')
      },
    ],
    [
      'return',
      async (events: AsyncIterable<unknown>) => {
        for await (const _ of events) return
      },
    ],
  ])('by %s closes the connection', async (_, leave) => {
    await using server = await startServer()
    const live = subscribe(server.url)
    const left = failureOf(leave(live))
    const stream = await server.stream(ready() + event('a', 1))
    await left
    await stream.gone
    expect(live.getSnapshot()).toMatchObject({ state: 'closed', reason: 'closed' })
  })

  test('by an error throws that error', async () => {
    const live = subscribe(url, scriptedFetch([event('a', 1)]))
    const left = failureOf(
      (async () => {
        for await (const _ of live) throw new Error('mine')
      })(),
    )
    expect(await left).toEqual(new Error('mine'))
  })

  test('does not close it for another loop, whose leaving does', async () => {
    const live = subscribe<Counts>(url, scriptedFetch([event('a', 1), event('a', 2)]))
    const first = live[Symbol.asyncIterator]()
    const second = live[Symbol.asyncIterator]()
    await Promise.all([first.next(), second.next()])
    await first.return?.()
    expect(await second.next()).toMatchObject({ value: { data: 2 } })
    expect(live.state).toBe('open')
    await second.return?.()
    expect(live.state).toBe('closed')
  })

  test('does not close it for a handler', async () => {
    const live = subscribe<Counts>(url, scriptedFetch([event('a', 1), event('a', 2)]))
    const seen: number[] = []
    live.on('a', ({ data }) => void seen.push(data))
    for await (const _ of live) break
    await turns()
    expect(seen).toEqual([1, 2])
    expect(live.state).toBe('open')
    live.close()
  })

  test('while the next event is waited for: both calls come to an end', async () => {
    const live = subscribe<Counts>(url, scriptedFetch())
    const iterator = live[Symbol.asyncIterator]()
    const next = iterator.next()
    await turns()
    const returned = iterator.return?.()
    expect(await next).toEqual(over)
    expect(await returned).toEqual(over)
    expect(live.state).toBe('closed')
  })

  test('before it began: the same', async () => {
    const live = subscribe<Counts>(url, scriptedFetch([event('a', 1)]))
    const iterator = live[Symbol.asyncIterator]()
    expect(await iterator.return?.()).toEqual(over)
    expect(await iterator.next()).toEqual(over)
    expect(live.state).toBe('closed')
  })
})

describe('a loop ends normally', () => {
  test.each([
    ['on the server’s end', [ready() + event('a', 1) + end]],
    ['on the mark that means it', [`${event('a', 1)}data:[DONE]\n\n`]],
  ])('%s', async (_, chunks) => {
    expect(await collect(subscribe(url, { ...scriptedFetch(chunks), endOn: '[DONE]' }))).toHaveLength(1)
  })

  test('on close(), with what was not yet handed over dropped', async () => {
    const live = subscribe<Counts>(url, scriptedFetch([event('a', 1) + event('a', 2)]))
    const iterator = live[Symbol.asyncIterator]()
    await iterator.next()
    live.close()
    expect(await iterator.next()).toEqual(over)
    expect(await iterator.next()).toEqual(over)
  })

  test('where it is the second on a subscription that is over', async () => {
    const live = subscribe(url, scriptedFetch([ready() + end]))
    await collect(live)
    expect(await collect(live)).toEqual([])
  })
})

describe('a loop throws', () => {
  const failed = control({ type: 'sse.error', code: 'gone', message: 'no such order', retry: false })

  test('on a failure that no further attempt would mend, after the events before it', async () => {
    const live = subscribe<Counts>(url, scriptedFetch([ready() + event('a', 1) + failed]))
    const seen: number[] = []
    const failure = await failureOf(
      (async () => {
        for await (const { data } of live) seen.push(data)
      })(),
    )
    expect(failure).toMatchObject({ code: 'server_error', reason: 'gone', message: 'no such order' })
    expect(seen).toEqual([1])
  })

  test('in each loop, and in one that comes after it', async () => {
    const live = subscribe(url, scriptedFetch([ready() + failed]))
    const failures = await Promise.all([failureOf(collect(live)), failureOf(collect(live))])
    expect([...failures, await failureOf(collect(live))]).toMatchObject(Array.from({ length: 3 }, () => ({ code: 'server_error' })))
  })

  test('once: it is over then', async () => {
    const live = subscribe(url, scriptedFetch([ready() + failed]))
    const iterator = live[Symbol.asyncIterator]()
    expect(await failureOf(iterator.next())).toMatchObject({ code: 'server_error' })
    expect(await iterator.next()).toEqual(over)
  })
})

test('events are not lost where several are asked for at once', async () => {
  const live = subscribe<Counts>(url, scriptedFetch([event('a', 1) + event('a', 2) + event('a', 3)]))
  const iterator = live[Symbol.asyncIterator]()
  const results = await Promise.all([iterator.next(), iterator.next(), iterator.next()])
  expect(results.map(({ value }) => value?.data)).toEqual([1, 2, 3])
  live.close()
})

describe('C40 iterating is linear', () => {
  /** How many promises are made while a loop takes so many events: work that no clock's mood changes. */
  async function promisesFor(count: number): Promise<number> {
    let promises = 0
    const hook = createHook({
      init: (_, type) => {
        if (type === 'PROMISE') promises += 1
      },
    })
    const loop = createLoop<number>(() => {})
    let taken = 0
    const reading = (async () => {
      for await (const _ of { [Symbol.asyncIterator]: () => loop.iterator }) taken += 1
    })()
    hook.enable()
    for (let n = 0; n < count; n++) await loop.take(n)
    hook.disable()
    loop.end()
    await reading
    expect(taken).toBe(count)
    return promises
  }

  test('each event costs the same, the first as the last', async () => {
    const few = await promisesFor(1_000)
    const many = await promisesFor(10_000)
    expect(few).toBeGreaterThan(1_000)
    expect(many / few).toBeCloseTo(10, 1)
  })

  test('200,000 events through one loop come to an end, in order', async () => {
    const chunk = Array.from({ length: 10_000 }, (_, n) => `event:a\ndata:${n}\n\n`).join('')
    const live = subscribe<Counts>(url, scriptedFetch([ready(), ...Array.from({ length: 20 }, () => chunk), end]))
    let count = 0
    for await (const { data } of live) {
      if (data !== count % 10_000) break
      count += 1
    }
    expect(count).toBe(200_000)
  })
})

test('an iterator is iterable itself, as those of the platform are', async () => {
  const iterator = subscribe('http://sse.test/', scriptedFetch([ready() + event('a', 1) + event('a', 2) + end]))[Symbol.asyncIterator]()
  expect(await iterator.next()).toMatchObject({ value: { data: 1 } })
  expect(await collect(iterator)).toMatchObject([{ data: 2 }])
})
