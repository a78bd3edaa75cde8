import { describe, expect, test } from 'vitest'
import { subscribe } from './subscribe.js'
import { deferred, turns } from './testing/async.js'
import { Log } from './testing/log.js'
import { startServer } from './testing/raw-server.js'
import { scriptedFetch } from './testing/scripted-fetch.js'
import { event, ready } from './testing/wire.js'

interface Counts {
  a: number
}
interface Received {
  readonly id: string
  readonly data: number
}

const url = 'http://sse.test/'
const three = ready() + event('a', 1, '1') + event('a', 2, '2') + event('a', 3, '3')

describe('when an event counts as done', () => {
  test('automatically: when its handler’s promise has resolved', async () => {
    const live = subscribe<Counts>(url, scriptedFetch([three]))
    const second = deferred()
    live.on('a', ({ data }) => (data === 2 ? second.promise : undefined))
    await turns()
    expect(live.lastEventId).toBe('1')
    second.resolve()
    await turns()
    expect(live.lastEventId).toBe('3')
    live.close()
  })

  test('by hand: when it is said, and not otherwise', async () => {
    const log = new Log<Received>()
    const live = subscribe<Counts>(url, { ...scriptedFetch([three]), ack: 'manual' })
    live.on('a', log.add)
    const [first, second] = await log.count(3)
    expect(live.lastEventId).toBe('')
    if (first && second)
      for (const [one, cursor] of [
        [first, '1'],
        [second, '2'],
      ] as const) {
        live.ack(one)
        expect(live.lastEventId).toBe(cursor)
      }
    live.close()
  })

  test('by hand: an event and all before it', async () => {
    const log = new Log<Received>()
    const live = subscribe<Counts>(url, { ...scriptedFetch([three]), ack: 'manual', lastEventId: '0' })
    live.on('a', log.add)
    const last = (await log.count(3)).at(-1)
    expect(live.lastEventId).toBe('0')
    if (last) live.ack(last)
    expect(live.lastEventId).toBe('3')
    live.close()
  })
})

test('whatever was acknowledged, a lost connection goes on after all that was received, and a later life after the cursor', async () => {
  await using server = await startServer()
  const log = new Log<Received>()
  const live = subscribe<Counts>(server.url, { ack: 'manual', reconnect: { baseDelay: 0 } })
  live.on('a', log.add)
  const exchange = await server.stream(three)
  const [first] = await log.count(3)
  if (first) live.ack(first)
  exchange.cut()
  const back = await server.stream(ready())
  expect(back.request.headers.get('last-event-id')).toBe('3')
  live.close()
  await using later = subscribe<Counts>(server.url, { lastEventId: live.lastEventId })
  later.on('a', log.add)
  const again = await server.stream(ready() + event('a', 2, '2') + event('a', 3, '3'))
  expect(again.request.headers.get('last-event-id')).toBe('1')
  expect((await log.count(5)).map(({ data }) => data)).toEqual([1, 2, 3, 2, 3])
})
