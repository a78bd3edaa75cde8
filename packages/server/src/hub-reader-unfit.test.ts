import { describe, expect, test } from 'vitest'
import type { Append, Entry } from './backplane.js'
import { appendAll, change, contract, until } from './testing/hub-session.js'
import { openHub } from './testing/open-hub.js'
import { readerSession } from './testing/reader-session.js'
import { ScriptedBackplane } from './testing/scripted-backplane.js'

// What somebody has written into the backplane that is no event of ours: a newer release, a broken one, another's code.

/** Types that the wire has no place for, or that are the protocol's own. */
const types = ['', 'x\nevent: y', 'x\rid: 9', 'x\0', 'error', 'open', 'sse.end', 'sse.ready', 'users/7/inbox#message', 'x@now'] as const

const unfit = (topic: string, type: string): Append => change(topic, 0, { type })

describe.each(types)('a type %j', (type) => {
  test('is left out of what is live, and told as a gap; what comes after it comes', async () => {
    const session = readerSession()
    const { reader, summary, errors } = session.join(['a', 'b'])
    await until(() => reader.isLive)
    await session.backplane.append(unfit('a', type))
    await until(() => reader.isLive)
    await appendAll(session.backplane, ['a', 'b'], 2)
    await until(() => summary().endsWith('3'))
    expect(summary()).toBe('live@0 gap:trimmed:a live@1 2 3')
    // Told once, however often it is come by.
    expect(session.errors).toHaveLength(1)
    expect(errors).toEqual([])
  })

  test('is left out of a replay, and told before what comes after it', async () => {
    const session = readerSession()
    await appendAll(session.backplane, ['a', 'b'])
    await session.backplane.append(unfit('a', type))
    await appendAll(session.backplane, ['a'], 4)
    const { reader, summary, messages } = session.join([
      { name: 'a', start: session.cursor(0) },
      { name: 'b', start: session.cursor(0) },
    ])
    await until(() => reader.isLive)
    expect(summary()).toBe('1 2 gap:trimmed:a 4 live@4')
    expect(messages().map(({ event }) => event)).toEqual(['a#changed', 'b#changed', 'sse.gap', 'a#changed', 'sse.live'])
  })

  test('is told also where nothing comes after it', async () => {
    const session = readerSession()
    await session.backplane.append(unfit('a', type))
    const { reader, summary } = session.join([{ name: 'a', start: session.cursor(0) }])
    await until(() => reader.isLive)
    expect(summary()).toBe('gap:trimmed:a live@1')
  })
})

test('a flood of them costs their readers no more than a look into the history now and then', async () => {
  const session = readerSession()
  const { reader, summary } = session.join(['a'])
  await until(() => reader.isLive)
  for (let n = 0; n < 500; n++) void session.backplane.append(unfit('a', 'x\n'))
  await session.backplane.append(change('a', 7))
  await until(() => summary().includes('7'))
  await until(() => reader.isLive)
  expect(session.backplane.calls.filter(({ method }) => method === 'state').length).toBeLessThan(10)
})

/** A history in which every entry is told otherwise than it was appended. */
class LyingBackplane extends ScriptedBackplane {
  constructor(readonly lie: Partial<Entry>) {
    super()
  }

  override async read(...asked: Parameters<ScriptedBackplane['read']>): Promise<readonly Entry[]> {
    const entries = await super.read(...asked)
    return entries.map((entry, index) => (index === 0 ? { ...entry, ...this.lie } : entry))
  }
}

test.each<Partial<Entry>>([
  { topic: 'orders/1\nevent: x' },
  { topic: 'orders/1#x' },
  { topic: 'sse.end' },
  { topic: '' },
  { epoch: 'e\nid: 7' },
  { epoch: '' },
  { previous: 7 },
  { previous: Number.NaN },
  { kind: 'end', epoch: 'e\nid: 7' },
])('an entry with %o is left out, too', async (lie) => {
  const session = readerSession({}, new LyingBackplane(lie))
  await appendAll(session.backplane, ['a', 'a'])
  const { reader, summary, sink } = session.join([{ name: 'a', start: session.cursor(0) }])
  await until(() => reader.isLive)
  // Where its link is broken, too, that is a gap of its own.
  expect(summary().replace(/^(gap:trimmed:\S*(\nevent: x)? )+/, 'gap ')).toBe('gap 2 live@2')
  expect(sink.writes.join('')).not.toMatch(/^(event: x|id: 7)$/m)
})

test('whoever appends hears nothing of it, and the hub’s onError has it', async () => {
  await using opened = openHub()
  const { reading } = await opened.live([contract.order({ orderId: '1' })])
  await expect(opened.backplane.append(unfit('orders/1', 'x\nevent: y'))).resolves.toMatchObject({ duplicate: false })
  await opened.change('1', 2)
  await reading.take(1)
  expect(reading.seen).toEqual(['changed {"n":2}'])
  expect(reading.controls).toMatchObject([{}, {}, { type: 'sse.gap', topics: ['orders/1'], reason: 'trimmed' }, { type: 'sse.live' }])
  expect(opened.errors).toMatchObject([{ code: 'invalid_name', rejected: 'x\nevent: y' }])
})
