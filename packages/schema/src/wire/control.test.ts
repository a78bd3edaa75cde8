import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { read } from '../testing/read.js'
import {
  type Control,
  controlKey,
  controlMessage,
  endId,
  protocolVersion,
  type ReadyControl,
  readControl,
  reservedPrefix,
} from './control.js'
import { format } from './format.js'
import type { Message } from './message.js'

const key = 'k3y'
const ready: ReadyControl = { type: 'sse.ready', protocol: protocolVersion, heartbeat: 15_000, text: ['token'], key }

const afterReady: readonly Control[] = [
  { type: 'sse.live', topics: ['orders/42', 'users/7/inbox'], resumed: true, position: '1.e.8' },
  { type: 'sse.live', topics: [], resumed: false, position: '1.e.0' },
  { type: 'sse.gap', topics: ['orders/42'], reason: 'trimmed' },
  { type: 'sse.gap', topics: ['orders/42'], reason: 'reset' },
  { type: 'sse.gap', topics: ['orders/42'], reason: 'overflow' },
  { type: 'sse.error', code: 'denied', message: 'not yours\nto read', retry: false, topics: ['orders/42'] },
  { type: 'sse.error', code: 'failed', message: 'later', retry: true },
  { type: 'sse.end', reason: 'done', topics: ['orders/42'] },
  { type: 'sse.end', reason: 'done' },
  { type: 'sse.presence', topic: 'orders/42', count: 2, joined: ['ann', 'b\nob'], left: [], reset: true },
  { type: 'sse.presence', topic: 'orders/42', count: 0, joined: [], left: ['ann'], reset: false },
]

/** A control message as a hostile or a later server may write it. */
function written(type: string, fields: object): Message {
  return { event: type, data: JSON.stringify(fields) }
}

describe('what is written is read', () => {
  test('sse.ready, without a key yet', () => {
    const [message] = read(format(controlMessage(ready, key)))
    expect(message).toBeDefined()
    expect(readControl(message ?? {}, undefined)).toEqual(ready)
  })

  test.each(afterReady)('%j, with the key of the stream', (control) => {
    const [message] = read(format(controlMessage(control, key)))
    expect(message).toBeDefined()
    expect(readControl(message ?? {}, key)).toEqual({ ...control, key })
  })

  test('a position goes with it as the id', () => {
    expect(controlMessage({ type: 'sse.live', topics: [], resumed: true, position: '1.e.8' }, key, '1.e.7')).toMatchObject({ id: '1.e.7' })
    expect(controlMessage(ready, key).id).toBeUndefined()
  })

  test('sse.live tells its position in its data too, for the id may be left out where the reader is past it', () => {
    const message = controlMessage({ type: 'sse.live', topics: ['a'], resumed: false, position: '1.e.8' }, key)
    expect(message.id).toBeUndefined()
    expect(readControl(message, key)).toMatchObject({ type: 'sse.live', position: '1.e.8' })
  })

  test('control is one line of JSON, and its type is reserved', () => {
    for (const control of [ready, ...afterReady]) {
      const { event, data } = controlMessage(control, key)
      expect(event?.startsWith(reservedPrefix)).toBe(true)
      expect(data).not.toMatch(/[\r\n]/)
    }
  })
})

describe('what could be forged is not read', () => {
  const keys: readonly (readonly [title: string, key: object])[] = [
    ['no key', {}],
    ['a wrong key', { key: 'k3x' }],
    ['an empty key', { key: '' }],
    ['a key of another type', { key: [key] }],
    ['an inherited key', { ['__proto__']: { key } }],
  ]

  test.each(keys)('control with %s', (_, forged) => {
    for (const { type, ...fields } of afterReady) expect(readControl(written(type, { ...fields, ...forged }), key)).toBeUndefined()
  })

  test('a second sse.ready, even with the right key', () => {
    expect(readControl(controlMessage(ready, key), key)).toBeUndefined()
  })

  test('anything before sse.ready', () => {
    for (const control of afterReady) expect(readControl(controlMessage(control, key), undefined)).toBeUndefined()
  })

  test.each([{}, { key: 5 }, { key: null }, { key: [key] }])('sse.ready with %j for a key', (fields) => {
    expect(readControl(written('sse.ready', { protocol: 1, heartbeat: 0, text: [], ...fields }), undefined)).toBeUndefined()
  })

  // The client builds its silence watch on heartbeat, and asks text for every event: neither may be anything else.
  test.each<readonly [title: string, fields: string]>([
    ['no protocol', '"heartbeat":0,"text":[]'],
    ['a protocol in words', '"protocol":"1","heartbeat":0,"text":[]'],
    ['protocol 0', '"protocol":0,"heartbeat":0,"text":[]'],
    ['no heartbeat', '"protocol":1,"text":[]'],
    ['a heartbeat in words', '"protocol":1,"heartbeat":"15000","text":[]'],
    ['a negative heartbeat', '"protocol":1,"heartbeat":-5,"text":[]'],
    ['an endless heartbeat', '"protocol":1,"heartbeat":1e999,"text":[]'],
    ['no text', '"protocol":1,"heartbeat":0'],
    ['a text that is no list', '"protocol":1,"heartbeat":0,"text":"token"'],
    ['a text that is like a list', '"protocol":1,"heartbeat":0,"text":{"length":0}'],
    ['a text of what are no types', '"protocol":1,"heartbeat":0,"text":["token",5]'],
  ])('sse.ready with %s', (_, fields) => {
    expect(readControl({ event: 'sse.ready', data: `{"key":"k3y",${fields}}` }, undefined)).toBeUndefined()
  })

  test('sse.ready of a later protocol is ready all the same, with what it adds', () => {
    const later = { protocol: 2, heartbeat: 0.5, text: [], key, colour: 'blue' }
    expect(readControl(written('sse.ready', later), undefined)).toEqual({ type: 'sse.ready', ...later })
  })

  test('an event, whose data is then not even parsed', () => {
    const parse = vi.spyOn(JSON, 'parse')
    for (const event of [undefined, '', 'created', 'orders/42#created']) readControl({ event, data: '{"key":"k3y"}' }, key)
    expect(parse).not.toHaveBeenCalled()
    parse.mockRestore()
  })

  test.each(['', '{', 'null', '1', '"sse.end"', '[]', `["${key}"]`, 'undefined', '{"key":"k3y"', '\0'])('data that is %j', (data) => {
    expect(readControl({ event: 'sse.end', data }, key)).toBeUndefined()
    expect(readControl({ event: 'sse.ready', data }, undefined)).toBeUndefined()
  })

  test('a message without data', () => {
    expect(readControl({ event: 'sse.end' }, key)).toBeUndefined()
  })

  test('an event whose data looks like control', () => {
    const { data } = controlMessage({ type: 'sse.end', reason: 'done' }, key)
    for (const event of [undefined, '', 'end', 'SSE.end', ' sse.end', 'orders/42#sse.end'])
      expect(readControl({ event, data }, key)).toBeUndefined()
  })

  test('any message at all, without the key', () => {
    const event = fc.constantFrom('sse.ready', 'sse.live', 'sse.gap', 'sse.error', 'sse.end', 'sse.presence', 'sse.new')
    fc.assert(
      fc.property(event, fc.json(), (type, data) => {
        expect(readControl({ event: type, data }, key)).toBeUndefined()
      }),
    )
  })
})

// The key vouches for the fields, so what a later server adds is there for whoever knows it.
describe('what a later server sends comes out as it is', () => {
  test.each([
    ['an unknown type', 'sse.new', { colour: 'blue' }],
    ['an unknown field', 'sse.end', { reason: 'done', colour: 'blue' }],
    ['an unknown reason', 'sse.gap', { topics: ['t'], reason: 'moon' }],
  ])('%s', (_, type, fields) => {
    expect(readControl(written(type, { ...fields, key }), key)).toEqual({ type, ...fields, key })
  })

  test('but its type is that of the message, whatever the fields say', () => {
    expect(readControl(written('sse.error', { type: 'sse.end', key }), key)).toMatchObject({ type: 'sse.error' })
  })
})

test('keys differ, and survive the wire', () => {
  const keys = Array.from({ length: 1000 }, controlKey)
  expect(new Set(keys).size).toBe(keys.length)
  for (const each of keys) expect(each).toMatch(/^[0-9a-z]{2,14}$/)
})

test('the id of the end is a reserved one', () => {
  expect(endId.startsWith(reservedPrefix)).toBe(true)
})
