import { describe, expect, test } from 'vitest'
import { HandlerError } from './errors.js'
import { subscribe } from './subscribe.js'
import { collect, deferred, turns } from './testing/async.js'
import { Log } from './testing/log.js'
import { startServer } from './testing/raw-server.js'
import { scriptedFetch } from './testing/scripted-fetch.js'
import { end, event, ready } from './testing/wire.js'

const url = 'http://sse.test/'

/** What the type argument takes: a map from type to data. */
interface Counts {
  a: number
  b: number
}

describe('C34 a handler that throws', () => {
  test.each([
    [
      'at once',
      () => {
        throw new Error('mine')
      },
    ],
    ['in its promise', () => Promise.reject(new Error('mine'))],
  ])('%s does not keep the event from the others, nor the next ones from itself; onError is told', async (_, handler) => {
    const errors: Error[] = []
    const live = subscribe<Counts>(url, {
      ...scriptedFetch([ready() + event('a', 1) + event('a', 2) + end]),
      onError: (error) => void errors.push(error),
    })
    let calls = 0
    live.on('a', () => {
      calls += 1
      return handler()
    })
    const others: number[] = []
    live.on('a', ({ data }) => void others.push(data))
    expect(await collect(live)).toHaveLength(2)
    expect(others).toEqual([1, 2])
    expect(calls).toBe(2)
    expect(errors).toHaveLength(2)
    expect(errors[0]).toBeInstanceOf(HandlerError)
    expect(errors[0]).toMatchObject({ code: 'handler_failed', cause: new Error('mine') })
  })

  test.each([
    [
      'throws',
      () => {
        throw new Error('mine')
      },
    ],
    ['rejects', () => Promise.reject(new Error('mine'))],
  ])('and %s leaves the cursor before the event, until the next that everybody was successful with', async (_, fail) => {
    const cursors: string[] = []
    const chunks = [ready() + event('a', 1, '1') + event('a', 2, '2') + event('a', 3, '3') + end]
    const live = subscribe<Counts>(url, { ...scriptedFetch(chunks), onError: () => {} })
    live.on('a', ({ data }) => {
      cursors.push(live.lastEventId)
      if (data === 2) return fail()
      return undefined
    })
    await collect(live)
    expect([...cursors, live.lastEventId]).toEqual(['', '1', '1', '3'])
  })
})

test('C34 an id alone, as a heartbeat has, is no success with the event before it whose handler failed', async () => {
  const kept: string[] = []
  const chunk = `${ready()}${event('a', 1, '1')}${event('a', 2, '2')}id: 3\n\n`
  const live = subscribe<Counts>(url, {
    ...scriptedFetch([chunk]),
    onError: () => {},
    store: { get: () => null, set: (cursor) => kept.push(cursor) },
  })
  live.on('a', ({ data }) => {
    if (data === 2) throw new Error('mine')
  })
  await turns()
  expect([live.lastEventId, kept]).toEqual(['1', ['1']])
  live.close()
})

describe('onEvent', () => {
  test('hears every event, in order, whatever its type, until its end', async () => {
    const live = subscribe<Counts>(url, scriptedFetch([ready() + event('a', 1) + event('b', 2) + event('a', 3) + end]))
    const heard: string[] = []
    const leave = live.onEvent(({ type, data }) => {
      heard.push(`${type} ${data}`)
      if (data === 2) leave()
    })
    expect(await collect(live)).toHaveLength(3)
    expect(heard).toEqual(['a 1', 'b 2'])
  })

  test('holds the next event back with its promise, and tells onError what it throws', async () => {
    const errors: Error[] = []
    const live = subscribe<Counts>(url, { ...scriptedFetch([event('a', 1) + event('b', 2)]), onError: (error) => void errors.push(error) })
    const log: string[] = []
    const first = deferred()
    live.onEvent(async ({ data }) => {
      log.push(`${data}`)
      await first.promise
      throw new Error('mine')
    })
    await turns()
    expect(log).toEqual(['1'])
    first.resolve()
    await turns()
    expect(log).toEqual(['1', '2'])
    expect(errors).toMatchObject([{ code: 'handler_failed' }, { code: 'handler_failed' }])
  })
})

describe('C34 asynchronous handlers', () => {
  test('run in order: the next event waits for the slowest', async () => {
    const live = subscribe<Counts>(url, scriptedFetch([event('a', 1) + event('b', 2) + event('a', 3)]))
    const log: string[] = []
    const first = deferred()
    live.on('a', async ({ data }) => {
      log.push(`slow ${data}`)
      await first.promise
      log.push(`slow ${data} done`)
    })
    live.on('a', ({ data }) => void log.push(`quick ${data}`))
    live.on('b', ({ data }) => void log.push(`b ${data}`))
    await turns()
    expect(log).toEqual(['slow 1', 'quick 1'])
    first.resolve()
    await turns()
    expect(log).toEqual(['slow 1', 'quick 1', 'slow 1 done', 'b 2', 'slow 3', 'quick 3', 'slow 3 done'])
    live.close()
  })

  test('the cursor moves when they are done', async () => {
    await using server = await startServer()
    const busy = deferred()
    const begun = deferred()
    await using live = subscribe<Counts>(server.url, { reconnect: { baseDelay: 0 } })
    live.on('a', ({ data }) => {
      if (data !== 2) return undefined
      begun.resolve()
      return busy.promise
    })
    const stream = await server.stream(ready() + event('a', 1, '1') + event('a', 2, '2'))
    await begun.promise
    expect(live.lastEventId).toBe('1')
    busy.resolve()
    stream.end()
    const { request } = await server.next()
    expect(request.headers.get('last-event-id')).toBe('2')
  })
})

describe('each consumer gets every event', () => {
  test('handlers of their type, loops of all', async () => {
    const live = subscribe<Counts>(url, scriptedFetch([ready() + event('a', 1, '1') + event('b', 2) + end]))
    const a: unknown[] = []
    live.on('a', (received) => void a.push(received))
    const [one, two] = await Promise.all([collect(live), collect(live)])
    expect(a).toEqual([{ type: 'a', data: 1, id: '1', topic: undefined }])
    expect(one).toEqual([
      { type: 'a', data: 1, id: '1', topic: undefined },
      { type: 'b', data: 2, id: '1', topic: undefined },
    ])
    expect(two).toEqual(one)
  })

  test('what one makes of its event does not show in another’s', async () => {
    const live = subscribe<Counts>(url, scriptedFetch([event('a', 1)]))
    const ids: string[] = []
    live.on('a', (received) => {
      received.id = 'mine'
    })
    live.on('a', ({ id }) => void ids.push(id))
    await turns()
    live.close()
    expect(ids).toEqual([''])
  })

  test('the same handler twice is called twice, and each ends by itself', async () => {
    const script = scriptedFetch([event('a', 1)])
    const live = subscribe<Counts>(url, script)
    const log = new Log<number>()
    const handler = ({ data }: { data: number }): void => log.add(data)
    const off = live.on('a', handler)
    live.on('a', handler)
    expect(await log.count(2)).toEqual([1, 1])
    off()
    off()
    live.close()
  })
})

describe('a handler that was taken off', () => {
  test('gets nothing more, not even the event that is being handed over', async () => {
    const live = subscribe<Counts>(url, scriptedFetch([ready() + event('a', 1) + event('a', 2) + end]))
    const log: string[] = []
    live.on('a', ({ data }) => {
      log.push(`first ${data}`)
      off()
    })
    const off = live.on('a', ({ data }) => void log.push(`second ${data}`))
    await collect(live)
    expect(log).toEqual(['first 1', 'first 2'])
  })

  test('leaves the connection open, for another may come', async () => {
    await using server = await startServer()
    await using live = subscribe<Counts>(server.url)
    const log = new Log<number>()
    const off = live.on('a', ({ data }) => log.add(data))
    const stream = await server.stream(ready() + event('a', 1))
    await log.count(1)
    off()
    stream.send(event('a', 2))
    await turns()
    expect(live.state).toBe('open')
    live.on('a', ({ data }) => log.add(data))
    // Nobody listened meanwhile, and nothing is lost.
    expect(await log.count(2)).toEqual([1, 2])
  })

  test('in the midst of a chunk: the rest of it waits for another', async () => {
    const live = subscribe<Counts>(url, scriptedFetch([event('a', 1, '1') + event('a', 2, '2') + event('a', 3, '3')]))
    const first = await new Promise((resolve) => {
      const off = live.on('a', ({ data }) => {
        off()
        resolve(data)
      })
    })
    expect(first).toBe(1)
    await turns()
    expect(live.lastEventId).toBe('1')
    const log = new Log<number>()
    live.on('a', ({ data }) => log.add(data))
    expect(await log.count(2)).toEqual([2, 3])
    live.close()
  })
})
