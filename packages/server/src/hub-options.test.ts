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
    ['verifyInterval', { verifyInterval: -1 }, /is -1: it takes milliseconds above 0/],
    ['limits.streams', { limits: { streams: 0 } }, /is 0/],
    ['channels', { channels: { orders: {} } }, /have "orders", which the contract does not/],
    ['channels', { channels: { toString: {} } }, /have "toString"/],
    ['channels.order', { channels: { order: 5 } }, /is a number: it takes settings/],
    ['channels.order', { channels: { order: { retian: {} } } }, /has "retian", which is no setting/],
    ['channels.order.retain', { channels: { order: { retain: 5 } } }, /is a number: it takes \{ events, seconds, bytes \}/],
    ['channels.order.retain.events', { channels: { order: { retain: { events: -1 } } } }, /is -1/],
    ['channels.order.overflow', { channels: { order: { overflow: 'drop' } } }, /is "drop": it takes 'disconnect' or 'drop-oldest'/],
    ['channels.order.conflate', { channels: { order: { conflate: 'id' } } }, /is a string: it takes a function/],
    ['channels.order.visibleTo', { channels: { order: { visibleTo: true } } }, /is a boolean: it takes a function/],
    ['channels.order.presence', { channels: { order: { presence: 'yes' } } }, /is a string: it takes true or false/],
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
