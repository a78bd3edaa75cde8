import type { Control, GapReason } from '@sse/schema/wire'
import { parsePosition } from '@sse/schema/wire'
import { describe, expect, test } from 'vitest'
import { ConnectionError, type SubscriptionError } from './errors.js'
import type { Reading } from './session.js'
import { deferred, turns } from './testing/async.js'
import { createTopicReader, type TopicReader } from './topic-reader.js'

/** A reader, and what it has handed over: `a7` is an event, `^7` a position that the server vouched for, `!trimmed a` a gap. */
interface Kept {
  readonly reader: TopicReader
  readonly told: string[]
  readonly over: (SubscriptionError | undefined)[]
}

function reading(name: string, start = ''): Kept {
  const told: string[] = []
  const over: (SubscriptionError | undefined)[] = []
  const reader = createTopicReader(name, start, {
    take: (one) => void told.push(words(one)),
    over: (error) => void over.push(error),
  })
  return { reader, told, over }
}

function words({ control, event, position = '' }: Reading): string {
  if (control?.type === 'sse.gap') return `!${control.reason} ${control.topics.join()}`
  if (control?.type === 'sse.end') return `.${control.reason} ${control.topics?.join() ?? 'all'}`
  if (control) return control.type
  return event ? `${event.topic?.split('/').at(-1)}${event.data}` : `^${parsePosition(position)?.at}`
}

/** An event of a topic at a position, after another of its topic. */
function take({ reader }: Kept, topic: string, at: number, previous?: number, epoch = 'e'): Promise<unknown> | undefined {
  const id = `1.${epoch}.${at}${previous === undefined ? '' : `-${previous}`}`
  return reader.take({ position: id, event: { type: 'made', data: String(at), id, topic } }, parsePosition(id))
}

/** An id alone. */
function verified({ reader }: Kept, at: number, epoch = 'e'): void {
  const id = `1.${epoch}.${at}`
  reader.take({ position: id }, parsePosition(id))
}

function control({ reader }: Kept, one: Control): void {
  reader.take({ control: one }, undefined)
}

function live(kept: Kept, at: number, topics: readonly string[] = [kept.reader.name], epoch = 'e'): void {
  control(kept, { type: 'sse.live', topics, resumed: true, position: `1.${epoch}.${at}` })
}

function gap(kept: Kept, reason: GapReason, topics: readonly string[] = [kept.reader.name]): void {
  control(kept, { type: 'sse.gap', topics, reason })
}

describe('one topic', () => {
  test('begins at its position', () => {
    expect(reading('a', '1.e.4').reader.start()).toBe('1.e.4')
  })

  test('goes on after its last event', () => {
    const kept = reading('a', '1.e.4')
    take(kept, 'a', 5, 4)
    take(kept, 'a', 7, 5)
    expect(kept.told).toEqual(['a5', 'a7'])
    expect(kept.reader.start()).toBe('1.e.7')
  })

  test('goes on after what the server vouched for, where that is later', () => {
    const kept = reading('a', '1.e.4')
    take(kept, 'a', 5, 4)
    live(kept, 9)
    expect(kept.told).toEqual(['a5', '^9'])
    expect(kept.reader.start()).toBe('1.e.9')
  })

  test('goes on after its last event, where that is later than what the server vouched for', () => {
    const kept = reading('a', '1.e.4')
    live(kept, 9)
    take(kept, 'a', 12, 5)
    expect(kept.reader.start()).toBe('1.e.12')
  })

  test('takes nothing of another topic, not even its position', () => {
    const kept = reading('a', '1.e.4')
    take(kept, 'b', 9, 8)
    expect(kept.told).toEqual([])
    expect(kept.reader.start()).toBe('1.e.4')
  })

  test('takes no control of other topics', () => {
    const kept = reading('a', '1.e.4')
    live(kept, 9, ['b'])
    gap(kept, 'reset', ['b'])
    control(kept, { type: 'sse.end', reason: 'done', topics: ['b'] })
    control(kept, { type: 'sse.presence', topic: 'b', count: 1, joined: [], left: [], reset: true })
    control(kept, { type: 'sse.error', code: 'denied', message: 'no', retry: false, topics: ['b'] })
    expect(kept).toMatchObject({ told: [], over: [] })
    expect(kept.reader.start()).toBe('1.e.4')
  })

  test('hears its own presence', () => {
    const kept = reading('a')
    control(kept, { type: 'sse.presence', topic: 'a', count: 1, joined: ['x'], left: [], reset: true })
    expect(kept.told).toEqual(['sse.presence'])
  })

  test('is over as a subscription, where its topic is', () => {
    const kept = reading('a')
    control(kept, { type: 'sse.end', reason: 'done', topics: ['a', 'b'] })
    expect(kept.told).toEqual(['.done all'])
  })

  test('has failed, where the server does not give it', () => {
    const kept = reading('a')
    control(kept, { type: 'sse.error', code: 'denied', message: 'not yours', retry: false, topics: ['a'] })
    expect(kept.over).toMatchObject([{ code: 'server_error', reason: 'denied', message: 'not yours', topics: ['a'] }])
  })

  test('has not failed, where it may be given later', () => {
    const kept = reading('a')
    control(kept, { type: 'sse.error', code: 'busy', message: 'wait', retry: true, topics: ['a'] })
    expect(kept).toMatchObject({ told: ['sse.error'], over: [] })
  })
})

describe('duplicates', () => {
  test('are dropped', () => {
    const kept = reading('a', '1.e.4')
    take(kept, 'a', 5, 4)
    take(kept, 'a', 5, 4)
    expect(kept.told).toEqual(['a5'])
  })

  test('are dropped at and below the start', () => {
    const kept = reading('a', '1.e.4')
    take(kept, 'a', 3, 2)
    take(kept, 'a', 4, 3)
    expect(kept.told).toEqual([])
  })

  test('are dropped below what the server vouched for', () => {
    const kept = reading('a', '1.e.4')
    live(kept, 9)
    take(kept, 'a', 8, 4)
    expect(kept.told).toEqual(['^9'])
  })

  test('are dropped over two connections, which both bring all', () => {
    const kept = reading('a', '1.e.4')
    for (const at of [5, 6, 7]) {
      take(kept, 'a', at, at - 1)
      take(kept, 'a', at - 1, at - 2)
      take(kept, 'a', at, at - 1)
    }
    expect(kept.told).toEqual(['a5', 'a6', 'a7'])
  })

  test('are dropped where a second connection comes from far behind', () => {
    const kept = reading('a', '1.e.0')
    for (const at of [1, 2, 3, 4]) take(kept, 'a', at, at - 1)
    for (const at of [1, 2, 3, 4, 5]) take(kept, 'a', at, at - 1)
    expect(kept.told).toEqual(['a1', 'a2', 'a3', 'a4', 'a5'])
  })

  test('are no events without a position: each is another', () => {
    const kept = reading('a', '1.e.4')
    for (let count = 0; count < 2; count++) kept.reader.take({ event: { type: 'made', data: '!', id: '', topic: 'a' } }, undefined)
    expect(kept.told).toEqual(['a!', 'a!'])
  })

  test('of a position that was vouched for are not told again', () => {
    const kept = reading('a', '1.e.4')
    verified(kept, 9)
    verified(kept, 9)
    live(kept, 8)
    expect(kept.told).toEqual(['^9'])
  })
})

describe('an event without an id', () => {
  test('does not move the position', () => {
    const kept = reading('a', '1.e.4')
    kept.reader.take({ event: { type: 'made', data: '!', id: '', topic: 'a' } }, undefined)
    expect(kept.reader.start()).toBe('1.e.4')
  })

  test('of another topic is not handed over', () => {
    const kept = reading('a', '1.e.4')
    kept.reader.take({ event: { type: 'made', data: '!', id: '', topic: 'b' } }, undefined)
    expect(kept.told).toEqual([])
  })
})

describe('a link to what did not come', () => {
  const broken = (topic: string, at: number, previous: number): ConnectionError =>
    new ConnectionError(`an event of ${topic} before 1.e.${at}-${previous} was left out`)

  test('throws, and hands nothing over', () => {
    const kept = reading('a', '1.e.4')
    expect(() => take(kept, 'a', 8, 7)).toThrow(broken('a', 8, 7))
    expect(kept.told).toEqual([])
  })

  test('is to be asked for from the last good position', () => {
    const kept = reading('a', '1.e.4')
    take(kept, 'a', 5, 4)
    expect(() => take(kept, 'a', 8, 7)).toThrow(broken('a', 8, 7))
    expect(kept.reader.start()).toBe('1.e.5')
  })

  test('is mended by the next connection', () => {
    const kept = reading('a', '1.e.4')
    expect(() => take(kept, 'a', 8, 7)).toThrow(broken('a', 8, 7))
    take(kept, 'a', 7, 4)
    take(kept, 'a', 8, 7)
    expect(kept.told).toEqual(['a7', 'a8'])
  })

  test('is a gap at the second time, and the event comes', () => {
    const kept = reading('a', '1.e.4')
    expect(() => take(kept, 'a', 8, 7)).toThrow(broken('a', 8, 7))
    take(kept, 'a', 8, 7)
    take(kept, 'a', 9, 8)
    expect(kept.told).toEqual(['!trimmed a', 'a8', 'a9'])
  })

  test('throws once for each event that has one', () => {
    const kept = reading('a', '1.e.4')
    expect(() => take(kept, 'a', 8, 7)).toThrow(broken('a', 8, 7))
    take(kept, 'a', 8, 7)
    expect(() => take(kept, 'a', 12, 10)).toThrow(broken('a', 12, 10))
    expect(kept.told).toEqual(['!trimmed a', 'a8'])
  })

  test('is none, where the server has vouched for what lies before', () => {
    const kept = reading('a', '1.e.4')
    verified(kept, 7)
    take(kept, 'a', 8, 6)
    expect(kept.told).toEqual(['^7', 'a8'])
  })

  test('is none, where the event has no link: its channel leaves out some by intent', () => {
    const kept = reading('a', '1.e.4')
    take(kept, 'a', 8)
    expect(kept.told).toEqual(['a8'])
  })

  test('counts from a hub’s beginning, before any event', () => {
    const kept = reading('a')
    live(kept, 0)
    expect(kept.told).toEqual(['^0'])
    expect(kept.reader.start()).toBe('1.e.0')
    expect(() => take(kept, 'a', 2, 1)).toThrow(broken('a', 2, 1))
    take(kept, 'a', 1, 0)
    take(kept, 'a', 2, 1)
    expect(kept.told).toEqual(['^0', 'a1', 'a2'])
  })
})

describe('where links say nothing', () => {
  test('a reader that begins with the last few takes its first events, whatever they link to', () => {
    const kept = reading('a', 'last:3')
    expect(kept.reader.start()).toBe('last:3')
    take(kept, 'a', 8, 7)
    expect(kept.told).toEqual(['a8'])
    expect(kept.reader.start()).toBe('1.e.8')
  })

  test('a reader that begins now leaves out what is replayed for others, until it is live', () => {
    const kept = reading('a')
    take(kept, 'a', 8, 7)
    expect(kept.reader.start()).toBe('')
    live(kept, 9)
    take(kept, 'a', 10, 8)
    expect(kept.told).toEqual(['^9', 'a10'])
  })

  test('a reader that begins now takes what has no position, live or not', () => {
    const kept = reading('a')
    kept.reader.take({ event: { type: 'made', data: '!', id: '', topic: 'a' } }, undefined)
    expect(kept.told).toEqual(['a!'])
  })

  test('they do again, once the server vouches', () => {
    const kept = reading('a', 'last:3')
    take(kept, 'a', 8, 7)
    live(kept, 9)
    expect(() => take(kept, 'a', 12, 11)).toThrow(ConnectionError)
  })

  test.each<GapReason>(['trimmed', 'overflow'])('after the gap %s, until the server vouches', (reason) => {
    const kept = reading('a', '1.e.4')
    gap(kept, reason)
    take(kept, 'a', 8, 7)
    expect(kept.told).toEqual([`!${reason} a`, 'a8'])
    verified(kept, 9)
    expect(() => take(kept, 'a', 12, 11)).toThrow(ConnectionError)
  })

  test('after a gap what was had is still had', () => {
    const kept = reading('a', '1.e.4')
    take(kept, 'a', 8, 4)
    gap(kept, 'trimmed')
    take(kept, 'a', 8, 4)
    expect(kept.told).toEqual(['a8', '!trimmed a'])
  })

  test('after a reset nothing that was had counts, for it began at what lay in the future', () => {
    const kept = reading('a', '1.e.1000')
    gap(kept, 'reset')
    live(kept, 4)
    take(kept, 'a', 5, 3)
    expect(kept.told).toEqual(['!reset a', '^4', 'a5'])
    expect(kept.reader.start()).toBe('1.e.5')
  })

  test('after a reset what a server has sent since is still had, for two connections may tell the same one', () => {
    const kept = reading('a', '1.e.1000')
    gap(kept, 'reset')
    live(kept, 0, ['a'], 'f')
    take(kept, 'a', 1, 0, 'f')
    gap(kept, 'reset')
    live(kept, 0, ['a'], 'f')
    take(kept, 'a', 1, 0, 'f')
    expect(kept.told).toEqual(['!reset a', '^0', 'a1', '!reset a'])
  })

  test('in another epoch, whose positions are not those that were had', () => {
    const kept = reading('a', '1.e.1000')
    take(kept, 'a', 3, 2, 'f')
    take(kept, 'a', 5, 3, 'f')
    expect(kept.told).toEqual(['a3', 'a5'])
    expect(kept.reader.start()).toBe('1.f.5')
  })

  test('in another epoch they do again, once the server vouches', () => {
    const kept = reading('a', '1.e.1000')
    live(kept, 3, ['a'], 'f')
    expect(kept.told).toEqual(['^3'])
    expect(() => take(kept, 'a', 6, 5, 'f')).toThrow(ConnectionError)
    expect(kept.reader.start()).toBe('1.f.3')
  })
})

describe('joining a connection that is there', () => {
  test('begins at its position, and tells so', () => {
    const { reader, told } = reading('a')
    reader.joinAt({ epoch: 'e', at: 6, previous: undefined })
    expect(told).toEqual(['^6'])
    expect(reader.start()).toBe('1.e.6')
  })

  test('links count from there', () => {
    const kept = reading('a')
    kept.reader.joinAt({ epoch: 'e', at: 6, previous: undefined })
    expect(() => take(kept, 'a', 9, 8)).toThrow(ConnectionError)
  })
})

describe('a subtree', () => {
  const all = 'orders/*'

  test('takes its topics, and none that is deeper or beside it', () => {
    const kept = reading(all, '1.e.4')
    take(kept, 'orders/a', 5, 1)
    take(kept, 'orders/b', 6, 2)
    take(kept, 'orders/a/b', 7, 0)
    take(kept, 'orders', 8, 0)
    take(kept, 'orders2/a', 9, 0)
    expect(kept.told).toEqual(['a5', 'b6'])
  })

  test('of all topics takes those of one segment', () => {
    const kept = reading('*', '1.e.4')
    take(kept, 'a', 5, 1)
    take(kept, 'orders/a', 6, 2)
    expect(kept.told).toEqual(['a5'])
  })

  test('checks the chain of each of its topics', () => {
    const kept = reading(all, '1.e.4')
    take(kept, 'orders/a', 5, 4)
    take(kept, 'orders/b', 7, 3)
    expect(() => take(kept, 'orders/a', 9, 8)).toThrow('an event of orders/a before 1.e.9-8 was left out')
  })

  test('resumes where the server vouched for all of it, whatever came of some', () => {
    const kept = reading(all, '1.e.4')
    live(kept, 6)
    take(kept, 'orders/a', 9, 5)
    expect(kept.reader.start()).toBe('1.e.6')
  })

  test('drops what it had above that, topic by topic', () => {
    const kept = reading(all, '1.e.4')
    take(kept, 'orders/a', 9, 4)
    take(kept, 'orders/b', 8, 4)
    take(kept, 'orders/a', 9, 4)
    expect(kept.told).toEqual(['a9', 'b8'])
  })

  test('has had all that the server vouches for', () => {
    const kept = reading(all, '1.e.4')
    take(kept, 'orders/a', 9, 4)
    live(kept, 9)
    take(kept, 'orders/b', 8, 4)
    expect(kept.told).toEqual(['a9'])
    expect(kept.reader.start()).toBe('1.e.9')
  })

  test('tells a gap of the topic that has it, and the ends of its topics as such', () => {
    const kept = reading(all, '1.e.4')
    gap(kept, 'trimmed', ['orders/a', 'users/7'])
    control(kept, { type: 'sse.end', reason: 'done', topics: ['orders/a'] })
    expect(kept).toMatchObject({ told: ['!trimmed orders/a', '.done orders/a'], over: [] })
  })

  test('keeps what it had where only one of its topics begins anew, which is another reader’s cursor', () => {
    const kept = reading(all, '1.e.4')
    gap(kept, 'reset', ['orders/a'])
    live(kept, 6, ['orders/a', all])
    take(kept, 'orders/b', 6, 3)
    expect(kept.told).toEqual(['!reset orders/a', '^6'])
  })

  test('does not fail with one of its topics', () => {
    const kept = reading(all)
    control(kept, { type: 'sse.error', code: 'unknown', message: 'no', retry: false, topics: ['orders/a'] })
    expect(kept).toMatchObject({ told: ['sse.error'], over: [] })
  })
})

test('what two connections bring is handed over one after the other, in the order in which it came', async () => {
  const told: string[] = []
  const steps = [deferred(), deferred()]
  const reader = createTopicReader('a', '1.e.4', {
    take: (one) => {
      told.push(words(one))
      return steps[told.length - 1]?.promise
    },
    over: () => {},
  })
  const kept = { reader, told, over: [] }
  const first = take(kept, 'a', 5, 4)
  const second = take(kept, 'a', 6, 5)
  const third = take(kept, 'a', 7, 6)
  await turns(3)
  expect(told).toEqual(['a5'])
  steps[0]?.resolve()
  await first
  await turns(3)
  expect(told).toEqual(['a5', 'a6'])
  steps[1]?.resolve()
  await Promise.all([second, third])
  expect(told).toEqual(['a5', 'a6', 'a7'])
})

test('the last event holds the next one back, though it came by another connection', async () => {
  const done = deferred()
  let count = 0
  const reader = createTopicReader('a', '1.e.4', { take: () => (count++ === 0 ? done.promise : undefined), over: () => {} })
  const kept = { reader, told: [], over: [] }
  const one = take(kept, 'a', 5, 4)
  const other = take(kept, 'a', 6, 5)
  expect(one).toBeInstanceOf(Promise)
  expect(other).toBeInstanceOf(Promise)
  done.resolve()
  await Promise.all([one, other])
  expect(take(kept, 'a', 7, 6)).toBeUndefined()
})

test('the end of a subtree’s topic is told once, though it comes again with what is asked for again', () => {
  const kept = reading('orders/*', '1.e.4')
  const end = (at: number): void => {
    const id = `1.e.${at}-5`
    kept.reader.take({ control: { type: 'sse.end', topics: ['orders/a'], reason: 'done' }, position: id }, parsePosition(id))
  }
  take(kept, 'orders/a', 5, 3)
  end(6)
  // The connection is lost, and the next one begins where the server vouched last.
  expect(kept.reader.start()).toBe('1.e.4')
  take(kept, 'orders/a', 5, 3)
  end(6)
  // It is born again, and ends again.
  take(kept, 'orders/a', 8, 6)
  end(9)
  expect(kept.told).toEqual(['a5', '.done orders/a', 'a8', '.done orders/a'])
})
