import { channel, defineContract, NameError, text } from '@sse/schema'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { coreOf, createHub as createTypedHub } from './create-hub.js'
import { OptionError } from './errors.js'
import { memoryBackplane } from './memory-backplane.js'
import { contract } from './testing/hub-session.js'

/** What code without types may hand over. */
function thrownBy(options: Readonly<Record<string, unknown>>): unknown {
  try {
    void Reflect.apply(createTypedHub, undefined, [{ contract, backplane: memoryBackplane(), ...options }]).close()
  } catch (error) {
    return error
  }
  return undefined
}

describe('an option that makes no sense is named, with what it takes', () => {
  test.each<[string, Readonly<Record<string, unknown>>, RegExp]>([
    ['contract', { contract: undefined }, /is undefined: it takes what defineContract returns/],
    ['contract', { contract: { order: {} } }, /has "order", which is no channel: make it with defineContract/],
    ['maxEventBytes', { maxEventBytes: 0 }, /is 0: it takes a number above 0/],
    ['verifyInterval', { verifyInterval: -1 }, /is -1: it takes whole milliseconds from 1 to 2147483647/],
    ['verifyInterval', { verifyInterval: Number.POSITIVE_INFINITY }, /is Infinity: it takes whole milliseconds from 1/],
    ['maxEventBytes', { maxEventBytes: '1' }, /is "1": it takes a number/],
    ['verifyInterval', { verifyInterval: '1' }, /is "1": it takes a number/],
    ['onError', { onError: 'x' }, /is "x": it takes a function/],
    ['outbox', { outbox: {} }, /is unknown: there are contract, backplane, channels, limits, maxEventBytes, verifyInterval, onError/],
    ['backplane', { backplane: undefined }, /is undefined: it takes memoryBackplane\(\), or sqliteBackplane\(\{ path \}\)/],
    ['backplane', { backplane: memoryBackplane }, /is a function: call it, as memoryBackplane\(\)/],
    ['backplane', { backplane: 'memory' }, /is "memory": it takes memoryBackplane\(\)/],
    ['backplane', { backplane: { append: () => {} } }, /has no state\(\), so it is none/],
    ['limits', { limits: null }, /is null: it takes \{ streams, perIdentity, perAddress, topics, connectsPerSecond \}/],
    ['limits', { limits: 5 }, /is 5: it takes \{ streams/],
    ['limits.perIP', { limits: { perIP: 3 } }, /is unknown: did you mean perIdentity or perAddress\?/],
    ['limits.topics', { limits: { topics: 1.5 } }, /is 1.5: it takes a whole number above 0/],
    ['limits.topics', { limits: { topics: '5' } }, /is "5": it takes a number/],
    ['channels', { channels: 5 }, /is 5: it takes an object/],
    ['channels.order.retain.minutes', { channels: { order: { retain: { minutes: 5 } } } }, /is unknown: there are events, seconds, bytes/],
    ['channels.order.retain.events', { channels: { order: { retain: { events: '5' } } } }, /is "5": it takes a number/],
    [
      'channels.order.overflow',
      { channels: { order: { overflow: 'drop-oldest', conflate: () => 'k' } } },
      /is 'drop-oldest' beside conflate, which leaves nothing to drop: choose one of them/,
    ],
    ['limits.streams', { limits: { streams: 0 } }, /is 0/],
    ['channels', { channels: { orders: {} } }, /have "orders", which the contract does not/],
    ['channels', { channels: { toString: {} } }, /have "toString"/],
    ['channels.order', { channels: { order: 5 } }, /is 5: it takes settings/],
    ['channels.order.retian', { channels: { order: { retian: {} } } }, /is unknown: did you mean retain\?/],
    ['channels.order.retain', { channels: { order: { retain: 5 } } }, /is 5: it takes \{ events, seconds, bytes \}/],
    ['channels.order.retain.events', { channels: { order: { retain: { events: -1 } } } }, /is -1/],
    ['channels.order.overflow', { channels: { order: { overflow: 'drop' } } }, /is "drop": it takes 'disconnect' or 'drop-oldest'/],
    ['channels.order.conflate', { channels: { order: { conflate: 'id' } } }, /is "id": it takes a function/],
    ['channels.order.visibleTo', { channels: { order: { visibleTo: true } } }, /is true: it takes a function/],
    ['channels.order.presence', { channels: { order: { presence: 'yes' } } }, /is "yes": it takes true or false/],
  ])('%s %o', (option, options, message) => {
    const thrown = thrownBy(options)
    expect(thrown).toBeInstanceOf(OptionError)
    expect(thrown).toMatchObject({ option, message: expect.stringMatching(message) })
  })
})

test('an option that is undefined is an option that is not there', () => {
  const settings = { retain: undefined, overflow: undefined, conflate: undefined, visibleTo: undefined, presence: undefined }
  const channels = { order: settings, inbox: undefined }
  expect(thrownBy({ channels, limits: undefined, maxEventBytes: undefined, verifyInterval: undefined, onError: undefined })).toBeUndefined()
})

test.each([undefined, null, 'contract', [], () => {}])('a hub is made with options, and not with %s', (options) => {
  const make = (): unknown => Reflect.apply(createTypedHub, undefined, [options])
  expect(make).toThrow(
    expect.objectContaining({ code: 'invalid_argument', message: expect.stringMatching(/: it takes \{ contract, backplane,/) }),
  )
})

test('a type that is text in one channel and JSON in another is rejected: on one stream a reader could not tell them apart', () => {
  const clashing = defineContract({
    log: channel('logs/:job', { line: text }),
    list: channel('lists/:id', { line: z.object({ n: z.number() }) }),
  })
  const thrown = thrownBy({ contract: clashing })
  expect(thrown).toBeInstanceOf(NameError)
  expect(thrown).toMatchObject({ message: expect.stringMatching(/"line" is text in channel "log" and JSON in "list".*rename one/) })
})

test('what is no hub of this package is told from one', () => {
  expect(() => coreOf({})).toThrow(/^hub is an object that createHub of this very package has not made$/)
})
