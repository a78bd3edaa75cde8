import { type Control, format } from '@sse/schema/wire'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { buffered, createClient, type Snapshot, type TopicOptions, type TopicSubscription } from './index.js'
import { deferred, turns } from './testing/async.js'
import { Log } from './testing/log.js'
import { type Exchange, type RawServer, startServer } from './testing/raw-server.js'
import { control, ready } from './testing/wire.js'

afterEach(() => {
  vi.useRealTimers()
})

interface Contract {
  readonly order: { readonly pattern: 'orders/:id'; readonly events: Events; all(): unknown }
}
type Events = import('@sse/schema').Events<{ n: number }>

const reconnect = { baseDelay: 0 }
const at = (position: number): string => `1.e.${position}`
const live = (position: number, ...topics: string[]): string =>
  control({ type: 'sse.live', topics, resumed: true, position: at(position) }, at(position))
const event = (topic: string, position: number, previous: number): string =>
  format({ event: `${topic}#n`, data: String(position), id: `${at(position)}-${previous}` })
const told = (fields: Control): string => control(fields)

function connect(server: RawServer, options: { linger?: number } = {}) {
  return createClient<Contract>({ url: server.url, reconnect, ...options })
}

/** Subscribes, and writes down what comes. */
function read(client: ReturnType<typeof connect>, id: string, options: TopicOptions = {}) {
  const log = new Log<number | string>()
  const subscription = client.subscribe(
    'orders/:id',
    { id },
    {
      onGap: ({ reason }) => log.add(`gap ${reason}`),
      onError: (error) => log.add(`${error.code} ${error.message}`),
      ...options,
    },
  )
  subscription.on('n', ({ data }) => log.add(data))
  return { log, subscription }
}

/** What a request asks for. */
function topicsOf({ request }: Exchange): string[] {
  return new URL(request.target, 'http://sse.test').searchParams.getAll('topic')
}

async function untilState(subscription: Pick<TopicSubscription<object>, 'state' | 'onChange'>, state: Snapshot['state']): Promise<void> {
  while (subscription.state !== state) await new Promise<void>((resolve) => void subscription.onChange(resolve))
}

describe('one connection', () => {
  test('all that subscribe in one turn are one request', async () => {
    await using server = await startServer()
    await using client = connect(server)
    const one = read(client, '1')
    const two = read(client, '2', { start: 'last:3' })
    const stream = await server.stream(ready(), live(5, 'orders/1', 'orders/2'), event('orders/1', 6, 0), event('orders/2', 7, 0))
    expect(topicsOf(stream)).toEqual(['orders/1', 'orders/2@last:3'])
    expect(await one.log.count(1)).toEqual([6])
    expect(await two.log.count(1)).toEqual([7])
    expect(server.requests).toBe(1)
  })

  test('a lost one is made anew, for each topic from where it is', async () => {
    await using server = await startServer()
    await using client = connect(server)
    const { log } = read(client, '1')
    read(client, '2')
    const first = await server.stream(ready(), live(5, 'orders/1', 'orders/2'), event('orders/1', 6, 0))
    await log.count(1)
    first.cut()
    expect(topicsOf(await server.next())).toEqual([`orders/1@${at(6)}`, `orders/2@${at(5)}`])
  })

  test('a topic that is added is asked for beside the old one, which is closed when the new one is live', async () => {
    await using server = await startServer()
    await using client = connect(server)
    const one = read(client, '1')
    const first = await server.stream(ready(), live(5, 'orders/1'), event('orders/1', 6, 0))
    await one.log.count(1)
    const two = read(client, '2')
    const second = await server.stream(ready())
    expect(topicsOf(second)).toEqual([`orders/1@${at(6)}`, 'orders/2'])
    let isGone = false
    void first.gone.then(() => {
      isGone = true
    })
    first.send(event('orders/1', 7, 6))
    await one.log.count(2)
    expect(isGone).toBe(false)
    // What the old one has brought, too, comes once.
    second.send(event('orders/1', 7, 6), live(7, 'orders/1', 'orders/2'), event('orders/2', 8, 0), event('orders/1', 9, 7))
    await first.gone
    expect(await one.log.count(3)).toEqual([6, 7, 9])
    expect(await two.log.count(1)).toEqual([8])
    expect(server.requests).toBe(2)
  })

  test('an old one is closed first where the new one has no headers for two seconds', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
    await using server = await startServer()
    await using client = connect(server)
    const { subscription } = read(client, '1')
    await vi.advanceTimersByTimeAsync(0)
    const first = await server.stream(ready(), live(5, 'orders/1'))
    await untilState(subscription, 'open')
    read(client, '2')
    await vi.advanceTimersByTimeAsync(10)
    const second = await server.next()
    await vi.advanceTimersByTimeAsync(2_000)
    await first.gone
    second.open().send(ready(), live(5, 'orders/1', 'orders/2'))
    await untilState(subscription, 'open')
    expect(server.requests).toBe(2)
  })

  test('whoever comes back within the linger costs no request', async () => {
    await using server = await startServer()
    await using client = connect(server)
    const { subscription } = read(client, '1')
    const stream = await server.stream(ready(), live(5, 'orders/1'))
    await untilState(subscription, 'open')
    subscription.close()
    const again = read(client, '1')
    stream.send(event('orders/1', 6, 0))
    expect(await again.log.count(1)).toEqual([6])
    expect(server.requests).toBe(1)
  })

  test('it is closed after the linger when nobody subscribes', async () => {
    await using server = await startServer()
    await using client = connect(server, { linger: 0 })
    const { subscription } = read(client, '1')
    const stream = await server.stream(ready(), live(5, 'orders/1'))
    await untilState(subscription, 'open')
    subscription.close()
    await stream.gone
    expect(client.getSnapshot()).toMatchObject({ state: 'waiting', reason: 'idle' })
  })

  test('lists that no URL holds go in a POST, which is repeated', async () => {
    await using server = await startServer()
    await using client = connect(server)
    for (let id = 0; id < 400; id++) read(client, String(id))
    const first = await server.next()
    expect(first.request.method).toBe('POST')
    first.answer(503)
    const { topics } = JSON.parse((await server.next()).request.body)
    expect(topics).toHaveLength(400)
  })
})

describe('a topic alone', () => {
  test('fails where it is denied, and is not asked for again', async () => {
    await using server = await startServer()
    await using client = connect(server)
    const mine = read(client, '1')
    const theirs = read(client, '2')
    const denied: Control = { type: 'sse.error', code: 'denied', message: 'no', retry: false, topics: ['orders/2'] }
    const first = await server.stream(ready(), told(denied), live(5, 'orders/1'), event('orders/1', 6, 0))
    expect(await mine.log.count(1)).toEqual([6])
    expect(await theirs.log.count(1)).toEqual(['server_error no'])
    expect(theirs.subscription.getSnapshot()).toMatchObject({ state: 'closed', reason: 'failed', error: { topics: ['orders/2'] } })
    first.cut()
    expect(topicsOf(await server.next())).toEqual([`orders/1@${at(6)}`])
  })

  test('ends where it has ended', async () => {
    await using server = await startServer()
    await using client = connect(server)
    const one = read(client, '1')
    const two = read(client, '2')
    await server.stream(
      ready(),
      live(5, 'orders/1', 'orders/2'),
      told({ type: 'sse.end', reason: 'done', topics: ['orders/2'] }),
      event('orders/1', 6, 0),
    )
    await one.log.count(1)
    expect(two.subscription.getSnapshot()).toMatchObject({ state: 'closed', reason: 'ended' })
    expect(one.subscription.state).toBe('open')
  })

  test('is asked for again, from its last good position, where an event was left out; and is told a gap where it is missing again', async () => {
    await using server = await startServer()
    await using client = connect(server)
    const { log } = read(client, '1')
    const first = await server.stream(ready(), live(5, 'orders/1'), event('orders/1', 6, 0), event('orders/1', 9, 8))
    const second = await server.next()
    expect(topicsOf(second)).toEqual([`orders/1@${at(6)}`])
    second.open().send(ready(), event('orders/1', 9, 8))
    expect(await log.count(3)).toEqual([6, 'gap trimmed', 9])
    await first.gone
  })

  test('holds the others up while it is busy, unless it has a buffer', async () => {
    await using server = await startServer()
    await using client = connect(server)
    const busy = deferred()
    const slow = client.subscribe('orders/:id', { id: '1' }, { buffer: buffered({ events: 10 }) })
    slow.on('n', () => busy.promise)
    const { log } = read(client, '2')
    await server.stream(ready(), live(5, 'orders/1', 'orders/2'), event('orders/1', 6, 0), event('orders/1', 7, 6), event('orders/2', 8, 0))
    expect(await log.count(1)).toEqual([8])
    expect(slow.lastEventId).toBe(at(5))
    busy.resolve()
  })
})

describe('reached', () => {
  test('waits until the position is handled', async () => {
    await using server = await startServer()
    await using client = connect(server)
    const { log, subscription } = read(client, '1')
    const reached = subscription.reached(at(6))
    const stream = await server.stream(ready(), live(5, 'orders/1'))
    await turns()
    expect(log.entries).toEqual([])
    stream.send(event('orders/1', 6, 0))
    expect(await reached).toBe(true)
    expect(log.entries).toEqual([6])
  })

  test('is false where the subscription is closed before', async () => {
    await using server = await startServer()
    await using client = connect(server)
    const { subscription } = read(client, '1')
    const reached = subscription.reached(at(6))
    subscription.close()
    expect(await reached).toBe(false)
  })
})

test.each([
  ['a start that is none', { start: 'yesterday' }, /start: "yesterday" is no position of a hub/],
  ['a param that is empty', {}, /params: id must be text or a number/],
])('%s is refused at once', async (_, options, message) => {
  await using server = await startServer()
  await using client = connect(server)
  expect(() => client.subscribe('orders/:id', { id: 'start' in options ? 1 : '' }, options)).toThrow(message)
})

test('a stream that is no hub’s is told as such', async () => {
  await using server = await startServer()
  await using client = connect(server)
  const { log } = read(client, '1')
  await server.stream('event: n\ndata: 1\n\n')
  expect(await log.count(1)).toEqual([expect.stringMatching(/^content_type .* is no hub's stream/)])
})
