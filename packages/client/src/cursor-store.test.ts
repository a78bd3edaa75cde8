import { describe, expect, test } from 'vitest'
import type { SubscriptionError } from './errors.js'
import type { ConnectOptions, CursorStore } from './options.js'
import { subscribe } from './subscribe.js'
import { deferred, turns } from './testing/async.js'
import { Log } from './testing/log.js'
import { startServer } from './testing/raw-server.js'
import { event, ready } from './testing/wire.js'
import { webStorage } from './web-storage.js'

interface Counts {
  a: number
}

/** What a page's storage does. */
class Memory {
  readonly items = new Map<string, string>()
  getItem(key: string): string | null {
    return this.items.get(key) ?? null
  }
  setItem(key: string, value: string): void {
    this.items.set(key, value)
  }
}

const boom = (): never => {
  throw new Error('full')
}

/** Where the first request begins. */
async function asked(options: ConnectOptions): Promise<string | undefined> {
  await using server = await startServer()
  await using live = subscribe<Counts>(server.url, options)
  live.on('a', () => {})
  return (await server.next()).request.headers.get('last-event-id')
}

describe('a stored cursor', () => {
  test.each<[string, CursorStore['get'], string | undefined]>([
    ['is where it begins, before `lastEventId`', () => '7', '7'],
    ['may take its time', async () => '7', '7'],
    ['that is not there leaves it to `lastEventId`', () => null, 'option'],
    ['that is empty does, too', async () => '', 'option'],
    ['that cannot be read does, too', boom, 'option'],
    ['that fails to be read does, too', () => Promise.reject(new Error('full')), 'option'],
  ])('%s', async (_, get, begun) => {
    expect(await asked({ store: { get, set: () => {} }, lastEventId: 'option', onError: () => {} })).toBe(begun)
  })

  test('is waited for: no request is made before it is there', async () => {
    await using server = await startServer()
    const kept = deferred<string>()
    await using live = subscribe<Counts>(server.url, { store: { get: () => kept.promise, set: () => {} } })
    live.on('a', () => {})
    await turns()
    expect(server.requests).toBe(0)
    kept.resolve('7')
    expect((await server.next()).request.headers.get('last-event-id')).toBe('7')
  })

  test('is kept at each move, and survives the page: the next one goes on from there', async () => {
    await using server = await startServer()
    const storage = new Memory()
    const log = new Log<number>()
    for (const [before, stream, after] of [
      [undefined, event('a', 1, '1') + event('a', 2, '2'), '2'],
      ['2', event('a', 3, '3'), '3'],
    ] as const) {
      const live = subscribe<Counts>(server.url, { store: webStorage(storage, 'counts') })
      live.on('a', ({ data }) => log.add(data))
      const exchange = await server.stream(ready() + stream)
      expect(exchange.request.headers.get('last-event-id')).toBe(before)
      await log.find((n) => `${n}` === after)
      await turns()
      expect(storage.items).toEqual(new Map([['counts', after]]))
      live.close()
    }
    expect(log.entries).toEqual([1, 2, 3])
  })

  test('is not moved past an event whose handler failed', async () => {
    await using server = await startServer()
    const storage = new Memory()
    const errors = new Log<SubscriptionError>()
    await using live = subscribe<Counts>(server.url, { store: webStorage(storage, 'counts'), onError: errors.add })
    live.on('a', ({ data }) => (data === 2 ? boom() : undefined))
    await server.stream(ready() + event('a', 1, '1') + event('a', 2, '2'))
    await errors.count(1)
    await turns()
    expect(storage.getItem('counts')).toBe('1')
  })

  test.each<[string, CursorStore['set']]>([
    ['throws', boom],
    ['rejects', () => Promise.reject(new Error('full'))],
  ])('whose store %s is told to onError, and the stream goes on', async (_, set) => {
    await using server = await startServer()
    const errors = new Log<SubscriptionError>()
    const log = new Log<number>()
    await using live = subscribe<Counts>(server.url, { store: { get: () => null, set }, onError: errors.add })
    live.on('a', ({ data }) => log.add(data))
    await server.stream(ready() + event('a', 1, '1') + event('a', 2, '2'))
    expect(await log.count(2)).toEqual([1, 2])
    expect(await errors.count(2)).toMatchObject([{ code: 'handler_failed', cause: new Error('full') }, { code: 'handler_failed' }])
    expect(live.lastEventId).toBe('2')
  })
})
