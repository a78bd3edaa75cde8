import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { ConnectOptions } from './options.js'
import type { Snapshot } from './state.js'
import { subscribe } from './subscribe.js'
import { deferred, turns } from './testing/async.js'
import { Log } from './testing/log.js'
import { Page } from './testing/page.js'
import { type Exchange, startServer } from './testing/raw-server.js'
import { scriptedFetch } from './testing/scripted-fetch.js'
import { control, end, event, ready } from './testing/wire.js'

// Time stands still, so that what happens at once is told from what comes by itself.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
  vi.spyOn(Math, 'random').mockReturnValue(0.5)
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

const url = 'http://sse.test/'

interface Counts {
  a: number
}

const positionOf = ({ request }: Exchange): string | undefined => request.headers.get('last-event-id')

/** A subscription that somebody listens to, and what it has told. */
function listen(address: string, options: ConnectOptions = {}) {
  const states = new Log<Snapshot>()
  const events = new Log<number>()
  const live = subscribe<Counts>(address, { onStateChange: states.add, ...options })
  live.on('a', ({ data }) => events.add(data))
  const became = (state: Snapshot['state'], reason?: Snapshot['reason']): Promise<Snapshot> =>
    states.find((snapshot) => snapshot.state === state && snapshot.reason === reason)
  return { live, states, events, became }
}

/** A page that is frozen or kept, and goes on: the one event, and the other. */
const halts = [
  ['frozen', 'freeze', 'resume'],
  ['kept for going back', 'pagehide', 'pageshow'],
] as const

describe('a page that comes online', () => {
  test('restarts an open connection at once, from where the reader is', async () => {
    await using server = await startServer()
    const page = new Page()
    const { live, states, events } = listen(server.url)
    await using _ = live
    const first = await server.stream(ready() + event('a', 1, '1'))
    await events.count(1)
    page.tell('online')
    await first.gone
    const second = await server.stream(ready() + event('a', 2, '2'))
    expect(positionOf(second)).toBe('1')
    expect(await events.count(2)).toEqual([1, 2])
    // No failure, and no wait.
    expect(states.entries.map(({ state, attempt }) => `${state} ${attempt}`)).toEqual(['connecting 0', 'open 0', 'connecting 0', 'open 0'])
  })

  test('loses and doubles nothing of a chunk that is being handled', async () => {
    await using server = await startServer()
    const page = new Page()
    const seen = new Log<number>()
    const busy = deferred()
    await using live = subscribe<Counts>(server.url)
    live.on('a', ({ data }) => {
      seen.add(data)
      return data === 1 ? busy.promise : undefined
    })
    const first = await server.stream(ready() + event('a', 1, '1') + event('a', 2, '2'))
    await seen.count(1)
    page.tell('online')
    await first.gone
    busy.resolve()
    const second = await server.stream(ready() + event('a', 2, '2') + event('a', 3, '3'))
    expect(positionOf(second)).toBe('1')
    expect(await seen.count(3)).toEqual([1, 2, 3])
  })

  test('makes a request anew that is on its way', async () => {
    await using server = await startServer()
    const page = new Page()
    await using _ = subscribe(server.url)
    const first = await server.next()
    page.tell('online')
    await first.gone
    await server.next()
  })

  test('ends a wait', async () => {
    await using server = await startServer()
    const page = new Page()
    const { live, became } = listen(server.url)
    await using _ = live
    ;(await server.next()).answer(503)
    await became('waiting', 'lost')
    page.tell('online')
    await server.stream(ready())
    // It is not the server's merit yet.
    expect((await became('open')).attempt).toBe(1)
  })

  test('does so in a worker, too, which has no document', async () => {
    await using server = await startServer()
    const page = new Page(false)
    await using _ = subscribe(server.url)
    const first = await server.stream(ready())
    page.tell('online')
    await first.gone
    await server.next()
  })
})

describe('a page that is shown', () => {
  test('ends a wait', async () => {
    await using server = await startServer()
    const page = new Page()
    const { live, became } = listen(server.url)
    await using _ = live
    ;(await server.next()).answer(503)
    await became('waiting', 'lost')
    page.hide()
    await turns()
    expect(live.state).toBe('waiting')
    page.show()
    await server.next()
  })

  test('looks at the clock: a connection that was silent for too long is given up at once', async () => {
    const page = new Page()
    const { live } = listen(url, scriptedFetch([ready({ heartbeat: 15_000 })]))
    await turns()
    page.hide()
    vi.setSystemTime(Date.now() + 30_000)
    await turns()
    expect(live.state).toBe('open')
    page.show()
    await turns()
    expect(live.getSnapshot()).toMatchObject({ state: 'waiting', reason: 'silent' })
    live.close()
  })

  test('leaves a connection alone that is not silent for so long', async () => {
    const page = new Page()
    const { live, states } = listen(url, scriptedFetch([ready({ heartbeat: 15_000 })]))
    await turns()
    page.hide()
    vi.setSystemTime(Date.now() + 29_999)
    page.show()
    await turns()
    expect(states.entries.map(({ state }) => state)).toEqual(['connecting', 'open'])
    live.close()
  })
})

describe('nothing comes before the server allows', () => {
  const events: readonly (readonly [string, (page: Page) => unknown, ConnectOptions?])[] = [
    ['online', (page) => page.tell('online')],
    ['shown', (page) => page.show()],
    ['frozen and resumed', (page) => [page.tell('freeze'), page.tell('resume')]],
    ['kept and gone back to', (page) => [page.tell('pagehide'), page.tell('pageshow')]],
    ['paused and shown', (page) => [page.hide(), vi.advanceTimersByTime(0), page.show()], { pauseHidden: 0 }],
  ]
  const answers: readonly (readonly [string, (exchange: Exchange) => void])[] = [
    ['Retry-After', (exchange) => exchange.answer(503, { 'retry-after': '60' })],
    ['retry', (exchange) => exchange.open().send('retry:60000\n\n').end()],
  ]

  test.each(answers.flatMap(([header, answer]) => events.map(([what, happen, options]) => ({ header, answer, what, happen, options }))))(
    'with $header: $what',
    async ({ answer, happen, options }) => {
      await using server = await startServer()
      const page = new Page()
      const { live, became } = listen(server.url, options)
      await using _ = live
      answer(await server.next())
      await became('waiting', 'lost')
      await vi.advanceTimersByTimeAsync(20_000)
      happen(page)
      await turns()
      await vi.advanceTimersByTimeAsync(39_999)
      await turns()
      expect(server.requests).toBe(1)
      // Then at once, without what is ours of the wait.
      await vi.advanceTimersByTimeAsync(1)
      await server.next()
    },
  )
})

test('nor where the page is frozen meanwhile: then it waits for the page', async () => {
  await using server = await startServer()
  const page = new Page()
  const { live, became } = listen(server.url)
  await using _ = live
  ;(await server.next()).answer(503, { 'retry-after': '60' })
  await became('waiting', 'lost')
  page.tell('freeze')
  await vi.advanceTimersByTimeAsync(3_600_000)
  await became('waiting', 'hidden')
  await turns()
  expect(server.requests).toBe(1)
  page.tell('resume')
  await server.next()
})

describe('pauseHidden', () => {
  test('closes the connection when the page was hidden for so long; shown, it resumes without loss', async () => {
    await using server = await startServer()
    const page = new Page()
    const { live, events, became } = listen(server.url, { pauseHidden: 60_000 })
    await using _ = live
    const first = await server.stream(ready() + event('a', 1, '1'))
    await events.count(1)
    page.hide()
    await vi.advanceTimersByTimeAsync(59_999)
    await turns()
    expect(live.state).toBe('open')
    await vi.advanceTimersByTimeAsync(1)
    await first.gone
    expect(await became('waiting', 'hidden')).toEqual({
      state: 'waiting',
      reason: 'hidden',
      attempt: 0,
      retryAt: undefined,
      error: undefined,
    })
    await vi.advanceTimersByTimeAsync(3_600_000)
    await turns()
    expect(server.requests).toBe(1)
    page.show()
    const second = await server.stream(ready() + event('a', 2, '2'))
    expect(positionOf(second)).toBe('1')
    expect(await events.count(2)).toEqual([1, 2])
  })

  test('closes a connection that nobody listens to, too', async () => {
    await using server = await startServer()
    const page = new Page()
    const states = new Log<string>()
    await using _ = subscribe(server.url, { pauseHidden: 1_000, onStateChange: ({ state, reason }) => states.add(reason ?? state) })
    const first = await server.stream(ready())
    await states.find((state) => state === 'open')
    page.hide()
    await vi.advanceTimersByTimeAsync(1_000)
    await first.gone
    await states.find((state) => state === 'hidden')
  })

  test('loses and doubles nothing of a chunk that is being handled', async () => {
    await using server = await startServer()
    const page = new Page()
    const seen = new Log<number>()
    const states = new Log<unknown>()
    const busy = deferred()
    await using live = subscribe<Counts>(server.url, { pauseHidden: 1_000, onStateChange: ({ reason }) => states.add(reason) })
    live.on('a', ({ data }) => {
      seen.add(data)
      return data === 1 ? busy.promise : undefined
    })
    const first = await server.stream(ready() + event('a', 1, '1') + event('a', 2, '2'))
    await seen.count(1)
    page.hide()
    await vi.advanceTimersByTimeAsync(1_000)
    await first.gone
    busy.resolve()
    await states.find((reason) => reason === 'hidden')
    page.show()
    const second = await server.stream(ready() + event('a', 2, '2') + event('a', 3, '3'))
    expect(positionOf(second)).toBe('1')
    expect(await seen.count(3)).toEqual([1, 2, 3])
  })

  test('does nothing where the page is shown in time', async () => {
    const page = new Page()
    const { live } = listen(url, { ...scriptedFetch([ready()]), pauseHidden: 60_000 })
    await turns()
    page.hide()
    expect(vi.getTimerCount()).toBe(1)
    await vi.advanceTimersByTimeAsync(59_999)
    page.show()
    expect(vi.getTimerCount()).toBe(0)
    await vi.advanceTimersByTimeAsync(3_600_000)
    expect(live.state).toBe('open')
    live.close()
  })

  test('counts from the beginning where the page begins hidden', async () => {
    await using server = await startServer()
    const page = new Page()
    page.hide()
    const { live, became } = listen(server.url, { pauseHidden: 1_000 })
    await using _ = live
    const first = await server.stream(ready())
    await became('open')
    await vi.advanceTimersByTimeAsync(1_000)
    await first.gone
    await became('waiting', 'hidden')
  })

  test.each([
    ['by default', undefined],
    ['without an end', Number.POSITIVE_INFINITY],
    ['of more than a timer can hold', 2 ** 31],
  ])('%s is no pause: a hidden page stays connected', async (_, pauseHidden) => {
    const page = new Page()
    const { live } = listen(url, { ...scriptedFetch([ready()]), pauseHidden })
    await turns()
    page.hide()
    await vi.advanceTimersByTimeAsync(24 * 3_600_000)
    expect(live.state).toBe('open')
    live.close()
  })

  test.each<[string, (page: Page, live: ReturnType<typeof listen>['live']) => void]>([
    ['coming online', (page) => page.tell('online')],
    ['being hidden once more', (page) => page.hide()],
    ['a handler', (_, live) => void live.on('a', () => {})],
    ['a page that is kept and gone back to while it is hidden', (page) => [page.tell('pagehide'), page.tell('pageshow')]],
  ])('is not ended by %s', async (_, happen) => {
    const page = new Page()
    const { live } = listen(url, { ...scriptedFetch([ready()]), pauseHidden: 1_000 })
    page.hide()
    await vi.advanceTimersByTimeAsync(1_000)
    const paused = live.getSnapshot()
    happen(page, live)
    await vi.advanceTimersByTimeAsync(60_000)
    await turns()
    expect(paused).toMatchObject({ state: 'waiting', reason: 'hidden' })
    expect(live.getSnapshot()).toBe(paused)
    live.close()
  })
})

describe.each(halts)('a page that is %s', (_, halt, goOn) => {
  test('has no connection, and resumes when it goes on', async () => {
    await using server = await startServer()
    const page = new Page()
    const { live, events, became } = listen(server.url)
    await using _ = live
    const first = await server.stream(ready() + event('a', 1, '1'))
    await events.count(1)
    page.tell(halt)
    await first.gone
    await became('waiting', 'hidden')
    page.tell(goOn)
    const second = await server.stream(ready() + event('a', 2, '2'))
    expect(positionOf(second)).toBe('1')
    expect(await events.count(2)).toEqual([1, 2])
  })

  test('while it is hidden: it goes on hidden, and connected', async () => {
    await using server = await startServer()
    const page = new Page()
    const { live, became } = listen(server.url)
    await using _ = live
    const first = await server.stream(ready())
    page.hide()
    page.tell(halt)
    await first.gone
    await became('waiting', 'hidden')
    page.tell(goOn)
    await server.next()
  })

  test('while it waits: nothing is asked until it goes on', async () => {
    await using server = await startServer()
    const page = new Page()
    const { live, became } = listen(server.url)
    await using _ = live
    ;(await server.next()).answer(503)
    await became('waiting', 'lost')
    page.tell(halt)
    await became('waiting', 'hidden')
    await vi.advanceTimersByTimeAsync(60_000)
    await turns()
    expect(server.requests).toBe(1)
    page.tell(goOn)
    await server.next()
  })

  test('before it has connected: nothing is asked until it goes on', async () => {
    await using server = await startServer()
    const page = new Page()
    const { live, became } = listen(server.url)
    await using _ = live
    page.tell(halt)
    await became('waiting', 'hidden')
    await turns()
    expect(server.requests).toBe(0)
    page.tell(goOn)
    await server.next()
  })

  test('is closed all the same: the state is closed, and nothing is asked', async () => {
    await using server = await startServer()
    const page = new Page()
    const { live, became } = listen(server.url)
    const first = await server.stream(ready())
    page.tell(halt)
    await first.gone
    await became('waiting', 'hidden')
    live.close()
    await live[Symbol.asyncDispose]()
    page.tell(goOn)
    await turns()
    expect(live.getSnapshot()).toMatchObject({ state: 'closed', reason: 'closed' })
    expect(server.requests).toBe(1)
  })
})

describe('what could not resume', () => {
  const post: ConnectOptions = { method: 'POST', pauseHidden: 0 }
  const events: readonly (readonly [string, (page: Page) => void])[] = [
    ['coming online', (page) => page.tell('online')],
    ['frozen', (page) => page.tell('freeze')],
    ['kept for going back', (page) => page.tell('pagehide')],
    ['hidden', (page) => page.hide()],
  ]

  test.each(
    events.flatMap(([what, happen]) => [
      { kind: 'a POST without an id', options: post, what, happen },
      { kind: 'a GET that must not reconnect', options: { reconnect: false, pauseHidden: 0 }, what, happen },
    ]),
  )('$kind keeps its connection: $what', async ({ options, happen }) => {
    await using server = await startServer()
    const page = new Page()
    const { live, events, states } = listen(server.url, options)
    await using _ = live
    const stream = await server.stream(ready() + event('a', 1))
    await events.count(1)
    happen(page)
    await vi.advanceTimersByTimeAsync(60_000)
    stream.send(event('a', 2))
    expect(await events.count(2)).toEqual([1, 2])
    expect(states.entries.map(({ state }) => state)).toEqual(['connecting', 'open'])
    expect(server.requests).toBe(1)
  })

  test.each(events)('a POST with an id is sent again from there: %s', async (_, happen) => {
    await using server = await startServer()
    const page = new Page()
    const { live, events } = listen(server.url, post)
    await using _live = live
    const first = await server.stream(ready() + event('a', 1, '1'))
    await events.count(1)
    happen(page)
    await vi.advanceTimersByTimeAsync(0)
    await first.gone
    page.show()
    const second = await server.next()
    expect([second.request.method, positionOf(second)]).toEqual(['POST', '1'])
  })
})

describe('closed, nothing of the page is heard any more', () => {
  test.each<[string, (live: ReturnType<typeof listen>['live'], controller: AbortController) => void]>([
    ['close()', (live) => live.close()],
    ['the signal', (_, controller) => controller.abort()],
  ])('by %s', async (_, close) => {
    const page = new Page()
    const controller = new AbortController()
    const options = { ...scriptedFetch([ready({ heartbeat: 15_000 })]), pauseHidden: 60_000, signal: controller.signal }
    const { live } = listen(url, options)
    await turns()
    page.hide()
    expect(page.listeners).toBe(6)
    // The silence watch, and how long it is hidden.
    expect(vi.getTimerCount()).toBe(2)
    close(live, controller)
    await live[Symbol.asyncDispose]()
    expect([page.listeners, vi.getTimerCount()]).toEqual([0, 0])
  })

  test.each([
    ['the server', ready() + end],
    ['a failure', ready() + control({ type: 'sse.error', code: 'gone', message: 'gone', retry: false })],
  ])('by %s', async (_, chunk) => {
    const page = new Page()
    const { live } = listen(url, { ...scriptedFetch([chunk]), pauseHidden: 60_000, onError: () => {} })
    page.hide()
    await turns()
    expect(live.state).toBe('closed')
    expect([page.listeners, vi.getTimerCount()]).toEqual([0, 0])
  })

  test('before it has connected, too', async () => {
    const page = new Page()
    const { live } = listen(url, scriptedFetch())
    live.close()
    await live[Symbol.asyncDispose]()
    expect([page.listeners, vi.getTimerCount()]).toEqual([0, 0])
  })

  test('but by another subscription of the page', async () => {
    const page = new Page()
    const one = listen(url, scriptedFetch())
    const other = listen(url, scriptedFetch())
    one.live.close()
    expect(page.listeners).toBe(6)
    other.live.close()
    expect(page.listeners).toBe(0)
  })
})
