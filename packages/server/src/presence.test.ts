import type { PresenceControl } from '@sse/schema/wire'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { PresenceBoard, type PresenceReader } from './presence.js'

// Changes are told every 250 ms at most; who has left is there for 5 seconds more.

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** A reader that writes down what it is told: `2 +ann,bob -cid`, and `=` for a list that begins anew. */
class Told implements PresenceReader {
  readonly controls: PresenceControl[] = []

  constructor(
    readonly identity: string | undefined,
    readonly client?: string,
  ) {}

  tellPresence(control: PresenceControl): void {
    this.controls.push(control)
  }

  get words(): string[] {
    return this.controls.map(({ count, joined, left, reset }) =>
      [
        count,
        ...(joined.length > 0 || reset ? [`${reset ? '=' : '+'}${joined.join()}`] : []),
        ...(left.length > 0 ? [`-${left.join()}`] : []),
      ].join(' '),
    )
  }
}

function enter(board: PresenceBoard, identity?: string, topic = 't', client?: string): Told {
  const told = new Told(identity, client)
  board.enter(topic, told)
  return told
}

describe('who comes', () => {
  test('is told at once who is there, and the others hear of it soon', () => {
    const board = new PresenceBoard()
    const ann = enter(board, 'ann')
    vi.advanceTimersByTime(250)
    const bob = enter(board, 'bob')
    expect([ann.words, bob.words]).toEqual([['1 =ann'], ['2 =ann,bob']])
    vi.advanceTimersByTime(249)
    expect(ann.words).toHaveLength(1)
    vi.advanceTimersByTime(1)
    expect([ann.words, bob.words]).toEqual([['1 =ann', '2 +bob'], ['2 =ann,bob']])
    expect(ann.controls[0]).toMatchObject({ type: 'sse.presence', topic: 't' })
  })

  test('in a crowd is told together, and nobody of who was there when it came', () => {
    const board = new PresenceBoard()
    const readers = Array.from({ length: 50 }, (_, n) => enter(board, `${n}`))
    vi.advanceTimersByTime(10_000)
    expect(readers.map(({ controls }) => controls.length)).toEqual([...Array.from({ length: 49 }, () => 2), 1])
    expect(readers[0]?.controls[1]).toMatchObject({ count: 50, joined: Array.from({ length: 49 }, (_, n) => `${n + 1}`) })
    expect(readers[40]?.words.at(-1)).toBe('50 +41,42,43,44,45,46,47,48,49')
  })

  test('is counted by identity, however many streams it has', () => {
    const board = new PresenceBoard()
    const [first, second] = [enter(board, 'ann'), enter(board, 'ann')]
    expect(board.of('t')).toEqual({ count: 1, members: ['ann'] })
    vi.advanceTimersByTime(1_000)
    board.leave('t', first)
    vi.advanceTimersByTime(10_000)
    expect([board.of('t').count, second.words]).toEqual([1, ['1 =ann']])
  })

  test('without an identity is counted by stream, and not named', () => {
    const board = new PresenceBoard()
    const ann = enter(board, 'ann')
    const others = [enter(board), enter(board)]
    vi.advanceTimersByTime(250)
    expect([board.of('t'), ann.words.at(-1)]).toEqual([{ count: 3, members: ['ann'] }, '3'])
    for (const other of others) board.leave('t', other)
    vi.advanceTimersByTime(250)
    expect([board.of('t'), ann.words.at(-1)]).toEqual([{ count: 1, members: ['ann'] }, '1'])
  })

  test('is on the topics it has entered, and on no other', () => {
    const board = new PresenceBoard()
    const ann = enter(board, 'ann', 'a')
    enter(board, 'bob', 'b')
    vi.advanceTimersByTime(10_000)
    expect([board.of('a').members, board.of('b').members, board.of('c')]).toEqual([['ann'], ['bob'], { count: 0, members: [] }])
    expect(ann.controls.every(({ topic }) => topic === 'a')).toBe(true)
  })
})

describe('who leaves', () => {
  test('is there for a while, and is then told as gone', () => {
    const board = new PresenceBoard()
    const [ann, bob] = [enter(board, 'ann'), enter(board, 'bob')]
    vi.advanceTimersByTime(250)
    board.leave('t', bob)
    vi.advanceTimersByTime(4_999)
    expect([board.of('t').count, ann.words.length]).toEqual([2, 2])
    vi.advanceTimersByTime(251)
    expect([board.of('t'), ann.words.at(-1)]).toEqual([{ count: 1, members: ['ann'] }, '1 -bob'])
  })

  test('and comes back within it has not left, as far as anybody knows', () => {
    const board = new PresenceBoard()
    const ann = enter(board, 'ann')
    let bob = enter(board, 'bob')
    vi.advanceTimersByTime(250)
    for (let time = 0; time < 10; time++) {
      board.leave('t', bob)
      vi.advanceTimersByTime(4_000)
      bob = enter(board, 'bob')
      vi.advanceTimersByTime(4_000)
    }
    expect([ann.words, bob.words]).toEqual([['1 =ann', '2 +bob'], ['2 =ann,bob']])
  })

  test('and comes back after it was told as gone is told anew', () => {
    const board = new PresenceBoard()
    const [ann, bob] = [enter(board, 'ann'), enter(board, 'bob')]
    vi.advanceTimersByTime(250)
    board.leave('t', bob)
    vi.advanceTimersByTime(6_000)
    enter(board, 'bob')
    vi.advanceTimersByTime(250)
    expect(ann.words.slice(2)).toEqual(['1 -bob', '2 +bob'])
  })

  test('and comes back between two messages is in neither', () => {
    const board = new PresenceBoard()
    const [ann, bob] = [enter(board, 'ann'), enter(board, 'bob')]
    vi.advanceTimersByTime(250)
    board.leave('t', bob)
    vi.advanceTimersByTime(4_900)
    // A change of somebody else's starts the interval.
    enter(board)
    vi.advanceTimersByTime(150)
    enter(board, 'bob')
    vi.advanceTimersByTime(250)
    expect(ann.words.slice(2)).toEqual(['3'])
  })

  test('just before somebody comes is not in the newcomer’s list, and is told to it when it comes back', () => {
    const board = new PresenceBoard()
    const [ann, bob] = [enter(board, 'ann'), enter(board, 'bob')]
    board.leave('t', bob)
    vi.advanceTimersByTime(5_000)
    const cid = enter(board, 'cid')
    enter(board, 'bob')
    vi.advanceTimersByTime(250)
    expect([ann.words.at(-1), cid.words]).toEqual(['3 +cid', ['2 =ann,cid', '3 +bob']])
  })

  test('is told nothing more', () => {
    const board = new PresenceBoard()
    const [ann, bob] = [enter(board, 'ann'), enter(board, 'bob')]
    vi.advanceTimersByTime(250)
    board.leave('t', ann)
    enter(board, 'cid')
    vi.advanceTimersByTime(10_000)
    expect([ann.words, bob.words.slice(1)]).toEqual([
      ['1 =ann', '2 +bob'],
      ['3 +cid', '2 -ann'],
    ])
  })

  test('twice, or without having come, has left once', () => {
    const board = new PresenceBoard()
    const [ann, anonymous] = [enter(board, 'ann'), enter(board)]
    for (const reader of [anonymous, anonymous, new Told(undefined)]) board.leave('t', reader)
    board.leave('other', ann)
    expect(board.of('t')).toEqual({ count: 1, members: ['ann'] })
  })
})

describe('a client whose connection is taken over by another', () => {
  test('without an identity is there once, until both are gone', () => {
    const board = new PresenceBoard()
    const ann = enter(board, 'ann')
    const [old, next] = [enter(board, undefined, 't', 'c'), enter(board, undefined, 't', 'c')]
    enter(board, undefined, 't', 'd')
    expect(board.of('t').count).toBe(3)
    vi.advanceTimersByTime(250)
    board.leave('t', old)
    vi.advanceTimersByTime(250)
    expect(ann.words).toEqual(['1 =ann', '3'])
    board.leave('t', next)
    vi.advanceTimersByTime(250)
    expect(ann.words.slice(2)).toEqual(['2'])
  })

  test('with an identity is told to nobody', () => {
    const board = new PresenceBoard()
    const bob = enter(board, 'bob')
    const old = enter(board, 'ann', 't', 'c')
    vi.advanceTimersByTime(250)
    enter(board, 'ann', 't', 'c')
    board.leave('t', old)
    vi.advanceTimersByTime(10_000)
    expect(bob.words).toEqual(['1 =bob', '2 +ann'])
  })
})

describe('bounds', () => {
  test('a message names 100 at most, and counts all', () => {
    const board = new PresenceBoard()
    const first = enter(board, 'first')
    const readers = Array.from({ length: 150 }, (_, n) => enter(board, `${n}`))
    vi.advanceTimersByTime(250)
    expect(first.controls[1]).toMatchObject({ count: 151 })
    expect(first.controls[1]?.joined).toHaveLength(100)
    expect([board.of('t').count, board.of('t').members.length]).toEqual([151, 100])
    for (const reader of readers) board.leave('t', reader)
    vi.advanceTimersByTime(5_250)
    expect(first.controls.at(-1)).toMatchObject({ count: 1 })
    expect(first.controls.at(-1)?.left).toHaveLength(100)
  })

  test('once everybody has left, no memory and no timer is kept', () => {
    const board = new PresenceBoard()
    const readers = Array.from({ length: 30 }, (_, n) => enter(board, n % 3 === 0 ? undefined : `${n % 7}`, `t/${n % 5}`))
    readers.forEach((reader, n) => {
      board.leave(`t/${n % 5}`, reader)
    })
    vi.advanceTimersByTime(5_000)
    expect([vi.getTimerCount(), Array.from({ length: 5 }, (_, n) => board.of(`t/${n}`).count)]).toEqual([0, [0, 0, 0, 0, 0]])
  })

  test('a board that is closed keeps no timer, and tells nobody anything', () => {
    const board = new PresenceBoard()
    const [ann, bob] = [enter(board, 'ann'), enter(board, 'bob')]
    board.leave('t', bob)
    board.close()
    expect([vi.getTimerCount(), board.of('t').count]).toEqual([0, 0])
    board.leave('t', ann)
    vi.advanceTimersByTime(10_000)
    expect(ann.words).toEqual(['1 =ann'])
  })
})
