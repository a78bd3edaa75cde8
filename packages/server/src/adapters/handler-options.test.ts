import { describe, expect, test } from 'vitest'
import { createHub, fetchHandler, memoryBackplane } from '../index.js'
import { nodeHandler } from '../node.js'
import { contract, everybody } from '../testing/hub.js'

// What code without types may give a handler: it is told when the handler is made, and not to the first reader.

const backplane = memoryBackplane()
const hub = createHub({ contract, backplane })
const authorize = everybody

describe.each<[string, object]>([
  ['nodeHandler', nodeHandler],
  ['fetchHandler', fetchHandler],
])('%s', (_, make) => {
  const thrownBy = (...given: readonly unknown[]): unknown => {
    try {
      return [Reflect.apply(Object.assign(make), undefined, given)]
    } catch (error) {
      return error
    }
  }

  test.each<[string, readonly unknown[], string]>([
    ['authorize', [], 'is undefined: it takes a function that returns { allow: [topics] } or { status }'],
    ['authorize', [{}], 'is undefined: it takes a function that returns { allow: [topics] } or { status }'],
    ['authorize', [{ authorize: true }], 'is true: it takes a function that returns { allow: [topics] } or { status }'],
    ['address', [{ authorize, address: 'x' }], 'is "x": it takes a function'],
    ['onError', [{ authorize, onError: 'x' }], 'is "x": it takes a function'],
    ['writeTimout', [{ authorize, writeTimout: 5 }], 'is unknown: did you mean writeTimeout?'],
    ['authorise', [{ authorise: authorize }], 'is unknown: did you mean authorize?'],
    ['outbox.maxByte', [{ authorize, outbox: { maxByte: 5 } }], 'is unknown: did you mean maxBytes?'],
    ['retry', [{ authorize, retry: -1 }], 'is -1: it takes whole milliseconds from 0 to 2147483647'],
  ])('names %s where it makes no sense: %j', (option, given, problem) => {
    expect(thrownBy(hub, ...given)).toMatchObject({ code: 'invalid_option', option, message: `option ${option} ${problem}` })
  })

  test.each([null, 5, 'authorize', everybody])('takes options, and not %s', (options) => {
    expect(thrownBy(hub, options)).toMatchObject({
      code: 'invalid_argument',
      message: expect.stringMatching(/: it takes \{ authorize, address,/),
    })
  })

  test('its streams are the hub’s alone, so there are no event types to name', () => {
    expect(thrownBy(hub, { authorize, events: contract.order.events })).toMatchObject({ option: 'events' })
  })

  test('takes every option, also as undefined', () => {
    const options = { authorize, address: undefined, heartbeat: undefined, cors: undefined, outbox: undefined, onClose: undefined }
    expect(thrownBy(hub, options)).toEqual([expect.any(Function)])
  })

  test('takes a hub of this package', () => {
    expect(thrownBy(undefined, { authorize })).toMatchObject({
      argument: 'hub',
      message: expect.stringMatching(/^hub is undefined that createHub/),
    })
  })
})
