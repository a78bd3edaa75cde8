import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { turns } from './testing/deferred.js'
import { appendAll, change, ending, until } from './testing/hub-session.js'
import { readerSession } from './testing/reader-session.js'
import { ScriptedBackplane } from './testing/scripted-backplane.js'

// What a reader does where announcements cannot be trusted. In summaries `id@3` is a frame with nothing but that position.

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

type Session = ReturnType<typeof readerSession>

/** Appends without announcing it. */
async function lose({ backplane }: Session, topics: readonly string[], from: number): Promise<void> {
  const before = backplane.announcing
  backplane.announcing = 'lost'
  await appendAll(backplane, topics, from)
  backplane.announcing = before
}

async function joined(session: Session, names: readonly string[]): Promise<ReturnType<Session['join']>> {
  const opened = session.join(names)
  await until(() => opened.reader.isLive)
  return opened
}

/** Two looks: what is missing at the first may be on its way. */
async function verified({ feed }: Session): Promise<void> {
  await feed.verify()
  await feed.verify()
}

const withoutLive = (summary: string): string => summary.replaceAll(/ ?live@\d+/g, '').trim()

describe('a hole', () => {
  test('R3: holds what comes after it, also of other topics, and all flushes in order once it is repaired', async () => {
    const session = readerSession()
    const { backplane } = session
    const { reader, summary, closes } = await joined(session, ['a', 'b'])
    await lose(session, ['a'], 1)
    const { reached, release } = backplane.hold('read')
    await appendAll(backplane, ['a'], 2)
    await reached
    await appendAll(backplane, ['b', 'a'], 3)
    await turns(3)
    expect(summary()).toBe('live@0')
    release()
    await until(() => reader.isLive)
    await turns()
    expect([summary(), closes]).toEqual(['live@0 1 2 live@2 3 4', []])
  })

  test('is no matter of streams that do not have the topic', async () => {
    const session = readerSession()
    const [holed, other] = [await joined(session, ['a']), await joined(session, ['b'])]
    await lose(session, ['a'], 1)
    const { release } = session.backplane.hold('state')
    await appendAll(session.backplane, ['a', 'b'], 2)
    await turns(3)
    expect([holed.summary(), other.summary()]).toEqual(['live@0', 'live@0 3'])
    release()
  })

  test('R3: that is repaired behind the cursor takes the stream back to its last safe position, and closes it', async () => {
    const session = readerSession()
    const { summary, closes, sink } = await joined(session, ['a', 'b'])
    await appendAll(session.backplane, ['a', 'b'])
    await session.feed.verify()
    await lose(session, ['a'], 3)
    await appendAll(session.backplane, ['b', 'a'], 4)
    await until(() => closes.length > 0)
    expect(summary()).toBe('live@0 1 2 4 id@2')
    expect([closes, sink.calls.at(-1)]).toEqual([[{ reason: 'rewound', reconnect: true }], 'end'])
    expect(session.observed).toContain('rewound')
  })

  test('R3: a reader that was taken back and comes again gets everything, in order', async () => {
    const session = readerSession()
    const first = await joined(session, ['a', 'b'])
    await lose(session, ['a'], 1)
    await appendAll(session.backplane, ['b', 'a'], 2)
    await until(() => first.closes.length > 0)
    expect(first.summary()).toBe('live@0 2 id@0')
    const second = session.join(['a', 'b'].map((name) => ({ name, start: session.cursor(0) })))
    await until(() => second.reader.isLive)
    expect(second.summary()).toBe('1 2 3 live@3')
  })

  test('is looked for only above what was verified', async () => {
    const session = readerSession()
    const { summary, reader, closes } = await joined(session, ['a', 'b'])
    await appendAll(session.backplane, ['a', 'b', 'a'])
    await session.feed.verify()
    await lose(session, ['a'], 4)
    await appendAll(session.backplane, ['a'], 5)
    await until(() => reader.isLive)
    expect([withoutLive(summary()), closes]).toEqual(['1 2 3 4 5', []])
  })

  test('R3: of one topic, twice before it is repaired, is repaired from the first', async () => {
    const session = readerSession()
    const { backplane } = session
    const { summary, closes } = await joined(session, ['a', 'b', 'c'])
    await lose(session, ['c', 'b'], 1)
    await appendAll(backplane, ['a'], 3)
    const { reached, release } = backplane.hold('state')
    await appendAll(backplane, ['c'], 4)
    await reached
    // The reader looks for `c` already. Of `b` it hears twice.
    await appendAll(backplane, ['b'], 5)
    await lose(session, ['b'], 6)
    await appendAll(backplane, ['b'], 7)
    release()
    await until(() => closes.length > 0, summary)
    expect(withoutLive(summary())).toBe('3 id@0')
  })

  test('R4: on a quiet topic is found by its tail', async () => {
    const session = readerSession()
    const { summary, reader } = await joined(session, ['a', 'b'])
    await lose(session, ['a', 'a'], 1)
    await verified(session)
    await until(() => reader.isLive)
    expect(withoutLive(summary())).toBe('1 2')
  })

  test('R3: of two topics at once is repaired in both', async () => {
    const session = readerSession()
    const { summary, reader, closes } = await joined(session, ['a', 'b', 'c'])
    await appendAll(session.backplane, ['a', 'b', 'c'])
    await lose(session, ['a', 'b'], 4)
    await verified(session)
    await until(() => reader.isLive)
    expect([withoutLive(summary()), closes]).toEqual(['1 2 3 4 5', []])
  })

  test('R3: of two topics at once, both behind the cursor, loses neither', async () => {
    const session = readerSession()
    const { summary, closes } = await joined(session, ['a', 'b', 'c'])
    // Of `a` what is missing lies above the cursor, of `b` below it.
    await lose(session, ['b'], 1)
    await appendAll(session.backplane, ['c'], 2)
    await lose(session, ['a'], 3)
    session.backplane.interrupt()
    await until(() => closes.length > 0, summary)
    expect(withoutLive(summary())).toMatch(/^2( 3)? id@0$/)
  })

  test('R3: that is told while the reader repairs another one is not forgotten', async () => {
    const session = readerSession()
    const { backplane } = session
    const { summary, closes } = await joined(session, ['a', 'b', 'c'])
    await lose(session, ['a', 'b'], 1)
    await appendAll(backplane, ['c'], 3)
    await lose(session, ['a'], 4)
    const { reached, release } = backplane.hold('read')
    await lose(session, ['a'], 5)
    await appendAll(backplane, ['a'], 6)
    await reached
    await appendAll(backplane, ['b'], 7)
    release()
    await until(() => closes.length > 0, summary)
    expect(withoutLive(summary())).toBe('3 id@0')
  })

  test('R3: that nobody has noticed is found when the reader goes back to the history for another topic', async () => {
    const session = readerSession()
    const { summary, closes } = await joined(session, ['a', 'b', 'c'])
    await lose(session, ['a'], 1)
    await appendAll(session.backplane, ['c'], 2)
    await lose(session, ['b'], 3)
    await appendAll(session.backplane, ['b'], 4)
    await until(() => closes.length > 0)
    // Past `a` at 1 by the event of `c`; nothing vouches for more than 0.
    expect([summary(), session.observed]).toEqual(['live@0 2 id@0', ['rewound']])
  })

  test('R4: of topics that are gone from the history is a gap of all of them: which it was cannot be known', async () => {
    const session = readerSession({}, new ScriptedBackplane({ topics: 2 }))
    const { summary, reader } = await joined(session, ['a', 'b'])
    await lose(session, ['a', 'c', 'd'], 1)
    session.backplane.interrupt()
    await until(() => reader.isLive && summary().includes('gap'))
    expect(session.observed).toContain('gap trimmed a,b')
  })

  test('R4: of a subtree’s topic that is given back before the reader looks for it is a gap of that topic', async () => {
    const session = readerSession()
    const { backplane, feed } = session
    const { summary, reader } = await joined(session, ['t/*'])
    await lose(session, ['t/1'], 1)
    await appendAll(backplane, ['t/2'], 2)
    await feed.verify()
    const { reached, release } = backplane.hold('state')
    const second = feed.verify()
    await reached
    backplane.now += 1_000_000_000
    await appendAll(backplane, ['t/2'], 3)
    await backplane.sweep()
    release()
    await second
    await until(() => reader.isLive)
    expect(withoutLive(summary())).toBe('2 3 gap:trimmed:t/1')
  })

  test('is told as a gap once, however often the reader goes back meanwhile', async () => {
    const session = readerSession({}, new ScriptedBackplane({ retain: { events: 1, milliseconds: 3_600_000, bytes: 4_194_304 } }))
    const { backplane } = session
    const { summary, reader } = await joined(session, ['a', 'b'])
    await lose(session, ['a'], 1)
    const { reached, release } = backplane.hold('read')
    await appendAll(backplane, ['a'], 2)
    await reached
    await lose(session, ['b'], 3)
    await appendAll(backplane, ['b'], 4)
    release()
    await until(() => reader.isLive && summary().includes('4'))
    expect(session.observed.filter((word) => word.startsWith('gap'))).toEqual(['gap trimmed a', 'gap trimmed b'])
  })

  test('that the history cannot fill is a gap, and the stream goes on', async () => {
    const session = readerSession()
    const { summary, reader, closes } = await joined(session, ['a'])
    const none = { events: 0, seconds: undefined, bytes: undefined }
    session.backplane.announcing = 'lost'
    await session.backplane.append(change('a', 1, { retain: none }))
    session.backplane.announcing = 'told'
    await session.backplane.append(change('a', 2, { retain: { events: 9 } }))
    await until(() => reader.isLive)
    await turns()
    expect([summary(), closes]).toEqual(['live@0 gap:trimmed:a 2 live@2', []])
  })

  test('an end that was lost is found, and told', async () => {
    const session = readerSession()
    const { summary, closes } = await joined(session, ['a'])
    await appendAll(session.backplane, ['a'])
    session.backplane.announcing = 'lost'
    await session.backplane.append(ending('a'))
    await verified(session)
    await until(() => closes.length > 0)
    expect(withoutLive(summary())).toBe('1 end end')
  })
})

describe('an entry that comes late', () => {
  test('R1: at or below the cursor is not delivered: the stream goes back to where it was safe', async () => {
    const session = readerSession()
    const { backplane } = session
    const { summary, closes } = await joined(session, ['a', 'b'])
    backplane.announcing = 'kept'
    await appendAll(backplane, ['a', 'b'])
    const [late, next] = backplane.kept
    if (late === undefined || next === undefined) throw new Error('nothing was kept')
    backplane.tell(next)
    await turns()
    backplane.tell(late)
    await until(() => closes.length > 0)
    expect([summary(), closes]).toEqual(['live@0 2 id@0', [{ reason: 'rewound', reconnect: true }]])
  })

  test('R1: ids never decrease on a stream, but where it is taken back', async () => {
    const session = readerSession()
    const { messages, closes } = await joined(session, ['a', 'b', 'c'])
    session.backplane.announcing = 'kept'
    await appendAll(session.backplane, ['a', 'b', 'c', 'a', 'b', 'c'])
    // Of each topic in order, across them not.
    const [a1, b1, c1, a2, b2, c2] = session.backplane.kept
    for (const entry of [c1, a1, b1, b2, c2, a2]) if (entry !== undefined) session.backplane.tell(entry)
    await until(() => closes.length > 0)
    const positions = messages().flatMap(({ id, event }) =>
      id === undefined || event === undefined ? [] : Number(/\.(\d+)(?:-|$)/.exec(id)?.[1]),
    )
    expect(positions).toEqual([...positions].sort((one, other) => one - other))
  })
})

describe('when the backplane fails in the middle', () => {
  test('the reader is let go to come back, and the hub is told', async () => {
    const session = readerSession()
    const { closes } = await joined(session, ['a'])
    await lose(session, ['a'], 1)
    const error = new Error('away')
    session.backplane.failNext('read', error)
    await appendAll(session.backplane, ['a'], 2)
    await until(() => closes.length > 0)
    expect([closes, session.errors]).toEqual([[{ reason: 'failed', reconnect: true, error }], [error]])
  })

  test('of a reader that was let go meanwhile nobody is told', async () => {
    const session = readerSession()
    const { stream, sink, running } = await joined(session, ['a'])
    await lose(session, ['a'], 1)
    const { reached, release } = session.backplane.hold('read')
    await appendAll(session.backplane, ['a'], 2)
    await reached
    // It has yet to take its end.
    sink.end = () => {}
    void stream.release({ reason: 'drained', reconnect: true })
    release(new Error('away'))
    await turns()
    stream.left(true)
    await running
    expect(session.errors).toEqual([])
  })
})

describe('another epoch', () => {
  test('R6: goes on without a gap where the reader was at or before the old one’s end', async () => {
    const session = readerSession()
    const { backplane } = session
    const { summary, reader } = await joined(session, ['a'])
    await appendAll(backplane, ['a', 'a'])
    backplane.history.beginEpoch()
    await appendAll(backplane, ['a'], 3)
    await until(() => reader.isLive && summary().includes('3'))
    await appendAll(backplane, ['a'], 4)
    await turns()
    expect(summary()).toBe('live@0 1 2 3 live@3 4')
  })

  test('R6: is a gap, and then live, where the reader was past the old one’s end', async () => {
    const session = readerSession()
    const { summary, reader } = await joined(session, ['a'])
    await appendAll(session.backplane, ['a', 'a'])
    session.backplane.history.beginEpoch(1)
    session.backplane.interrupt()
    await until(() => reader.isLive && summary().includes('gap'))
    await appendAll(session.backplane, ['a'], 3)
    await turns()
    expect(summary()).toBe('live@0 1 2 gap:reset:a live@2 3')
  })

  test('R6: in which the counter begins anew is a gap, and its events come', async () => {
    const session = readerSession()
    const { summary, reader, closes } = await joined(session, ['a', 'b'])
    await appendAll(session.backplane, ['a', 'b', 'a'])
    session.backplane.forget()
    session.backplane.interrupt()
    await until(() => reader.isLive && summary().includes('gap'))
    await appendAll(session.backplane, ['a', 'b'], 11)
    await turns()
    expect([summary(), closes]).toEqual(['live@0 1 2 3 gap:reset:a,b live@0 11 12', []])
  })

  test('R6: that begins anew while an old one is being read is not mixed with it: the reader comes back', async () => {
    const session = readerSession()
    const { backplane } = session
    await appendAll(backplane, ['a', 'a'])
    const { reached, release } = backplane.hold('locate')
    const { summary, closes } = session.join([{ name: 'a', start: { last: 2 } }])
    await reached
    backplane.forget()
    await appendAll(backplane, ['a', 'a', 'a'], 11)
    release()
    await until(() => closes.length > 0)
    expect([summary(), closes]).toEqual(['', [{ reason: 'failed', reconnect: true }]])
  })

  test('R6: positions of the epoch that the feed is still in vouch for nothing in the reader’s', async () => {
    const session = readerSession()
    const { backplane } = session
    await joined(session, ['a', 'b'])
    await appendAll(backplane, ['a', 'a', 'a', 'a'])
    await session.feed.verify()
    backplane.forget()
    // Its own first look sees the new epoch; the feed has not heard of it.
    const { reader, summary } = session.join(['a', 'b'])
    await until(() => reader.isLive)
    await appendAll(backplane, ['b', 'a'], 11)
    await until(() => summary().includes('12'))
    expect(withoutLive(summary())).toBe('11 12')
  })

  test('R6: gap and live leave in one write', async () => {
    const session = readerSession()
    const { summary, sink } = await joined(session, ['a'])
    await appendAll(session.backplane, ['a'])
    await turns()
    sink.writes.length = 0
    session.backplane.forget()
    session.backplane.interrupt()
    await until(() => summary().includes('live'))
    expect([sink.writes.length, summary()]).toEqual([1, 'gap:reset:a live@0'])
  })

  test('R6: an entry of the old one that is announced after the reader has gone on from the new one is left out', async () => {
    const session = readerSession()
    const { backplane } = session
    await joined(session, ['a'])
    backplane.announcing = 'kept'
    await appendAll(backplane, ['a'])
    backplane.forget()
    // Its own first look sees the new epoch; the feed has not heard of it.
    const { reader, summary } = session.join(['a'])
    await until(() => reader.isLive)
    backplane.tellKept()
    await turns(5)
    expect(summary()).toBe('live@0')
    backplane.interrupt()
    await turns(5)
    await appendAll(backplane, ['a'], 11)
    await turns()
    expect(withoutLive(summary())).toBe('11')
  })
})

describe('what a heartbeat says', () => {
  const beat = async (): Promise<void> => {
    await vi.advanceTimersByTimeAsync(1_000)
    await turns()
  }

  async function beating(session: Session, names: readonly string[]): Promise<ReturnType<Session['join']>> {
    vi.spyOn(Math, 'random').mockReturnValue(0)
    const opened = session.join(names, { stream: { heartbeat: 1_000 } })
    await until(() => opened.reader.isLive)
    return opened
  }

  afterEach(() => {
    vi.restoreAllMocks()
  })

  test('the verified position, where it has moved, so that quiet topics have a fresh cursor', async () => {
    const session = readerSession()
    const { summary, sink } = await beating(session, ['a'])
    await appendAll(session.backplane, ['b', 'b'])
    await beat()
    expect(summary()).toBe('live@0')
    await session.feed.verify()
    await beat()
    await beat()
    expect(summary()).toBe('live@0 id@2')
    expect(sink.writes.at(-1)).toBe(':\n\n')
  })

  test('a control message where the reader is past the verified position: an id would take it back', async () => {
    const session = readerSession()
    const { summary, messages } = await beating(session, ['a'])
    await appendAll(session.backplane, ['b'])
    await session.feed.verify()
    await appendAll(session.backplane, ['a'], 2)
    await beat()
    expect(summary()).toBe('live@0 2 live@')
    expect(messages().at(-1)?.id).toBeUndefined()
    expect(JSON.parse(messages().at(-1)?.data ?? '')).toMatchObject({ topics: [], position: `1.${session.feed.epoch}.1` })
  })

  test('nothing about a position while the reader catches up', async () => {
    const session = readerSession()
    const { summary, reader } = await beating(session, ['a'])
    await lose(session, ['a'], 1)
    const { reached, release } = session.backplane.hold('read')
    await verified(session)
    await reached
    await beat()
    expect([summary(), session.feed.verified(['a'])]).toEqual(['live@0', 1])
    release()
    await until(() => reader.isLive)
    expect(summary()).toBe('live@0 1 live@1')
  })

  test('what it vouched for, too, is below the cursor for what comes late', async () => {
    const session = readerSession()
    const { summary, closes } = await beating(session, ['a'])
    await appendAll(session.backplane, ['b', 'b'])
    await session.feed.verify()
    await beat()
    await appendAll(session.backplane, ['a'], 3)
    await turns()
    expect([summary(), closes]).toEqual(['live@0 id@2 3', []])
  })
})
