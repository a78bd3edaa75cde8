import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { wellFormed } from '../testing/read.js'
import { eventStreamType, fromHeaderValue, lastEventIdHeader, streamHeaders, toHeaderValue } from './headers.js'

test('42: a stream is text/event-stream, and nobody stores, transforms, buffers or sniffs it', () => {
  expect(streamHeaders).toEqual({
    'content-type': 'text/event-stream',
    'cache-control': 'private, no-store, no-transform',
    'x-accel-buffering': 'no',
    'x-content-type-options': 'nosniff',
  })
  expect(streamHeaders['content-type']).toBe(eventStreamType)
})

describe('23: an id is sent as UTF-8', () => {
  test.each([
    ['ASCII', '1.e.7-6', '1.e.7-6'],
    ['nothing', '', ''],
    ['Latin-1', 'é', 'Ã©'],
    ['two bytes', '…', 'â\u0080¦'],
    ['beyond the first plane', '🥢', 'ð\u009F¥¢'],
    ['a byte order mark', '\uFEFF1', 'ï»¿1'],
  ])('%s', (_, id, value) => {
    expect(toHeaderValue(id)).toBe(value)
    expect(fromHeaderValue(value)).toBe(id)
  })

  test('fetch takes it, whatever the characters', () => {
    expect(new Headers({ [lastEventIdHeader]: toHeaderValue('€豆腐🥢') }).get(lastEventIdHeader)).toBe(toHeaderValue('€豆腐🥢'))
  })

  test('any id makes the round trip', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (id) => {
        const value = toHeaderValue(id)
        expect([...value].every((character) => character.charCodeAt(0) <= 0xff)).toBe(true)
        expect(fromHeaderValue(value)).toBe(wellFormed(id))
      }),
    )
  })

  // An id is as long as a foreign server makes it; one argument for each byte would overflow the stack.
  test('an id of a million characters makes the round trip', () => {
    const id = '€'.repeat(1_000_000)
    expect(fromHeaderValue(toHeaderValue(id)) === id).toBe(true)
  })

  test('what is not UTF-8 stays as it is', () => {
    expect(fromHeaderValue('caf\u00e9')).toBe('caf\u00e9')
  })
})
