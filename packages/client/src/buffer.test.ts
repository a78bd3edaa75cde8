import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type BufferOptions, buffered } from './buffer.js'
import { OptionError } from './errors.js'
import type { State, StateReason } from './state.js'
import { subscribe } from './subscribe.js'
import { deferred, turns } from './testing/async.js'
import { Log } from './testing/log.js'
import { startServer } from './testing/raw-server.js'
import { scriptedFetch } from './testing/scripted-fetch.js'
import { event, ready } from './testing/wire.js'

interface Counts {
  a: number
}

const url = 'http://sse.test/'
const chunks = (count: number): string[] => Array.from({ length: count }, (_, n) => event('a', n + 1, `${n + 1}`))

describe('a buffer, while a handler is busy', () => {
  test('takes what fits, and then nothing more is read', async () => {
    const script = scriptedFetch(chunks(10))
    const busy = deferred()
    const log = new Log<number>()
    const live = subscribe<Counts>(url, { ...script, buffer: buffered({ events: 3 }) })
    live.on('a', ({ data }) => {
      log.add(data)
      return busy.promise
    })
    await turns()
    // One is being handled, two wait, and the one that does not fit is held.
    expect([log.entries, script.pulls]).toEqual([[1], 4])
    busy.resolve()
    expect(await log.count(10)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    live.close()
  })

  test('holds the cursor where the handler is, not where the reading is', async () => {
    const busy = deferred()
    const live = subscribe<Counts>(url, { ...scriptedFetch(chunks(3)), buffer: buffered({ events: 10 }) })
    live.on('a', ({ data }) => (data === 2 ? busy.promise : undefined))
    await turns()
    expect(live.lastEventId).toBe('1')
    busy.resolve()
    await turns()
    expect(live.lastEventId).toBe('3')
    live.close()
  })

  test('that closes the connection when it is full resumes when all is done, after what it has received', async () => {
    await using server = await startServer()
    const busy = deferred()
    const log = new Log<number>()
    const states = new Log<readonly [State, StateReason | undefined]>()
    await using live = subscribe<Counts>(server.url, {
      buffer: buffered({ events: 2, overflow: 'disconnect' }),
      onStateChange: ({ state, reason }) => states.add([state, reason]),
    })
    live.on('a', ({ data }) => {
      log.add(data)
      return busy.promise
    })
    const full = await server.stream(ready() + chunks(3).join(''))
    await full.gone
    expect(await states.find(([state]) => state === 'waiting')).toEqual(['waiting', 'behind'])
    expect(server.requests).toBe(1)
    busy.resolve()
    const back = await server.stream(ready() + event('a', 4, '4'))
    expect(back.request.headers.get('last-event-id')).toBe('3')
    expect(await log.count(4)).toEqual([1, 2, 3, 4])
  })

  test('does not close one that could not be repeated: there the server waits', async () => {
    await using server = await startServer()
    const busy = deferred()
    const log = new Log<number>()
    await using live = subscribe<Counts>(server.url, { body: 'order', buffer: buffered({ events: 1, overflow: 'disconnect' }) })
    live.on('a', ({ data }) => {
      log.add(data)
      return busy.promise
    })
    const one = await server.stream(ready() + [1, 2, 3].map((n) => event('a', n)).join(''))
    await log.count(1)
    await turns()
    expect(live.state).toBe('open')
    busy.resolve()
    expect(await log.count(3)).toEqual([1, 2, 3])
    one.cut()
  })

  test('that leaves the oldest out says so once, directly before what comes next', async () => {
    const busy = deferred()
    const log = new Log<number | string>()
    const live = subscribe<Counts>(url, {
      ...scriptedFetch([chunks(6).join('')]),
      buffer: buffered({ events: 3, overflow: 'drop-oldest' }),
      onGap: ({ reason }) => log.add(reason),
    })
    live.on('a', ({ data }) => {
      log.add(data)
      return busy.promise
    })
    await log.count(1)
    await turns()
    busy.resolve()
    await log.find((entry) => entry === 6)
    const [first, gap, ...rest] = log.entries
    expect([first, gap]).toEqual([1, 'overflow'])
    expect(rest).toEqual([1, 2, 3, 4, 5, 6].slice(-rest.length))
    expect(rest.length).toBeLessThan(5)
    live.close()
  })

  test('is dropped with the subscription', async () => {
    const busy = deferred()
    const log = new Log<number>()
    const live = subscribe<Counts>(url, { ...scriptedFetch(chunks(5)), buffer: buffered({ events: 10 }) })
    live.on('a', ({ data }) => {
      log.add(data)
      return busy.promise
    })
    await log.count(1)
    live.close()
    busy.resolve()
    await turns()
    expect(log.entries).toEqual([1])
  })
})

test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('a bound of %d is refused', (events) => {
  expect(() => buffered({ events })).toThrow(OptionError)
  expect(() => buffered({ events })).toThrow(`events is ${events}: give a whole number above 0`)
})

test('property: whatever waits for whom, all comes in order, or a gap says what does not', async () => {
  const overflows: readonly BufferOptions['overflow'][] = ['wait', 'drop-oldest']
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...overflows),
      fc.integer({ min: 1, max: 5 }),
      // How many events each chunk has, and how long each handler takes, in turns.
      fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 6 }),
      fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 8 }),
      async (overflow, events, sizes, pauses) => {
        let sent = 0
        const script = sizes.map((size) => Array.from({ length: size }, () => event('a', ++sent, `${sent}`)).join(''))
        const log = new Log<number>()
        const live = subscribe<Counts>(url, { ...scriptedFetch(script), buffer: buffered({ events, overflow }), onGap: () => log.add(-1) })
        live.on('a', async ({ data }) => {
          log.add(data)
          await turns(pauses[data % pauses.length])
        })
        // Longer than any handler takes.
        for (let before = -1; before < log.entries.length; await turns(5)) before = log.entries.length
        let next = 1
        let isTold = false
        for (const entry of log.entries) {
          if (entry > 0) expect(isTold ? entry > next : entry === next).toBe(true)
          isTold = entry < 0
          next = entry < 0 ? next : entry + 1
        }
        // With room for one alone nothing waits, the last not either.
        expect(isTold || next === sent + 1).toBe(true)
        live.close()
      },
    ),
    { numRuns: 150 },
  )
})
