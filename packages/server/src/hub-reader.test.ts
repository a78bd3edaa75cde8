import { describe, expect, test } from 'vitest'
import { StreamEndedError } from './errors.js'
import { isPending, turns } from './testing/deferred.js'
import { appendAll, change, ending, until } from './testing/hub-session.js'
import { readerSession } from './testing/reader-session.js'
import { ScriptedBackplane } from './testing/scripted-backplane.js'

// How a reader joins: what it missed, then live. In summaries `live@3` is `sse.live` with position 3 for its id.

const everything = { events: 10_000, milliseconds: 3_600_000, bytes: 1e9 }

describe('joining', () => {
  test('R1: watches, is acknowledged, reads where the shard is, and only then the topics', async () => {
    const { backplane, join, cursor } = readerSession()
    await appendAll(backplane, ['a', 'a'])
    const { reader, summary } = join([{ name: 'a', start: cursor(0) }])
    await until(() => reader.isLive)
    expect(backplane.calls.slice(2).map(({ method }) => method)).toEqual(['watch', 'state', 'state', 'read'])
    expect(summary()).toBe('1 2 live@2')
  })

  test('R1: what comes while it catches up is held, and delivered behind what it missed', async () => {
    const { backplane, join, cursor } = readerSession()
    await appendAll(backplane, ['a', 'a'])
    const { reached, release } = backplane.hold('read')
    const { reader, summary } = join([{ name: 'a', start: cursor(0) }])
    await reached
    await appendAll(backplane, ['a', 'a'], 3)
    await turns(3)
    expect(summary()).toBe('')
    release()
    await until(() => reader.isLive)
    await appendAll(backplane, ['a'], 5)
    await turns()
    expect(summary()).toBe('1 2 live@2 3 4 5')
  })

  test('where each topic begins is asked for at once, however many they are', async () => {
    const { backplane, join } = readerSession()
    await appendAll(backplane, ['a', 'b', 'c'])
    const { reached, release } = backplane.hold('locate')
    const { reader, summary } = join(['a', 'b', 'c'].map((name) => ({ name, start: { last: 1 } })))
    await reached
    await turns()
    expect(backplane.calls.filter(({ method }) => method === 'locate')).toHaveLength(3)
    release()
    await until(() => reader.isLive)
    expect(summary()).toBe('1 2 3 live@3')
  })

  test('R1: what is announced and in the history, too, comes once', async () => {
    const { backplane, join } = readerSession()
    const { reached, release } = backplane.hold('state')
    const { reader, summary } = join([{ name: 'a', start: { last: 9 } }])
    await reached
    release()
    const again = backplane.hold('locate')
    await appendAll(backplane, ['a', 'a'])
    await again.reached.then(() => again.release())
    await until(() => reader.isLive)
    backplane.tell(...backplane.entries)
    await turns()
    expect(summary().replace(/live@\d /, '')).toMatch(/^1 2( live@2)?$/)
  })

  test('what it missed is replayed in the one order of all its topics, with their names', async () => {
    const { backplane, join, cursor } = readerSession()
    await appendAll(backplane, ['a', 'b', 'c', 'b', 'a'])
    const { reader, messages, summary } = join(['a', 'b'].map((name) => ({ name, start: cursor(0) })))
    await until(() => reader.isLive)
    expect(summary()).toBe('1 2 4 5 live@5')
    expect(messages().map(({ event }) => event)).toEqual(['a#changed', 'b#changed', 'b#changed', 'a#changed', 'sse.live'])
  })

  test('a single topic that was chosen for it has plain types, and each event its place and its link for an id', async () => {
    const { backplane, join, cursor } = readerSession()
    await appendAll(backplane, ['a', 'b', 'a'])
    const { reader, messages } = join([{ name: 'a', start: cursor(0) }])
    await until(() => reader.isLive)
    const [{ epoch } = { epoch: '' }] = backplane.entries
    expect(messages().slice(0, 2)).toEqual([
      { event: 'changed', data: '{"n":1}', id: `1.${epoch}.1-0` },
      { event: 'changed', data: '{"n":3}', id: `1.${epoch}.3-1` },
    ])
  })

  test('sse.live comes once, with the position up to which the reader is complete', async () => {
    const { backplane, join } = readerSession()
    await appendAll(backplane, ['a', 'b', 'b'])
    const { reader, messages } = join(['a', 'b'])
    await until(() => reader.isLive)
    await appendAll(backplane, ['a', 'b'])
    await turns()
    const live = messages().filter(({ event }) => event === 'sse.live')
    const position = `1.${backplane.entries[0]?.epoch}.3`
    expect(live).toHaveLength(1)
    expect(live[0]?.id).toBe(position)
    expect(JSON.parse(live[0]?.data ?? '')).toMatchObject({ topics: ['a', 'b'], resumed: false, position })
  })

  test.each([
    ['a cursor', true, [{ name: 'a' }, { name: 'b' }]],
    ['a cursor for one of them alone', false, [{ name: 'a' }, { name: 'b', start: 'now' as const }]],
  ])('its topics count as resumed where all go on from a cursor: %s', async (_, resumed, wanted) => {
    const { backplane, join, cursor } = readerSession()
    await appendAll(backplane, ['a', 'b'])
    const { reader, messages } = join(wanted.map((one) => ({ start: cursor(1), ...one })))
    await until(() => reader.isLive)
    expect(JSON.parse(messages().find(({ event }) => event === 'sse.live')?.data ?? '')).toMatchObject({ resumed })
  })

  test('more than it holds meanwhile is read from the history, until nothing is left behind', async () => {
    const { backplane, join, cursor } = readerSession({}, new ScriptedBackplane({ retain: everything }))
    await appendAll(backplane, ['a'])
    const { reached, release } = backplane.hold('read')
    const { reader, summary } = join([{ name: 'a', start: cursor(0) }])
    await reached
    await appendAll(
      backplane,
      Array.from({ length: 1_500 }, () => 'a'),
      2,
    )
    release()
    await until(() => reader.isLive)
    const numbers = summary()
      .split(' ')
      .filter((word) => !word.startsWith('live'))
    expect(numbers).toEqual(Array.from({ length: 1_501 }, (_, n) => `${n + 1}`))
  })

  test('private events go out in between, without ids', async () => {
    const { backplane, join } = readerSession()
    const { reader, stream, messages } = join(['a'])
    await until(() => reader.isLive)
    void stream.send({ type: 'private', data: 'first' })
    await appendAll(backplane, ['a'])
    void stream.send({ type: 'private', data: 'second' })
    await turns()
    expect(messages().map(({ event, id }) => `${event} ${id === undefined ? 'without' : 'with'}`)).toEqual([
      'sse.live with',
      'private without',
      'changed with',
      'private without',
    ])
  })
})

describe('where it begins', () => {
  test.each<[string, number, string]>([
    ['its last two', 2, '4 5 live@5'],
    ['more than there are', 100, '1 3 4 5 live@5'],
    ['none', 0, 'live@5'],
  ])('with %s, whatever came before is not told as missing', async (_, last, expected) => {
    const { backplane, join } = readerSession()
    await appendAll(backplane, ['a', 'b', 'a', 'a', 'a'])
    const { reader, summary } = join([{ name: 'a', start: { last } }])
    await until(() => reader.isLive)
    expect(summary()).toBe(expected)
  })

  test('each topic where it says itself', async () => {
    const { backplane, join, cursor } = readerSession()
    await appendAll(backplane, ['a', 'b', 'c', 'a', 'b', 'c'])
    const { reader, summary } = join([{ name: 'a', start: cursor(1) }, { name: 'b', start: { last: 2 } }, { name: 'c' }])
    await until(() => reader.isLive)
    expect(summary()).toBe('2 4 5 live@6')
  })

  test('a subtree at a cursor, with all its topics that had something since', async () => {
    const { backplane, join, cursor } = readerSession()
    await appendAll(backplane, ['t/1', 't/2', 'u/1', 't/3', 't/1'])
    const { reader, summary } = join([{ name: 't/*', start: cursor(1) }])
    await until(() => reader.isLive)
    await appendAll(backplane, ['t/4', 'u/1', 't/2'], 6)
    await turns()
    expect(summary()).toBe('2 4 5 live@5 6 8')
  })

  test('a topic and the subtree that it is in: each event comes once', async () => {
    const { backplane, join, cursor } = readerSession()
    await appendAll(backplane, ['t/1', 't/2', 't/1'])
    const { reader, summary } = join([
      { name: 't/1', start: cursor(1) },
      { name: 't/*', start: cursor(0) },
    ])
    await until(() => reader.isLive)
    await appendAll(backplane, ['t/1'], 4)
    await turns()
    expect(summary()).toBe('1 2 3 live@3 4')
  })

  test.each([
    ['a cursor', { after: 1 }, 'gap:trimmed:a 4 5 live@5'],
    ['its last events', { last: 9 }, '4 5 live@5'],
  ])('nothing from before the time that is set is shown, and that is a gap for a reader with %s', async (_, start, expected) => {
    const { backplane, join, cursor } = readerSession()
    await appendAll(backplane, ['a', 'a', 'a'])
    backplane.now += 1_000
    const notBefore = backplane.now
    await appendAll(backplane, ['a', 'a'], 4)
    const { reader, summary } = join([{ name: 'a', start: 'last' in start ? start : cursor(start.after), notBefore }])
    await until(() => reader.isLive)
    expect(summary()).toBe(expected)
  })

  test('a reader that was there at the time that is set has missed nothing', async () => {
    const { backplane, join, cursor } = readerSession()
    await appendAll(backplane, ['a', 'a'])
    backplane.now += 1_000
    await appendAll(backplane, ['a'], 3)
    const { reader, summary } = join([{ name: 'a', start: cursor(2), notBefore: backplane.now }])
    await until(() => reader.isLive)
    expect(summary()).toBe('3 live@3')
  })
})

describe('what a cursor does not vouch for', () => {
  test('R4: a topic that was quiet is no gap', async () => {
    const { backplane, join, cursor } = readerSession()
    await appendAll(backplane, ['a', 'b', 'b', 'b'])
    const { reader, summary } = join(['a', 'never'].map((name) => ({ name, start: cursor(1) })))
    await until(() => reader.isLive)
    expect(summary()).toBe('live@4')
  })

  test('R4: a topic that is forgotten is a gap for a cursor below the floor, and none for one above it', async () => {
    const { backplane, join, cursor } = readerSession()
    backplane.history.append(change('a', 1), 0)
    backplane.history.append(change('b', 2), 0)
    backplane.now = 1e12
    await backplane.sweep()
    const [below, above] = [join([{ name: 'a', start: cursor(1) }]), join([{ name: 'a', start: cursor(2) }])]
    await until(() => below.reader.isLive && above.reader.isLive)
    expect([below.summary(), above.summary()]).toEqual(['gap:trimmed:a live@2', 'live@2'])
  })

  test('R4: any topic of a subtree may be forgotten: that is a gap for a cursor below the floor', async () => {
    const { backplane, join, cursor } = readerSession()
    backplane.history.append(change('t/1', 1), 0)
    backplane.now = 1e12
    await backplane.sweep()
    await appendAll(backplane, ['t/2'], 2)
    const { reader, summary } = join([{ name: 't/*', start: cursor(0) }])
    await until(() => reader.isLive)
    expect(summary()).toBe('gap:trimmed:t/*,t/2 2 live@2')
  })

  test.each<[string, (session: ReturnType<typeof readerSession>) => Parameters<typeof session.join>[0]]>([
    ['none of ours', () => [{ name: 'a', start: { after: 'unknown' } }]],
    ['of an unknown epoch', () => [{ name: 'a', start: { after: { epoch: 'forged', at: 1, previous: undefined } } }]],
    ['in the future', ({ cursor }) => [{ name: 'a', start: cursor(3) }]],
  ])('R6: a cursor that is %s is a gap, and then live', async (_, wanted) => {
    const session = readerSession()
    await appendAll(session.backplane, ['a', 'a'])
    const { reader, summary, sink } = session.join(wanted(session))
    await until(() => reader.isLive)
    expect(summary()).toBe('gap:reset:a live@2')
    expect([session.observed, sink.writes.length]).toEqual([['gap reset a'], 2])
  })

  test('one topic of several may be reset while the others go on', async () => {
    const { backplane, join, cursor } = readerSession()
    await appendAll(backplane, ['a', 'b'])
    const { reader, summary } = join([
      { name: 'a', start: { after: 'unknown' } },
      { name: 'b', start: cursor(0) },
    ])
    await until(() => reader.isLive)
    expect(summary()).toBe('gap:reset:a 2 live@2')
  })
})

describe('topics that end', () => {
  test('R7: an end is told at its place, and the last one ends the stream for good', async () => {
    const { backplane, join } = readerSession()
    const { reader, messages, summary, closes } = join(['a', 'b'])
    await until(() => reader.isLive)
    await appendAll(backplane, ['a'])
    await backplane.append(ending('a', 'paid'))
    await appendAll(backplane, ['b'], 3)
    await turns()
    expect([summary(), closes]).toEqual(['live@0 1 end 3', []])
    const [{ epoch } = { epoch: '' }] = backplane.entries
    expect(messages()[2]).toMatchObject({ event: 'sse.end', id: `1.${epoch}.2-1` })
    expect(JSON.parse(messages()[2]?.data ?? '')).toMatchObject({ topics: ['a'], reason: 'paid' })
    await backplane.append(ending('b'))
    await until(() => closes.length > 0)
    expect([summary(), closes]).toEqual(['live@0 1 end 3 end end', [{ reason: 'ended', reconnect: false }]])
    expect(messages().at(-1)?.id).toBe('sse.end')
  })

  test('R7: an end in a replay comes after all that the other topics have', async () => {
    const { backplane, join, cursor } = readerSession()
    await appendAll(backplane, ['a'])
    await backplane.append(ending('a'))
    await appendAll(backplane, ['b'], 3)
    await backplane.append(ending('b'))
    const { closes, summary } = join(['a', 'b'].map((name) => ({ name, start: cursor(0) })))
    await until(() => closes.length > 0)
    expect(summary()).toBe('1 end 3 end live@4 end')
  })

  test('R7: a topic that had ended before the reader came is told, and a stream of nothing else ends', async () => {
    const { backplane, join } = readerSession()
    await backplane.append(ending('a'))
    const [only, both] = [join(['a']), join(['a', 'b'])]
    await until(() => only.closes.length > 0 && both.reader.isLive)
    expect([only.summary(), both.summary(), both.closes]).toEqual(['live@1 end', 'live@1 end', []])
    expect(JSON.parse(both.messages()[1]?.data ?? '')).toMatchObject({ topics: ['a'] })
  })

  test('a subtree goes on, whichever of its topics ends', async () => {
    const { backplane, join } = readerSession()
    const { reader, summary, closes } = join(['t/*'])
    await until(() => reader.isLive)
    await backplane.append(ending('t/1'))
    await appendAll(backplane, ['t/2'], 2)
    await turns()
    expect([summary(), closes]).toEqual(['live@0 end 2', []])
  })
})

describe('a reader that leaves', () => {
  test.each(['watch', 'state', 'read'] as const)('while it waits for %s leaves nothing behind', async (method) => {
    const { backplane, feed, join, cursor } = readerSession()
    await appendAll(backplane, ['a', 'a'])
    const { reached, release } = backplane.hold(method)
    const { stream, running, sink } = join([{ name: 'a', start: cursor(0) }])
    await reached
    stream.left()
    await turns()
    const written = sink.writes.length
    release()
    await running
    expect([backplane.watched, feed.watched, sink.writes.length]).toEqual([[], 0, written])
  })

  test('once it is live leaves nothing behind', async () => {
    const { backplane, feed, join } = readerSession()
    const { stream, running, reader } = join(['a', 't/*'])
    await until(() => reader.isLive)
    expect(await isPending(running, 3)).toBe(true)
    stream.left()
    await running
    expect([backplane.watched, feed.watched]).toEqual([[], 0])
  })

  test('a backplane that fails before it was live is the caller’s, and leaves no watch', async () => {
    for (const method of ['watch', 'state', 'read'] as const) {
      const { backplane, feed, join, cursor } = readerSession()
      await appendAll(backplane, ['a'])
      backplane.failNext(method, new Error(method))
      const { running, closes } = join([{ name: 'a', start: cursor(0) }])
      await expect(running).rejects.toThrow(method)
      expect([feed.watched, backplane.watched, closes]).toEqual([0, [], []])
    }
  })

  test('a stream that its application has ended is not fed', async () => {
    const { join, feed, backplane } = readerSession()
    const { stream } = join(['a'])
    void stream.end()
    await expect(stream.send({ type: 'private', data: 1 })).rejects.toThrow(StreamEndedError)
    await until(() => feed.watched === 0)
    expect(backplane.watched).toEqual([])
  })
})
