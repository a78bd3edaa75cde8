import { defineEvents, isoDate, text } from '@sse/schema'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { ConnectOptions, UnknownEvent } from './options.js'
import { subscribe } from './subscribe.js'
import { collect } from './testing/async.js'
import { scriptedFetch } from './testing/scripted-fetch.js'
import { end, event, ready } from './testing/wire.js'

const url = 'http://sse.test/'
const events = defineEvents({
  created: z.object({ id: z.string(), total: z.number() }),
  shipped: z.object({ id: z.string(), at: isoDate }),
  token: text,
})

describe('with `events`', () => {
  test('what arrives is checked and decoded', async () => {
    const received = await collect(
      subscribe(url, {
        ...scriptedFetch([
          ready({ text: ['token'] }),
          event('created', { id: '42', total: 10 }),
          event('shipped', { id: '42', at: '2026-01-02T03:04:05Z' }),
          'event:token\ndata:"verbatim\n\n',
          end,
        ]),
        events,
      }),
    )
    expect(received).toEqual([
      { type: 'created', data: { id: '42', total: 10 }, id: '', topic: undefined },
      { type: 'shipped', data: { id: '42', at: new Date('2026-01-02T03:04:05Z') }, id: '', topic: undefined },
      { type: 'token', data: '"verbatim', id: '', topic: undefined },
    ])
  })

  test.each([
    [
      'that does not fit its schema',
      event('created', { id: '42', total: 's3cret' }, '7'),
      { code: 'invalid_event', type: 'created', path: ['total'] },
    ],
    ['that is no JSON', 'event:created\nid:7\ndata:s3cret\n\n', { code: 'invalid_json', type: 'created' }],
  ])('data %s is skipped and told, without itself; the cursor moves on, and so does the stream', async (_, message, error) => {
    const errors: Error[] = []
    const live = subscribe(url, {
      ...scriptedFetch([ready() + message + event('created', { id: '1', total: 1 }) + end]),
      events,
      onError: (failure) => void errors.push(failure),
    })
    expect((await collect(live)).map(({ data }) => data)).toEqual([{ id: '1', total: 1 }])
    expect(errors).toMatchObject([error])
    expect(`${errors[0]} ${JSON.stringify(errors[0])} ${errors[0]?.stack}`).not.toContain('s3cret')
    expect(live.lastEventId).toBe('7')
  })

  test('a type that they do not define goes to onUnknown, as it came, and is no error', async () => {
    const unknown: UnknownEvent[] = []
    const errors: Error[] = []
    const live = subscribe(url, {
      ...scriptedFetch([`${ready()}event:orders/42#new\nid:7\ndata:not json\n\n${event('created', { id: '1', total: 1 })}${end}`]),
      events,
      onUnknown: (received) => void unknown.push(received),
      onError: (error) => void errors.push(error),
    })
    expect(await collect(live)).toHaveLength(1)
    expect(unknown).toEqual([{ type: 'new', data: 'not json', id: '7', topic: 'orders/42' }])
    expect(errors).toEqual([])
    expect(live.lastEventId).toBe('7')
  })

  test.each(['constructor', '__proto__', 'message'])('the type %s is as unknown as any', async (type) => {
    const unknown: string[] = []
    const options: ConnectOptions = {
      ...scriptedFetch([`${ready()}event:${type}\ndata:1\n\n${end}`]),
      onUnknown: (received) => void unknown.push(received.type),
    }
    expect(await collect(subscribe(url, { ...options, events }))).toEqual([])
    expect(unknown).toEqual([type])
  })

  test('unknown types are skipped where nobody asks for them', async () => {
    expect(await collect(subscribe(url, { ...scriptedFetch([ready() + event('new', 1) + end]), events }))).toEqual([])
  })
})

test('a schema that throws is told by name, without the data; the stream goes on', async () => {
  const cause = new Error('s3cret')
  const made = defineEvents({ made: z.string() })
  const throwing: typeof made = {
    ...made,
    decode: (type, data) => {
      if (data.includes('s3cret')) throw cause
      return made.decode(type, data)
    },
  }
  const errors: Error[] = []
  const received = collect(
    subscribe(url, {
      ...scriptedFetch([ready() + event('made', 's3cret') + event('made', 'a') + end]),
      events: throwing,
      onError: (error) => void errors.push(error),
    }),
  )
  expect(await received).toMatchObject([{ data: 'a' }])
  expect(errors).toMatchObject([{ code: 'handler_failed', message: 'schema of made threw', cause }])
})

describe('without `events`', () => {
  test.each([
    ['an object', '{"n":1}', { n: 1 }],
    ['a string', '"a"', 'a'],
    ['null', 'null', null],
    ['several lines', '[1,\ndata:2]', [1, 2]],
  ])('data is JSON: %s', async (_, data, value) => {
    const received = await collect(subscribe(url, { ...scriptedFetch([`data:${data}\n\ndata:[DONE]\n\n`]), endOn: '[DONE]' }))
    expect(received).toEqual([{ type: 'message', data: value, id: '', topic: undefined }])
  })

  test('data that is none is skipped and told, without itself; the cursor moves on, and so does the stream', async () => {
    const errors: Error[] = []
    const live = subscribe(url, {
      ...scriptedFetch([`id:7\ndata:s3cret\n\n${event('a', 1)}data:[DONE]\n\n`]),
      endOn: '[DONE]',
      onError: (error) => void errors.push(error),
    })
    expect(await collect(live)).toMatchObject([{ type: 'a', data: 1, id: '7' }])
    expect(errors).toMatchObject([{ code: 'invalid_json', type: 'message' }])
    expect(`${errors[0]} ${errors[0]?.stack}`).not.toContain('s3cret')
  })

  test('with `format: text` it is handed over as it came', async () => {
    const live = subscribe<{ message: string }>(url, {
      ...scriptedFetch(['data:{"n":1}\n\ndata:plain\n\ndata:[DONE]\n\n']),
      format: 'text',
      endOn: '[DONE]',
    })
    expect((await collect(live)).map(({ data }) => data)).toEqual(['{"n":1}', 'plain'])
  })
})
