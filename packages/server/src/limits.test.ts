import { describe, expect, test } from 'vitest'
import { OptionError } from './errors.js'
import { Admission, type Limits, limitsOf, type Place, retryAfter } from './limits.js'

function admission(limits: Limits = {}): Admission {
  return new Admission(limitsOf(limits), 0)
}

/** A place, where there must be one. */
function placed(admitted: Admission, address?: string, now = 0, client?: string): Place {
  const place = admitted.enter(address, now, client)
  if (typeof place === 'string') throw new Error(`refused: ${place}`)
  return place
}

describe('options', () => {
  test('the defaults are those of the documentation', () => {
    const defaults = { streams: 10_000, perIdentity: 100, perAddress: Number.POSITIVE_INFINITY, topics: 100, connectsPerSecond: 1_000 }
    expect(limitsOf()).toEqual(defaults)
    expect(
      limitsOf({ streams: undefined, perIdentity: undefined, perAddress: undefined, topics: undefined, connectsPerSecond: undefined }),
    ).toEqual(defaults)
  })

  test.each(['streams', 'perIdentity', 'perAddress', 'topics', 'connectsPerSecond'] as const)('%s that makes no sense is named', (name) => {
    for (const value of [0, -1, Number.NaN]) {
      expect(() => limitsOf({ [name]: value })).toThrow(OptionError)
      expect(() => limitsOf({ [name]: value })).toThrow(
        `option limits.${name} is ${value}: it takes a ${name === 'connectsPerSecond' ? 'number' : 'whole number'} above 0`,
      )
    }
    expect(limitsOf({ [name]: Number.POSITIVE_INFINITY })[name]).toBe(Number.POSITIVE_INFINITY)
  })
})

test('a limit that counts is a whole number; the mean of new streams a second need not be', () => {
  expect(() => limitsOf({ topics: 1.5 })).toThrow('option limits.topics is 1.5: it takes a whole number above 0, or Infinity for no bound')
  expect(limitsOf({ connectsPerSecond: 0.5 }).connectsPerSecond).toBe(0.5)
})

describe('D55 who may come', () => {
  test('as many as there are places, and one more for each that leaves', () => {
    const admitted = admission({ streams: 2 })
    const [first] = [placed(admitted), placed(admitted)]
    expect(admitted.enter(undefined, 0)).toBe('streams')
    first.leave()
    placed(admitted)
    expect(admitted.enter(undefined, 0)).toBe('streams')
  })

  test('as many from one address, whatever comes from others', () => {
    const admitted = admission({ perAddress: 2 })
    const [first] = [placed(admitted, 'a'), placed(admitted, 'a')]
    expect(admitted.enter('a', 0)).toBe('address')
    placed(admitted, 'b')
    placed(admitted)
    first.leave()
    placed(admitted, 'a')
  })

  test('as many of one identity, and the place of one too many is given back', () => {
    const admitted = admission({ perIdentity: 1, streams: 2, perAddress: 2 })
    const first = placed(admitted, 'a')
    expect(first.identify('ann')).toBeUndefined()
    expect(placed(admitted, 'a').identify('ann')).toBe('identity')
    expect(placed(admitted, 'a').identify('bob')).toBeUndefined()
    expect(admitted.enter('a', 0)).toBe('streams')
    first.leave()
    expect(placed(admitted, 'a').identify('ann')).toBeUndefined()
  })

  test('leaving twice is leaving once', () => {
    const admitted = admission({ streams: 2, perIdentity: 1, perAddress: 2 })
    const [first, second] = [placed(admitted, 'a'), placed(admitted, 'a')]
    first.identify('ann')
    second.identify('bob')
    first.leave()
    first.leave()
    placed(admitted, 'a').identify('ann')
    expect([admitted.enter('b', 0)]).toEqual(['streams'])
  })

  test('a place that was left before it had an identity is none of that identity’s', () => {
    const admitted = admission({ perIdentity: 1 })
    const gone = placed(admitted)
    gone.leave()
    expect(gone.identify('ann')).toBeUndefined()
    expect(placed(admitted).identify('ann')).toBeUndefined()
  })

  test('a place that was refused its identity is not given back a second time', () => {
    const admitted = admission({ streams: 2, perIdentity: 1 })
    placed(admitted).identify('ann')
    const refused = placed(admitted)
    refused.identify('ann')
    refused.leave()
    placed(admitted)
    expect(admitted.enter(undefined, 0)).toBe('streams')
  })
})

describe('D55 a client whose connection is taken over by another', () => {
  const bounds = { streams: 1, perAddress: 1, perIdentity: 1 }

  test('counts once, until both are gone', () => {
    const admitted = admission(bounds)
    const [old, next] = [placed(admitted, 'a', 0, 'c'), placed(admitted, 'a', 0, 'c')]
    expect([old.identify('ann'), next.identify('ann')]).toEqual([undefined, undefined])
    old.leave()
    expect(admitted.enter('b', 0)).toBe('streams')
    const third = placed(admitted, 'a', 0, 'c')
    expect(third.identify('ann')).toBeUndefined()
    next.leave()
    third.leave()
    expect(placed(admitted, 'b').identify('ann')).toBeUndefined()
  })

  test('has two at most: a name that all of somebody’s streams bear brings no more', () => {
    const admitted = admission({ streams: 2 })
    for (let n = 0; n < 4; n++) placed(admitted, 'a', 0, 'c')
    expect(admitted.enter('a', 0, 'c')).toBe('streams')
  })

  test('keeps its place for the next, whatever came and went beside it', () => {
    const admitted = admission({ streams: 2 })
    const [old] = [placed(admitted, 'a', 0, 'c'), placed(admitted, 'a', 0, 'c')]
    placed(admitted, 'a', 0, 'c').leave()
    old.leave()
    placed(admitted, 'a', 0, 'c')
    placed(admitted, 'b')
    expect(admitted.enter('b', 0)).toBe('streams')
  })

  test('is nobody else’s: at another address its name counts for itself', () => {
    const admitted = admission(bounds)
    placed(admitted, 'a', 0, 'c')
    expect(admitted.enter('b', 0, 'c')).toBe('streams')
  })

  test('counts for each identity that it shows', () => {
    const admitted = admission({ streams: 2, perIdentity: 1 })
    const [ann, bob] = [placed(admitted, 'a', 0, 'c'), placed(admitted, 'a', 0, 'c')]
    ann.identify('ann')
    bob.identify('bob')
    expect(placed(admitted).identify('bob')).toBe('identity')
    bob.leave()
    expect(placed(admitted).identify('bob')).toBeUndefined()
    expect(admitted.enter(undefined, 0)).toBe('streams')
  })

  test('costs a place in the second all the same', () => {
    const admitted = admission({ connectsPerSecond: 2 })
    for (let n = 0; n < 2; n++) placed(admitted, 'a', 0, 'c')
    expect(admitted.enter('a', 0, 'c')).toBe('rate')
  })

  test('leaves no memory behind', () => {
    const admitted = admission({ streams: 3 })
    for (let n = 0; n < 10; n++) {
      const places = [placed(admitted, 'a', 0, 'c'), placed(admitted, 'a', 0, 'c'), placed(admitted, 'a', 0, 'c')]
      for (const place of n % 2 ? places : places.reverse()) place.leave()
    }
    for (let n = 0; n < 3; n++) placed(admitted, 'b')
    expect(admitted.enter('b', 0)).toBe('streams')
  })
})

describe('D55 how fast they may come', () => {
  test('so many at once, and then as many as a second brings', () => {
    const admitted = admission({ connectsPerSecond: 2 })
    for (let n = 0; n < 2; n++) placed(admitted).leave()
    expect(admitted.enter(undefined, 0)).toBe('rate')
    expect(admitted.enter(undefined, 499)).toBe('rate')
    placed(admitted, undefined, 500).leave()
    expect(admitted.enter(undefined, 999)).toBe('rate')
    placed(admitted, undefined, 1_000)
  })

  test('a long silence brings no more than so many at once', () => {
    const admitted = admission({ connectsPerSecond: 2 })
    for (let n = 0; n < 2; n++) placed(admitted, undefined, 1e9)
    expect(admitted.enter(undefined, 1e9)).toBe('rate')
  })

  test('less than one a second is one now and then', () => {
    const admitted = admission({ connectsPerSecond: 0.1 })
    placed(admitted)
    expect(admitted.enter(undefined, 5_000)).toBe('rate')
    placed(admitted, undefined, 20_000)
  })

  test('who is refused for another reason costs nobody a place in the second', () => {
    const admitted = admission({ connectsPerSecond: 2, streams: 1 })
    const first = placed(admitted)
    for (let n = 0; n < 5; n++) expect(admitted.enter(undefined, 0)).toBe('streams')
    first.leave()
    placed(admitted)
  })
})

test('D55 those refused together are told to come at different times, from 1 to 10 seconds', () => {
  expect([0, 0.5, 0.999999].map(retryAfter)).toEqual([1, 6, 10])
})
