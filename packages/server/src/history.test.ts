import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Entry } from './backplane.js'
import { dataOf, end, event } from './backplane-conformance/harness.js'
import { History } from './history.js'
import { utf8Length } from './utf8.js'

const everything = { after: 0, upTo: Number.MAX_SAFE_INTEGER, limit: 1_000_000 }
const limits = { retain: { events: 5, milliseconds: 1_000, bytes: 40 }, tails: 2_000, topics: 1_000, keys: 500 }

describe('a history', () => {
  test('links the first entry of a new epoch to the last one of the epoch before, and vouches for it', () => {
    const history = new History(limits)
    const { epoch } = history.append(event('a', 'one'), 0).appended
    history.beginEpoch()
    const { appended, entry } = history.append(event('a', 'two'), 0)
    expect([appended.position, entry?.previous, entry?.epoch === epoch]).toEqual([2, 1, false])
    expect(history.state([], 0).past).toEqual([{ epoch, end: 1 }])
  })

  test('vouches for no more than it is told to', () => {
    const history = new History(limits)
    for (const data of ['1', '2', '3']) history.append(event('a', data), 0)
    history.beginEpoch(2)
    expect(history.state([], 0)).toMatchObject({ position: 3, past: [{ end: 2 }] })
  })

  test('remembers the last hundred epochs', () => {
    const history = new History(limits)
    const epochs = Array.from({ length: 150 }, () => {
      const { epoch } = history.state([], 0)
      history.beginEpoch()
      return epoch
    })
    expect(history.state([], 0).past.map(({ epoch }) => epoch)).toEqual(epochs.slice(-100))
  })

  test('counts a key that comes again after its time as new', () => {
    const history = new History(limits)
    history.append(event('a', '', { key: 'k' }), 0)
    history.append(event('a', '', { key: 'other' }), 100)
    history.append(event('a', '', { key: 'k' }), 600)
    history.sweep(650)
    expect(history.append(event('a', '', { key: 'k' }), 700).appended).toMatchObject({ position: 3, duplicate: true })
  })

  test('leaves nothing of an append whose bounds make no sense', () => {
    const history = new History(limits)
    expect(() => history.append(event('a', '', { retain: { seconds: -1 } }), 0)).toThrow('retain.seconds')
    expect(history.state(['a'], 0)).toMatchObject({ position: 0, tails: [] })
    expect(history.read('a', everything, 0)).toEqual([])
  })

  test('forgets a subtree with its last topic', () => {
    const history = new History(limits)
    history.append(event('a', '', { subtree: 'all' }), 0)
    history.sweep(2_000)
    expect(history.state(['all'], 0)).toMatchObject({ floor: 1, tails: [] })
    history.append(event('a', '', { subtree: 'all' }), 2_000)
    expect(history.state(['all'], 0).tails).toEqual([{ topic: 'a', position: 2, ended: false }])
  })
})

/** Keeps every entry for ever, and works out at each question what is retained. */
class Naive {
  readonly #entries: Entry[] = []
  readonly #gone = new Map<string, number>()

  add(entry: Entry): void {
    this.#entries.push(entry)
  }

  kept(topic: string, now: number): readonly Entry[] {
    const kept: Entry[] = []
    let bytes = 0
    for (const entry of this.#of(topic).reverse()) {
      bytes += utf8Length(entry.type) + utf8Length(entry.data)
      const fits = kept.length < limits.retain.events && bytes <= limits.retain.bytes && entry.time > now - limits.retain.milliseconds
      if (!fits && !(entry.kind === 'end' && kept.length === 0)) break
      kept.unshift(entry)
    }
    return kept
  }

  tail(topic: string): Entry | undefined {
    return this.#of(topic).at(-1)
  }

  sweep(now: number): void {
    for (const topic of new Set(this.#entries.map((entry) => entry.topic))) {
      const tail = this.tail(topic)
      if (tail === undefined || tail.time > now - limits.tails) continue
      if (this.kept(topic, now).every(({ kind }) => kind === 'end')) this.#gone.set(topic, tail.position)
    }
  }

  get floor(): number {
    return Math.max(0, ...this.#gone.values())
  }

  #of(topic: string): Entry[] {
    return this.#entries.filter((entry) => entry.topic === topic && entry.position > (this.#gone.get(topic) ?? 0))
  }
}

const topics = ['a', 'b', 'c'] as const
const topic = fc.constantFrom(...topics)
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ what: fc.constant('event' as const), topic, data: fc.string({ unit: 'binary', maxLength: 12 }) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('end' as const), topic, data: fc.string({ maxLength: 3 }) }) },
  { weight: 3, arbitrary: fc.record({ what: fc.constant('wait' as const), milliseconds: fc.integer({ min: 0, max: 1_500 }) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('sweep' as const) }) },
)

describe('property: whatever happens, a history', () => {
  /** Runs the steps on both, and looks after each. */
  function alongside(look: (history: History, naive: Naive, now: number) => void): void {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const history = new History(limits)
        const naive = new Naive()
        let now = 10_000
        for (const one of steps) {
          if (one.what === 'wait') now += one.milliseconds
          else if (one.what === 'sweep') {
            history.sweep(now)
            naive.sweep(now)
          } else if (naive.tail(one.topic)?.kind !== 'end') {
            const { entry } = history.append(one.what === 'end' ? end(one.topic, one.data) : event(one.topic, one.data), now)
            if (entry !== undefined) naive.add(entry)
          }
          look(history, naive, now)
        }
      }),
    )
  }

  test('retains what a naive model does', () => {
    alongside((history, naive, now) => {
      for (const name of topics) expect(history.read(name, everything, now)).toEqual(naive.kept(name, now))
    })
  })

  test('knows the tails and the floor that a naive model does', () => {
    alongside((history, naive) => {
      const tails = topics.flatMap((name) => {
        const tail = naive.tail(name)
        return tail === undefined ? [] : [{ topic: name, position: tail.position, ended: tail.kind === 'end' }]
      })
      expect(history.state(topics, 0)).toMatchObject({ tails, floor: naive.floor })
    })
  })

  test('cuts the same pages out of it', () => {
    alongside((history, naive, now) => {
      const { position } = history.state([], 0)
      for (const [after, upTo, limit] of [
        [Math.floor(position / 2), position, 2],
        [0, position - 1, 3],
      ] as const) {
        const expected = naive.kept('a', now).filter((entry) => entry.position > after && entry.position <= upTo)
        expect(history.read('a', { after, upTo, limit }, now)).toEqual(expected.slice(0, limit))
      }
    })
  })

  test('locates the last event of many as fast as of few: a request may ask it of every topic', () => {
    const fastest = (kept: number): number => {
      const history = new History({ ...limits, retain: { events: kept, milliseconds: 1_000, bytes: Number.POSITIVE_INFINITY } })
      for (let n = 0; n < kept; n++) history.append(event('a', 'x'), 0)
      const times = Array.from({ length: 20 }, () => {
        const start = performance.now()
        for (let n = 0; n < 20; n++) history.locate('a', { last: 1 }, 0)
        return performance.now() - start
      })
      return Math.min(...times)
    }
    fastest(100)
    expect(fastest(100_000)).toBeLessThan(50 * fastest(100))
  })

  test('locates the last events as a naive model does', () => {
    alongside((history, naive, now) => {
      const events = naive.kept('a', now).filter(({ kind }) => kind === 'event')
      for (const last of [0, 1, 3, 100]) {
        const after = history.locate('a', { last }, now)
        const found = history.read('a', { ...everything, after }, now).filter(({ kind }) => kind === 'event')
        expect(dataOf(found)).toEqual(dataOf(last === 0 ? [] : events.slice(-last)))
      }
    })
  })
})
