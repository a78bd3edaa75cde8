import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Entry } from './backplane.js'
import { type Audience, Feed } from './feed.js'
import { deferred, isPending, turns } from './testing/deferred.js'
import { appendAll, change, until } from './testing/hub-session.js'
import { ScriptedBackplane } from './testing/scripted-backplane.js'

// A node's one source of entries. A reader here writes down what it is told: `3` for an entry, `topic>2` for a distrust.

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

class Told implements Audience {
  readonly words: string[] = []
  onOffer: (entry: Entry) => void = () => {}

  offer(entry: Entry): void {
    this.words.push(`${entry.position}`)
    this.onOffer(entry)
  }

  distrust(topic: string, after: number): void {
    this.words.push(`${topic}>${after}`)
  }

  rejoin(): void {
    this.words.push('rejoin')
  }
}

interface Setup {
  readonly backplane: ScriptedBackplane
  readonly feed: Feed
  readonly errors: unknown[]
  /** A reader of these names. */
  join(...names: readonly string[]): Promise<Told>
}

function setUp(backplane: ScriptedBackplane = new ScriptedBackplane()): Setup {
  const errors: unknown[] = []
  const feed = new Feed(backplane, (error) => void errors.push(error))
  const join = async (...names: readonly string[]): Promise<Told> => {
    await feed.watch(names)
    const told = new Told()
    feed.add(names, told)
    return told
  }
  return { backplane, feed, errors, join }
}

/** Everything that was interrupted or asked for is through. */
const settled = (): Promise<void> => turns(5)

describe('watching', () => {
  test('R1: is through only when the backplane has acknowledged it', async () => {
    const { backplane, feed } = setUp()
    const { reached, release } = backplane.hold('watch')
    const watching = feed.watch(['a'])
    await reached
    expect(await isPending(watching, 3)).toBe(true)
    release()
    await watching
  })

  test('a name that many read is watched once, and until the last of them leaves', async () => {
    const { backplane, feed } = setUp()
    await Promise.all([feed.watch(['a', 'b']), feed.watch(['a'])])
    await feed.watch(['a'])
    expect(backplane.calls.filter(({ method }) => method === 'watch')).toEqual([{ method: 'watch', names: ['a', 'b'] }])
    expect(feed.watched).toBe(2)
    feed.unwatch(['a', 'b'])
    feed.unwatch(['a'])
    expect([backplane.watched, feed.watched]).toEqual([['a'], 1])
    feed.unwatch(['a'])
    expect([backplane.watched, feed.watched]).toEqual([[], 0])
  })

  test('a watch that the backplane refuses rejects for all that wait for it, and the next one begins anew', async () => {
    const { backplane, feed } = setUp()
    backplane.failNext('watch', new Error('no'))
    expect(await Promise.allSettled([feed.watch(['a']), feed.watch(['a'])])).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }])
    expect(feed.watched).toBe(0)
    await feed.watch(['a'])
    expect(backplane.watched).toEqual(['a'])
  })

  test('who is removed is told nothing more, and the others are', async () => {
    const { backplane, feed, join } = setUp()
    const [one, other] = [await join('a'), await join('a')]
    await appendAll(backplane, ['a'])
    feed.remove(['a'], one)
    await appendAll(backplane, ['a'])
    expect([one.words, other.words]).toEqual([['1'], ['1', '2']])
  })

  test('what came before the first watch is no hole for its reader', async () => {
    const { backplane, join } = setUp()
    await appendAll(backplane, ['a', 'b', 'a'])
    const told = await join('a', 'b')
    await appendAll(backplane, ['b', 'a'])
    expect(told.words).toEqual(['4', '5'])
  })

  test('what came while nobody read a topic is no hole for who reads it again', async () => {
    const { backplane, feed, join } = setUp()
    await join('b')
    const first = await join('a')
    await appendAll(backplane, ['a'])
    feed.remove(['a'], first)
    feed.unwatch(['a'])
    await appendAll(backplane, ['a', 'a'])
    const told = await join('a')
    await appendAll(backplane, ['a'])
    expect(told.words).toEqual(['4'])
  })

  test('what is announced before the feed knows its epoch is left to the history', async () => {
    const { backplane, feed } = setUp()
    const { reached, release } = backplane.hold('state')
    const watching = feed.watch(['a'])
    await reached
    const told = new Told()
    feed.add(['a'], told)
    await appendAll(backplane, ['a'])
    release()
    await watching
    expect([told.words, feed.epoch]).toEqual([[], backplane.entries[0]?.epoch])
  })
})

describe('what is announced', () => {
  test('comes once to who reads a topic and its subtree', async () => {
    const { backplane, join } = setUp()
    const both = await join('t/1', 't/*')
    const [topic, subtree] = [await join('t/1'), await join('t/*')]
    await appendAll(backplane, ['t/1', 't/2'])
    expect([both.words, topic.words, subtree.words]).toEqual([['1', '2'], ['1'], ['1', '2']])
  })

  test('twice, comes once', async () => {
    const { backplane, join } = setUp()
    const told = await join('a', 'b')
    await appendAll(backplane, ['a', 'b', 'a'])
    backplane.tell(...backplane.entries, ...backplane.entries)
    expect(told.words).toEqual(['1', '2', '3'])
  })

  test('of a topic that nobody reads is nobody’s business', async () => {
    const { backplane, feed, join } = setUp()
    const told = await join('a')
    await appendAll(backplane, ['b'])
    backplane.tell(...backplane.entries)
    await feed.verify()
    expect(told.words).toEqual([])
  })

  test('twice, with what is verified in between, comes once', async () => {
    const { backplane, feed, join } = setUp()
    const told = await join('a')
    await appendAll(backplane, ['a', 'a'])
    await feed.verify()
    backplane.tell(...backplane.entries)
    expect(told.words).toEqual(['1', '2'])
  })

  test('R3: with a hole before it is not passed on: its topic is not to be trusted from the last entry that came', async () => {
    const { backplane, join } = setUp()
    const [told, other] = [await join('a', 'b'), await join('b')]
    await appendAll(backplane, ['a', 'b'])
    backplane.announcing = 'lost'
    await appendAll(backplane, ['a'])
    backplane.announcing = 'told'
    await appendAll(backplane, ['b', 'a', 'a'])
    expect([told.words, other.words]).toEqual([
      ['1', '2', '4', 'a>1', '6'],
      ['2', '4'],
    ])
  })

  test('R3: a hole in a subtree is one for its readers, too', async () => {
    const { backplane, join } = setUp()
    const told = await join('t/*')
    await appendAll(backplane, ['t/1'])
    backplane.announcing = 'lost'
    await appendAll(backplane, ['t/1', 't/2'])
    backplane.announcing = 'told'
    await appendAll(backplane, ['t/1', 't/2'])
    expect(told.words).toEqual(['1', 't/1>1', 't/2>0'])
  })

  test('R3: what comes behind a hole after it was told is not offered again', async () => {
    const { backplane, join } = setUp()
    const told = await join('a')
    backplane.announcing = 'kept'
    await appendAll(backplane, ['a', 'a'])
    const [late, next] = backplane.kept
    if (late === undefined || next === undefined) throw new Error('nothing was kept')
    backplane.tell(next, late)
    expect(told.words).toEqual(['a>0'])
  })

  test('a topic born again links to the floor, which is no hole for who was there', async () => {
    const { backplane, feed, join } = setUp(new ScriptedBackplane({ tails: 1_000, retain: { events: 9, milliseconds: 1_000, bytes: 999 } }))
    const told = await join('a', 'b')
    await appendAll(backplane, ['a', 'b'])
    await feed.verify()
    backplane.now += 5_000
    await backplane.sweep()
    await appendAll(backplane, ['a'])
    expect(told.words).toEqual(['1', '2', '3'])
  })
})

describe('verifying', () => {
  test('vouches for all up to the position where nothing is missing', async () => {
    const { backplane, feed, join } = setUp()
    await join('a')
    await appendAll(backplane, ['a', 'b', 'b'])
    expect(feed.verified(['a'])).toBe(0)
    await feed.verify()
    expect(feed.verified(['a'])).toBe(3)
  })

  test('takes nothing for lost that may be on its way, and vouches for nothing meanwhile', async () => {
    const { backplane, feed, join } = setUp()
    const told = await join('a')
    backplane.announcing = 'kept'
    await appendAll(backplane, ['a'])
    await feed.verify()
    expect([told.words, feed.verified(['a'])]).toEqual([[], 0])
    backplane.tellKept()
    await feed.verify()
    expect([told.words, feed.verified(['a'])]).toEqual([['1'], 1])
  })

  test('R4: what is missing a second time is lost, and is vouched for once its readers know', async () => {
    const { backplane, feed, join } = setUp()
    const told = await join('a', 't/*')
    await appendAll(backplane, ['a'])
    backplane.announcing = 'lost'
    await appendAll(backplane, ['t/1', 'a'])
    await feed.verify()
    expect(told.words).toEqual(['1'])
    await feed.verify()
    expect([[...told.words].sort((one, other) => one.localeCompare(other)), feed.verified(['a'])]).toEqual([['1', 'a>1', 't/1>0'], 3])
    await feed.verify()
    expect(told.words).toHaveLength(3)
  })

  test('a busy topic whose last entry is always just on its way loses nothing', async () => {
    const { backplane, feed, join } = setUp()
    const told = await join('a')
    for (let round = 0; round < 3; round++) {
      backplane.tell(...backplane.kept.splice(0))
      backplane.announcing = 'kept'
      await appendAll(backplane, ['a'])
      await feed.verify()
    }
    expect(told.words).toEqual(['1', '2'])
  })

  test('reads nothing where nobody reads, before it began, and once it is closed', async () => {
    const { backplane, feed } = setUp()
    await feed.verify()
    await feed.watch(['a'])
    feed.unwatch(['a'])
    const before = backplane.calls.length
    await feed.verify()
    await feed.watch(['a'])
    await feed.close()
    await feed.verify()
    expect(backplane.calls.slice(before).map(({ method }) => method)).toEqual(['watch', 'state'])
  })

  test('memory of what was announced is given back with it: what links to it afterwards is no hole', async () => {
    const { backplane, feed, join } = setUp()
    const told = await join('t/*')
    for (let round = 0; round < 3; round++) {
      await appendAll(backplane, ['t/1', 't/2'])
      await feed.verify()
    }
    expect(told.words).toEqual(['1', '2', '3', '4', '5', '6'])
  })
})

describe('a topic that is gone', () => {
  /** What a reader of `names` is told where `t/1`, which has been published to, is forgotten without it. */
  async function forgotten(notice: (session: Setup) => Promise<void>, ...names: readonly string[]): Promise<readonly string[]> {
    const session = setUp(new ScriptedBackplane({ topics: 1 }))
    const { backplane, join } = session
    const told = await join(...names)
    backplane.announcing = 'lost'
    await appendAll(backplane, ['t/1', 'b'])
    backplane.announcing = 'told'
    await notice(session)
    await settled()
    return told.words
  }

  const interrupted = async ({ backplane }: Setup): Promise<void> => backplane.interrupt()
  const verifiedOnce = ({ feed }: Setup): Promise<void> => feed.verify()
  const verifiedTwice = async ({ feed }: Setup): Promise<void> => {
    await feed.verify()
    await feed.verify()
  }

  test.each(['t/1', 't/*'])('R4: %s may have had entries up to the floor, which an interruption hid', async (name) => {
    expect(await forgotten(interrupted, name)).toEqual([`${name}>0`])
  })

  test.each(['t/1', 't/*'])('R4: %s is doubted when it is missing for the second time', async (name) => {
    expect(await forgotten(verifiedOnce, name)).toEqual([])
    expect(await forgotten(verifiedTwice, name)).toEqual([`${name}>0`])
  })

  test('R4: is quiet where its last entry came before the floor was verified', async () => {
    const { backplane, feed, join } = setUp(new ScriptedBackplane({ topics: 1 }))
    const told = await join('t/1', 't/*')
    await appendAll(backplane, ['t/1'])
    await feed.verify()
    await appendAll(backplane, ['b'])
    await feed.verify()
    await feed.verify()
    backplane.interrupt()
    await settled()
    expect(told.words).toEqual(['1'])
  })
})

describe('a topic that begins to be watched', () => {
  test('R2: is not vouched for by a comparison that was asked for before', async () => {
    const { backplane, feed } = setUp()
    const { reached, release } = backplane.hold('state')
    const watching = feed.watch(['t/*'])
    await reached
    backplane.announcing = 'kept'
    await appendAll(backplane, ['t/1'])
    backplane.interrupt()
    release()
    await watching
    const told = new Told()
    feed.add(['t/*'], told)
    await settled()
    backplane.tellKept()
    expect(told.words).toEqual(['1'])
  })

  test('R1: anew, while it still began for who has left, begins where its own look was', async () => {
    const { backplane, feed, join } = setUp()
    const first = backplane.hold('watch')
    const leaving = feed.watch(['a'])
    await first.reached
    feed.unwatch(['a'])
    const second = backplane.hold('watch')
    const joining = join('a')
    await second.reached
    second.release()
    const told = await joining
    backplane.announcing = 'kept'
    await appendAll(backplane, ['a'])
    first.release()
    await leaving
    backplane.tellKept()
    expect(told.words).toEqual(['1'])
  })

  test('R6: begins at no position of another epoch', async () => {
    const { backplane, feed, join } = setUp()
    await appendAll(backplane, ['b', 'b', 'b', 'b'])
    await join('b')
    const { reached, release } = backplane.hold('state')
    const watching = feed.watch(['a'])
    await reached
    backplane.forget()
    release()
    backplane.interrupt()
    await watching
    await settled()
    const told = new Told()
    feed.add(['a'], told)
    await appendAll(backplane, ['a', 'a'])
    expect(told.words).toEqual(['1', '2'])
  })
})

describe('an interruption', () => {
  test('R2: nothing is passed on until all tails are compared, and then in the order in which it came', async () => {
    const { backplane, join } = setUp()
    const told = await join('a', 'b')
    const { reached, release } = backplane.hold('state')
    backplane.announcing = 'lost'
    await appendAll(backplane, ['a'])
    backplane.announcing = 'told'
    backplane.interrupt()
    await reached
    await appendAll(backplane, ['b', 'b'])
    expect(told.words).toEqual([])
    release()
    await settled()
    expect(told.words).toEqual(['a>0', '2', '3'])
  })

  test('R3: a hole after it begins where it was compared: what was before is being repaired, or was never missing', async () => {
    const { backplane, join } = setUp()
    const told = await join('a')
    backplane.announcing = 'lost'
    await appendAll(backplane, ['a'])
    backplane.interrupt()
    await settled()
    await appendAll(backplane, ['a'])
    backplane.announcing = 'told'
    await appendAll(backplane, ['a'])
    expect(told.words).toEqual(['a>0', 'a>1'])
  })

  test('where nothing was missed, only vouches', async () => {
    const { backplane, feed, join } = setUp()
    const told = await join('a')
    await appendAll(backplane, ['a'])
    backplane.interrupt()
    await settled()
    expect([told.words, feed.verified(['a'])]).toEqual([['1'], 1])
  })

  test('R2: while it stands still begins the comparison anew', async () => {
    const { backplane, feed, join } = setUp()
    const told = await join('a')
    const { reached, release } = backplane.hold('state')
    backplane.interrupt()
    await reached
    backplane.announcing = 'lost'
    await appendAll(backplane, ['a'])
    backplane.interrupt()
    release()
    await settled()
    expect([told.words, feed.verified(['a'])]).toEqual([['a>0'], 1])
  })

  test('more than it queues while it stands still is read from the history', async () => {
    const { backplane, join } = setUp()
    const told = await join('a')
    const { reached, release } = backplane.hold('state')
    backplane.interrupt()
    await reached
    await appendAll(
      backplane,
      Array.from({ length: 10_001 }, () => 'a'),
    )
    release()
    await settled()
    await appendAll(backplane, ['a'])
    expect(told.words).toEqual(['a>0', '10002'])
  })

  test('what it makes a reader append is passed on behind what waits', async () => {
    const { backplane, join } = setUp()
    const told = await join('a')
    told.onOffer = ({ position }) => {
      if (position === 1) void backplane.append(change('a', 0))
    }
    const { reached, release } = backplane.hold('state')
    backplane.interrupt()
    await reached
    await appendAll(backplane, ['a'])
    release()
    await settled()
    expect(told.words).toEqual(['1', '2'])
  })

  test('an entry of another epoch among those that waited makes it stand still again', async () => {
    const { backplane, join } = setUp()
    const told = await join('a', 'b')
    const { reached, release } = backplane.hold('state')
    backplane.interrupt()
    await reached
    await appendAll(backplane, ['a'])
    backplane.history.beginEpoch()
    await appendAll(backplane, ['b', 'a'])
    release()
    await settled()
    // What came in the other epoch is doubted first, for what was missed may be of this one.
    expect(told.words).toEqual(['1', 'a>1', 'b>0', 'rejoin'])
  })

  test('a backplane that fails meanwhile is told, and asked again', async () => {
    const { backplane, errors, join } = setUp()
    const told = await join('a')
    const error = new Error('away')
    backplane.failNext('state', error)
    backplane.announcing = 'lost'
    await appendAll(backplane, ['a'])
    backplane.interrupt()
    await settled()
    expect([errors, told.words]).toEqual([[error], []])
    await vi.advanceTimersByTimeAsync(1_000)
    await until(() => told.words.length > 0)
    expect([errors, told.words]).toEqual([[error], ['a>0']])
  })

  test('R2: where the comparison that was begun anew fails, the one before is worth nothing: it knows less', async () => {
    const { backplane, errors, feed, join } = setUp()
    const told = await join('a')
    const { reached, release } = backplane.hold('state')
    backplane.interrupt()
    await reached
    backplane.announcing = 'lost'
    await appendAll(backplane, ['a'])
    backplane.interrupt()
    backplane.failNext('state', new Error('away'))
    release()
    await settled()
    expect([errors.length, told.words, feed.verified(['a'])]).toEqual([1, [], 0])
    await vi.advanceTimersByTimeAsync(1_000)
    await until(() => told.words.length > 0)
    expect([told.words, feed.verified(['a'])]).toEqual([['a>0'], 1])
  })

  test('a closed feed passes nothing on, and does not begin to compare', async () => {
    const { backplane, feed, join } = setUp()
    const told = await join('a')
    const { reached, release } = backplane.hold('state')
    backplane.interrupt()
    await reached
    await appendAll(backplane, ['a'])
    await feed.close()
    release()
    await settled()
    backplane.interrupt()
    expect([told.words, vi.getTimerCount(), feed.watched]).toEqual([[], 0, 0])
  })
})

describe('another epoch', () => {
  test.each([
    ['in an entry', (backplane: ScriptedBackplane) => appendAll(backplane, ['a'])],
    ['by an interruption', async (backplane: ScriptedBackplane) => backplane.interrupt()],
    ['when it verifies', async (_: ScriptedBackplane, feed: Feed) => feed.verify()],
    ['when somebody begins to watch', async (_: ScriptedBackplane, feed: Feed) => feed.watch(['b'])],
  ])('R6: is noticed %s, and told once to everybody', async (_, notice) => {
    const { backplane, feed, join } = setUp()
    const [one, other] = [await join('a', 't/*'), await join('a')]
    await appendAll(backplane, ['a', 'a'])
    backplane.history.beginEpoch()
    await notice(backplane, feed)
    await settled()
    for (const { words } of [one, other]) expect(words.filter((word) => !word.includes('>'))).toEqual(['1', '2', 'rejoin'])
    expect(feed.epoch).toBe((await backplane.state([], 0)).epoch)
  })

  test('R6: goes on from where it is, by its own positions, also where these began anew', async () => {
    const { backplane, feed, join } = setUp()
    await appendAll(backplane, ['a', 'a', 'a', 'a', 'a'])
    const told = await join('a')
    backplane.forget()
    backplane.interrupt()
    await settled()
    expect([told.words, feed.verified(['a'])]).toEqual([['rejoin'], 0])
    await appendAll(backplane, ['a'])
    backplane.announcing = 'lost'
    await appendAll(backplane, ['a'])
    backplane.announcing = 'told'
    await appendAll(backplane, ['a'])
    expect(told.words).toEqual(['rejoin', '1', 'a>1'])
  })

  test('R6: what is lost where the positions began anew shows in the tails', async () => {
    const { backplane, feed, join } = setUp()
    await appendAll(backplane, ['a', 'a', 'a', 'a', 'a'])
    const told = await join('a')
    backplane.forget()
    backplane.interrupt()
    await settled()
    backplane.announcing = 'lost'
    await appendAll(backplane, ['a'])
    await feed.verify()
    await feed.verify()
    expect(told.words).toEqual(['rejoin', 'a>0'])
  })

  test('R6: a comparison that was asked for before vouches for nothing in it', async () => {
    const { backplane, feed, join } = setUp()
    const told = await join('t/*')
    await appendAll(backplane, ['t/1', 't/1', 't/1'])
    await feed.verify()
    // It looks for tails above 3, and is on its way for so long that it finds the positions of the next epoch.
    const state = backplane.state.bind(backplane)
    const { promise: late, resolve: arrive } = deferred<void>()
    const slow = vi.spyOn(backplane, 'state').mockImplementationOnce(async (names, after) => {
      await late
      return state(names, after)
    })
    const comparison = feed.verify()
    backplane.forget()
    backplane.interrupt()
    await settled()
    backplane.announcing = 'kept'
    await appendAll(backplane, ['t/1', 't/1'], 4)
    arrive()
    await comparison
    slow.mockRestore()
    backplane.tellKept()
    expect([feed.epoch, told.words.slice(3)]).toEqual([backplane.history.state([], 0).epoch, ['rejoin', '1', '2']])
  })
})
