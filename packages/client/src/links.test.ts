import { describe, expect, test } from 'vitest'
import { eventSource } from './event-source.js'
import type { ConnectOptions, Gap } from './options.js'
import type { Snapshot } from './state.js'
import { subscribe } from './subscribe.js'
import type { EventIn } from './subscription.js'
import { deferred, failureOf, turns } from './testing/async.js'
import { Log } from './testing/log.js'
import { startServer } from './testing/raw-server.js'
import { scriptedFetch } from './testing/scripted-fetch.js'
import { control, end, event, ready } from './testing/wire.js'
import { checkLinks } from './transport/check-links.js'

// Each event names the one before it of its topic. Where that did not come, the server lost it on the way: the subscription
// asks for it again, or tells the gap.

interface Heard {
  /** Gaps, and the data of events, in the order in which they were told. */
  readonly told: readonly unknown[]
  readonly errors: readonly Error[]
  readonly states: readonly Snapshot[]
  /** Each request's Last-Event-ID. */
  readonly asked: readonly (string | undefined)[]
  readonly lastEventId: string
}

/** What a subscription hears of these streams, a connection for each, until one of them is over for good. */
async function hear(streams: readonly string[], options: ConnectOptions = {}): Promise<Heard> {
  await using server = await startServer()
  const told: unknown[] = []
  const errors: Error[] = []
  const states: Snapshot[] = []
  const asked: (string | undefined)[] = []
  const live = subscribe(server.url, {
    transport: checkLinks(),
    reconnect: { baseDelay: 0 },
    onGap: (gap) => void told.push(gap),
    onError: (error) => void errors.push(error),
    onStateChange: (snapshot) => void states.push(snapshot),
    ...options,
  })
  const reading = (async () => {
    for await (const { data } of live) told.push(data)
  })()
  for (const stream of streams) {
    const { request } = await server.stream(ready() + stream)
    asked.push(request.headers.get('last-event-id'))
  }
  await reading
  return { told, errors, states, asked, lastEventId: live.lastEventId }
}

/** An event of a topic that says where it is: `a` at 5, after 4, is `a5`. */
function at(topic: string, place: number, previous?: number, epoch = 'e'): string {
  const id = `1.${epoch}.${place}${previous === undefined ? '' : `-${previous}`}`
  return event(topic === '' ? 'made' : `${topic}#made`, `${topic}${place}`, id)
}

const live = (place: number, id?: string): string =>
  control({ type: 'sse.live', topics: ['a'], resumed: false, position: `1.e.${place}` }, id)
const gap = (...topics: readonly string[]): Gap => ({ topics, reason: 'trimmed' })
const from = (place: number): ConnectOptions => ({ lastEventId: `1.e.${place}` })

describe('an event before which another is missing', () => {
  test('is not handed over: both come by the next connection, once and in order', async () => {
    const heard = await hear([at('a', 5, 4) + at('a', 8, 7), at('a', 7, 5) + at('a', 8, 7) + end], from(4))
    expect(heard).toMatchObject({ told: ['a5', 'a7', 'a8'], errors: [] })
  })

  test('is asked for from the last event of its topic', async () => {
    const heard = await hear([at('a', 5, 4) + at('b', 6, 0) + at('a', 8, 7), end], from(4))
    expect(heard.asked).toEqual(['1.e.4', '1.e.5'])
  })

  test('is asked for from what the server had verified, where that is later', async () => {
    const heard = await hear([`${at('a', 5, 4)}id:1.e.6\n\n${at('a', 8, 7)}`, end], from(4))
    expect(heard.asked).toEqual(['1.e.4', '1.e.6'])
  })

  test('is asked for from the beginning of its epoch, where the reader had nothing of it', async () => {
    const heard = await hear([at('a', 8, 7), end], from(0))
    expect(heard.asked).toEqual(['1.e.0', '1.e.0'])
  })

  test('counts like a lost connection: it waits, and connects anew', async () => {
    const { states } = await hear([at('a', 5, 4) + at('a', 8, 7), end], from(4))
    expect(states.map(({ state, reason }) => [state, reason])).toEqual([
      ['connecting', undefined],
      ['open', undefined],
      ['waiting', 'lost'],
      ['connecting', undefined],
      ['open', undefined],
      ['closed', 'ended'],
    ])
    expect(states[2]).toMatchObject({
      attempt: 1,
      error: { code: 'connection_lost', message: expect.stringMatching(/^GET http:.*\/events left out an event before 1\.e\.8-7$/) },
    })
  })

  test('drops the connection, so that nothing more of it is handed over', async () => {
    await using server = await startServer()
    const subscription = subscribe(server.url, { ...from(4), transport: checkLinks(), reconnect: { baseDelay: 60_000 } })
    const told: unknown[] = []
    subscription.on('made', ({ data }) => void told.push(data))
    const exchange = await server.stream(ready() + at('a', 5, 4) + at('a', 8, 7) + at('b', 9, 0))
    await exchange.gone
    expect(told).toEqual(['a5'])
    expect(subscription.lastEventId).toBe('1.e.5')
    subscription.close()
  })

  test('closes as failed where it must not come back: never in silence', async () => {
    const fetched = scriptedFetch([ready() + at('a', 5, 4) + at('a', 8, 7)])
    const options: ConnectOptions = { ...from(4), transport: checkLinks(), reconnect: false, ...fetched }
    const subscription = subscribe('http://sse.test/', options)
    const told: unknown[] = []
    const reading = (async () => {
      for await (const { data } of subscription) told.push(data)
    })()
    expect(await failureOf(reading)).toMatchObject({ code: 'connection_lost' })
    expect(told).toEqual(['a5'])
  })

  test('is noticed where the stream names no topic', async () => {
    const heard = await hear([at('', 5, 4) + at('', 8, 7), at('', 7, 5) + at('', 8, 7) + end], from(4))
    expect(heard.told).toEqual(['5', '7', '8'])
    expect(heard.asked).toEqual(['1.e.4', '1.e.5'])
  })

  test('is noticed over connections: what the server forgot while the reader was away', async () => {
    await using server = await startServer()
    const told = new Log<EventIn<Record<string, unknown>>>()
    const subscription = subscribe(server.url, { ...from(4), transport: checkLinks(), reconnect: { baseDelay: 0 } })
    subscription.on('made', told.add)
    const first = await server.stream(ready() + at('a', 5, 4))
    await told.count(1)
    first.end()
    await server.stream(ready() + at('a', 8, 7))
    const third = await server.stream(ready() + at('a', 7, 5) + at('a', 8, 7))
    expect((await told.count(3)).map(({ data }) => data)).toEqual(['a5', 'a7', 'a8'])
    expect(third.request.headers.get('last-event-id')).toBe('1.e.5')
    subscription.close()
  })

  test('is noticed over connections, though the next server vouches for what came since: it took the reader’s word for the rest', async () => {
    await using server = await startServer()
    const told = new Log<EventIn<Record<string, unknown>>>()
    const subscription = subscribe(server.url, { ...from(4), transport: checkLinks(), reconnect: { baseDelay: 0 } })
    subscription.on('made', told.add)
    const first = await server.stream(ready() + at('b', 6, 0))
    await told.count(1)
    first.end()
    await server.stream(ready() + live(7, '1.e.7') + at('a', 8, 5))
    const third = await server.stream(ready() + at('a', 5, 4) + at('b', 6, 0) + live(7, '1.e.7') + at('a', 8, 5))
    expect((await told.count(3)).map(({ data }) => data)).toEqual(['b6', 'a5', 'a8'])
    expect(third.request.headers.get('last-event-id')).toBe('1.e.4')
    subscription.close()
  })
})

describe('C39 an event that comes again', () => {
  test('is dropped: other topics’ events, after one topic’s chain was broken', async () => {
    const heard = await hear(
      [at('a', 5, 4) + at('b', 6, 0) + at('a', 8, 7), at('b', 6, 0) + at('a', 7, 5) + at('a', 8, 7) + at('b', 9, 6) + end],
      from(4),
    )
    expect(heard.told).toEqual(['a5', 'b6', 'a7', 'a8', 'b9'])
  })

  test('moves the cursor with the stream, which is complete up to it', async () => {
    const heard = await hear([at('a', 5, 4) + at('b', 6, 0) + at('a', 8, 7), at('b', 6, 0) + end], from(4))
    expect(heard.asked).toEqual(['1.e.4', '1.e.5'])
    expect(heard.lastEventId).toBe('1.e.6-0')
  })

  test('is dropped after the server took the reader back', async () => {
    await using server = await startServer()
    const told = new Log<unknown>()
    const subscription = subscribe(server.url, { ...from(4), transport: checkLinks(), reconnect: { baseDelay: 0 } })
    subscription.on('made', ({ data }) => told.add(data))
    ;(await server.stream(`${ready()}${at('a', 5, 4)}${at('a', 8, 5)}id:1.e.5\n\n`)).end()
    const second = await server.stream(ready() + at('b', 7, 0) + at('a', 8, 5) + at('a', 9, 8))
    expect(second.request.headers.get('last-event-id')).toBe('1.e.5')
    expect(await told.count(4)).toEqual(['a5', 'a8', 'b7', 'a9'])
    subscription.close()
  })

  test('is handed over where it has no id of its own: it is another one', async () => {
    const heard = await hear([at('a', 5, 4) + event('a#made', 'private') + event('a#made', 'private') + at('a', 6, 5) + end], from(4))
    expect(heard.told).toEqual(['a5', 'private', 'private', 'a6'])
  })
})

describe('what the server has not, either', () => {
  const hole = at('a', 5, 4) + at('a', 8, 7)

  test('is told as a gap before the event, which is then handed over; and it is asked for but once', async () => {
    const heard = await hear([hole, at('a', 8, 7) + at('a', 9, 8) + end], from(4))
    expect(heard.told).toEqual(['a5', gap('a'), 'a8', 'a9'])
    expect(heard.errors).toEqual([])
  })

  test('is told of no topic where the stream names none', async () => {
    const heard = await hear([at('', 8, 7), at('', 8, 7) + end], from(4))
    expect(heard.told).toEqual([gap(), '8'])
  })

  test('is told to onError where there is no onGap', async () => {
    const heard = await hear([hole, at('a', 8, 7) + end], { ...from(4), onGap: undefined })
    expect(heard.errors).toMatchObject([{ code: 'gap', reason: 'trimmed', topics: ['a'] }])
    expect(heard.told).toEqual(['a5', 'a8'])
  })

  test('holds the event back until onGap is done, and the cursor before it', async () => {
    const log = new Log<unknown>()
    const refetched = deferred()
    const subscription = subscribe('http://sse.test/', {
      transport: checkLinks(),
      ...from(4),
      ...scriptedFetch([ready() + hole, ready() + at('a', 8, 7) + end]),
      reconnect: { baseDelay: 0 },
      onGap: async (told) => {
        log.add(told)
        await refetched.promise
        log.add(`refetched at ${subscription.lastEventId}`)
      },
    })
    subscription.on('made', ({ data }) => log.add(data))
    await log.count(2)
    await turns()
    expect(log.entries).toEqual(['a5', gap('a')])
    refetched.resolve()
    expect(await log.count(4)).toEqual(['a5', gap('a'), 'refetched at 1.e.5', 'a8'])
    expect(subscription.lastEventId).toBe('1.e.8-7')
  })

  test('keeps the event for whoever listens next, where the last one left during onGap', async () => {
    await using server = await startServer()
    const told = new Log<unknown>()
    const subscription = subscribe(server.url, {
      transport: checkLinks(),
      ...from(4),
      reconnect: { baseDelay: 0 },
      onGap: (missing) => {
        leave()
        told.add(missing)
      },
    })
    const leave = subscription.on('made', () => {})
    await server.stream(ready() + at('a', 8, 7))
    await server.stream(ready() + at('a', 8, 7))
    await told.count(1)
    await turns()
    // Whoever closes it now and comes back from here must not miss the event.
    expect(subscription.lastEventId).toBe('1.e.4')
    subscription.on('made', ({ data }) => told.add(data))
    expect(await told.count(2)).toEqual([gap('a'), 'a8'])
    subscription.close()
  })

  test('is told for each topic that has a hole, and it ends', async () => {
    const stored = at('b', 6, 5) + at('a', 8, 7) + at('b', 9, 6) + at('a', 10, 8)
    const heard = await hear([stored, stored, stored + end], from(4))
    expect(heard.told).toEqual([gap('b'), 'b6', gap('a'), 'a8', 'b9', 'a10'])
    expect(heard.asked).toEqual(['1.e.4', '1.e.4', '1.e.4'])
  })
})

describe('what the server says of its own', () => {
  test('sse.live covers what was before it, and by its field where its id is left out', async () => {
    const heard = await hear([at('a', 5, 4) + live(7) + at('a', 8, 7) + at('b', 9, 6) + end], from(4))
    expect(heard.told).toEqual(['a5', 'a8', 'b9'])
  })

  test('sse.live covers nothing after it', async () => {
    const heard = await hear([live(6, '1.e.6') + at('a', 8, 7), at('a', 7, 4) + at('a', 8, 7) + end], from(4))
    expect(heard.told).toEqual(['a7', 'a8'])
  })

  test('sse.live where a reader without a position begins: from there on each link counts', async () => {
    const heard = await hear([live(6, '1.e.6') + at('a', 8, 7), at('a', 7, 4) + at('a', 8, 7) + end])
    expect(heard).toMatchObject({ told: ['a7', 'a8'], asked: [undefined, '1.e.6'] })
  })

  test('an id alone covers what was before it', async () => {
    const heard = await hear([`${at('a', 5, 4)}id:1.e.7\n\n${at('a', 8, 7)}${at('b', 9, 6)}${end}`], from(4))
    expect(heard.told).toEqual(['a5', 'a8', 'b9'])
  })

  test('sse.gap is told once: the event after it may link to what is missing', async () => {
    const told = control({ type: 'sse.gap', topics: ['a'], reason: 'trimmed' })
    const heard = await hear([at('a', 5, 4) + told + at('a', 8, 7) + end], from(4))
    expect(heard.told).toEqual(['a5', gap('a'), 'a8'])
  })

  test('sse.gap covers nothing after the next sse.live', async () => {
    const told = control({ type: 'sse.gap', topics: ['a'], reason: 'trimmed' })
    const heard = await hear([told + live(6, '1.e.6') + at('a', 8, 7), at('a', 7, 4) + at('a', 8, 7) + end], from(4))
    expect(heard.told).toEqual([gap('a'), 'a7', 'a8'])
  })

  test('the end of a topic covers nothing: an event of another that was lost before it is still asked for', async () => {
    const over = control({ type: 'sse.end', reason: 'done', topics: ['b'] }, '1.e.9-3')
    const heard = await hear([at('a', 5, 4) + over + at('a', 10, 8), at('a', 8, 5) + over + at('a', 10, 8) + end], from(4))
    expect(heard.told).toEqual(['a5', 'a8', 'a10'])
    expect(heard.asked).toEqual(['1.e.4', '1.e.5'])
  })

  test('the end of a topic is a place to go on from', async () => {
    const over = control({ type: 'sse.end', reason: 'done', topics: ['b'] }, '1.e.9-3')
    const heard = await hear([at('a', 5, 4) + over + end], from(4))
    expect(heard.lastEventId).toBe('1.e.9-3')
  })

  test('a reset begins anew, also in the same epoch: whose cursor lay in the future gets what comes', async () => {
    const reset = control({ type: 'sse.gap', topics: ['a'], reason: 'reset' })
    const heard = await hear([reset + live(4, '1.e.4') + at('a', 5, 4) + end], from(1_000))
    expect(heard.told).toEqual([{ topics: ['a'], reason: 'reset' }, 'a5'])
  })

  test('C39 a new epoch begins anew: its positions are not those that were seen', async () => {
    const reset = control({ type: 'sse.gap', topics: ['a'], reason: 'reset' })
    const heard = await hear([at('a', 95, 90) + reset + at('a', 3, 2, 'f') + at('a', 4, 3, 'f') + end], from(90))
    expect(heard.told).toEqual(['a95', { topics: ['a'], reason: 'reset' }, 'a3', 'a4'])
  })
})

describe('nothing is checked', () => {
  test('before a reader without a position has heard from where it is live', async () => {
    const heard = await hear([at('a', 8, 7) + at('b', 9, 6) + end])
    expect(heard).toMatchObject({ told: ['a8', 'b9'], asked: [undefined] })
  })

  test('where a reader begins at what is no position', async () => {
    const heard = await hear([at('a', 8, 7) + end], { lastEventId: 'orders-7' })
    expect(heard.told).toEqual(['a8'])
  })

  test('of an event without a link, because events may be left out before it', async () => {
    const heard = await hear([at('a', 5, 4) + at('a', 9) + at('a', 12) + end], from(4))
    expect(heard.told).toEqual(['a5', 'a9', 'a12'])
  })

  test('of ids that are no positions', async () => {
    const heard = await hear([event('made', 1, '8') + event('made', 2, '8') + event('made', 3, '5') + end])
    expect(heard).toMatchObject({ told: [1, 2, 3], lastEventId: '5' })
  })

  test('on another’s stream, whatever its ids look like', async () => {
    const told: unknown[] = []
    const subscription = subscribe('http://sse.test/', {
      transport: checkLinks(),
      ...scriptedFetch([`${event('made', 1, '1.e.8-7')}${event('made', 2, '1.e.8-7')}${event('made', 3, '1.e.12-11')}data:END\n\n`]),
      ...from(4),
      endOn: 'END',
    })
    for await (const { data } of subscription) told.push(data)
    expect(told).toEqual([1, 2, 3])
    expect(subscription.lastEventId).toBe('1.e.12-11')
  })

  test('with the default transport, which trusts the server', async () => {
    const heard = await hear([at('a', 5, 4) + at('a', 8, 7) + end], { ...from(4), transport: undefined })
    expect(heard).toMatchObject({ told: ['a5', 'a8'], asked: ['1.e.4'] })
  })
})

test('one transport serves many subscriptions, each with a memory of its own', async () => {
  const transport = checkLinks()
  const [one, other] = await Promise.all([
    hear([at('a', 5, 4) + at('a', 8, 7), at('a', 7, 5) + at('a', 8, 7) + end], { ...from(4), transport }),
    hear([at('a', 5, 4) + at('a', 9, 8), at('a', 8, 5) + at('a', 9, 8) + end], { ...from(4), transport }),
  ])
  expect(one.told).toEqual(['a5', 'a7', 'a8'])
  expect(other.told).toEqual(['a5', 'a8', 'a9'])
})

test('a transport over EventSource is checked like fetch', async () => {
  const heard = await hear([at('a', 5, 4) + at('a', 8, 7), at('a', 7, 5) + at('a', 8, 7) + end], {
    ...from(4),
    transport: checkLinks(eventSource({ types: ['a#made'] })),
  })
  expect(heard.told).toEqual(['a5', 'a7', 'a8'])
})
