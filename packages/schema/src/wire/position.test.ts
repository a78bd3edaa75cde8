import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatPosition, parsePosition } from './position.js'

const most = Number.MAX_SAFE_INTEGER
const epochs = fc.stringMatching(/^\w{1,64}$/)
/** An event's place, and that of the one before it. */
const places = fc.tuple(fc.integer({ min: 1, max: most }), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }))

describe('what is written is read', () => {
  test.each([
    ['an event’s position, with its link', '1.e.8-3', { epoch: 'e', at: 8, previous: 3 }],
    ['an event’s position without a link, because events may be left out before it', '1.e.8', { epoch: 'e', at: 8, previous: undefined }],
    ['a topic’s first event', '1.e.1-0', { epoch: 'e', at: 1, previous: 0 }],
    ['the place before the first event', '1.e.0', { epoch: 'e', at: 0, previous: undefined }],
    ['the last number that can be told from the next', `1.e.${most}-${most - 1}`, { epoch: 'e', at: most, previous: most - 1 }],
    ['an epoch of digits', '1.1.2-1', { epoch: '1', at: 2, previous: 1 }],
  ])('%s', (_, id, position) => {
    expect(formatPosition(position.epoch, position.at, position.previous)).toBe(id)
    expect(parsePosition(id)).toEqual(position)
  })

  test('property: whatever the epoch and the numbers', () => {
    fc.assert(
      fc.property(epochs, places, fc.boolean(), (epoch, [at, share], linked) => {
        const previous = linked ? Math.floor(share * at) : undefined
        expect(parsePosition(formatPosition(epoch, at, previous))).toEqual({ epoch, at, previous })
      }),
    )
  })

  test('property: it is at most 128 characters that need no encoding in a header or a query', () => {
    fc.assert(
      fc.property(epochs, places, (epoch, [at, share]) => {
        expect(formatPosition(epoch, at, Math.floor(share * at))).toMatch(/^[A-Za-z0-9\-._~]{1,128}$/)
      }),
    )
    expect(formatPosition('e'.repeat(64), most, most - 1).length).toBeLessThanOrEqual(128)
  })
})

describe('what cannot have been written is no position', () => {
  test.each([
    ['nothing', ''],
    ['a number alone', '8'],
    ['another server’s id', 'orders-8'],
    ['the protocol’s own id', 'sse.end'],
    ['another version', '2.e.8-3'],
    ['no epoch', '1..8-3'],
    ['an epoch that is too long', `1.${'e'.repeat(65)}.8`],
    ['an epoch of other characters', '1.é.8'],
    ['no place', '1.e.'],
    ['a place in words', '1.e.x'],
    ['a negative place', '1.e.-8'],
    ['a place with a fraction', '1.e.8.5'],
    ['a place with an exponent', '1.e.1e3'],
    ['leading zeros in the place', '1.e.08'],
    ['leading zeros in the link', '1.e.8-03'],
    ['a plus sign', '1.e.+8'],
    ['digits of another script', '1.e.٨'],
    ['a link that is empty', '1.e.8-'],
    ['two links', '1.e.8-3-2'],
    ['a link to itself', '1.e.8-8'],
    ['a link to what comes after', '1.e.8-9'],
    ['a link of the place before the first', '1.e.0-0'],
    ['text before it', ' 1.e.8'],
    ['text after it', '1.e.8 '],
    ['a line after it', '1.e.8\n'],
    ['a place past safe integers', '1.e.9007199254740992'],
    ['a place past safe integers that a number would round', '1.e.9007199254740993-1'],
    ['a link past safe integers', '1.e.9007199254740991-9007199254740992'],
    ['a place of very many digits', `1.e.${'9'.repeat(400)}`],
  ])('%s', (_, id) => {
    expect(parsePosition(id)).toBeUndefined()
  })

  test('property: no text makes it throw, and what it reads is what would be written', () => {
    const digits = fc.stringMatching(/^[0-9]{0,20}$/)
    const near = fc.tuple(fc.string(), digits, digits).map(([epoch, at, previous]) => `1.${epoch}.${at}-${previous}`)
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), near), (id) => {
        const position = parsePosition(id)
        if (position === undefined) return
        expect(formatPosition(position.epoch, position.at, position.previous)).toBe(id)
        expect(Number.isSafeInteger(position.at)).toBe(true)
        expect(position.previous ?? -1).toBeLessThan(position.at)
      }),
      { numRuns: 2_000 },
    )
  })
})
