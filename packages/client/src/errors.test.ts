import { SseError } from '@sse/schema'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import * as client from './index.js'
import type { ConnectOptions } from './options.js'
import { subscribe } from './subscribe.js'
import { collect, failureOf, turns } from './testing/async.js'
import { Log } from './testing/log.js'
import { scriptedFetch } from './testing/scripted-fetch.js'
import { control, end, event, ready } from './testing/wire.js'

const url = 'http://sse.test/'
const gap = control({ type: 'sse.gap', topics: ['a'], reason: 'reset' })
const failed = control({ type: 'sse.error', code: 'gone', message: 'no such order', retry: false })

test('each error has a class, and a literal code of its own', () => {
  const codes = [
    new client.ConnectionError('x'),
    new client.ContentTypeError('x'),
    new client.GapError('reset', []),
    new client.HandlerError('x'),
    new client.HeadersError('x'),
    new client.HttpStatusError('GET http://sse.test/', 500),
    new client.OptionError('x'),
    new client.RefusedError('x'),
    new client.ServerError('x', 'x'),
    new client.SilenceError('x'),
  ].map((error) => {
    expect(error).toBeInstanceOf(SseError)
    return error.code
  })
  expect(new Set(codes).size).toBe(codes.length)
  expect(codes).toEqual([
    'connection_lost',
    'content_type',
    'gap',
    'handler_failed',
    'headers_failed',
    'http_status',
    'invalid_option',
    'refused',
    'server_error',
    'silent',
  ])
})

describe('what nobody handles', () => {
  let warnings: Log<Error>
  const warned = (warning: Error): void => warnings.add(warning)

  beforeEach(() => {
    warnings = new Log()
    process.on('warning', warned)
  })
  afterEach(() => {
    process.off('warning', warned)
    vi.unstubAllGlobals()
  })

  const throwing = (): never => {
    throw new Error('mine')
  }

  test.each<[string, string, ConnectOptions, object]>([
    ['a gap', ready() + gap + end, {}, { code: 'gap', reason: 'reset', topics: ['a'] }],
    ['an event that is no JSON', 'data:x\n\ndata:END\n\n', { endOn: 'END' }, { code: 'invalid_json' }],
    ['a callback that throws', ready() + end, { onEnd: throwing }, { code: 'handler_failed', cause: new Error('mine') }],
    ['a failure that closes it', ready() + failed, {}, { code: 'server_error', reason: 'gone' }],
    ['an onError that throws', ready() + failed, { onError: throwing }, { code: 'handler_failed', cause: new Error('mine') }],
    [
      'an onError that fails later',
      ready() + failed,
      // Its type promises nothing of what it returns, and an unhandled rejection would end the process.
      { onError: () => Promise.reject(new Error('mine')) },
      { code: 'handler_failed', cause: new Error('mine') },
    ],
    [
      'an onError that throws what is no error',
      ready() + failed,
      {
        onError: () => {
          throw undefined
        },
      },
      { code: 'handler_failed', cause: undefined },
    ],
  ])('is a process warning in Node: %s', async (_, chunk, options, warning) => {
    const live = subscribe(url, { ...scriptedFetch([chunk]), ...options })
    live.on('a', () => {})
    expect(await warnings.find((one) => 'code' in one)).toMatchObject(warning)
    await live[Symbol.asyncDispose]()
  })

  test('is reported as the platform reports, where there is no process', async () => {
    const reported = new Log<unknown>()
    vi.stubGlobal('process', undefined)
    vi.stubGlobal('reportError', reported.add)
    const live = subscribe(url, scriptedFetch([ready() + gap]))
    live.on('a', () => {})
    expect(await reported.count(1)).toMatchObject([{ code: 'gap' }])
    live.close()
    vi.unstubAllGlobals()
    await turns()
    expect(warnings.entries).toEqual([])
  })

  test('is not what a loop throws', async () => {
    expect(await failureOf(collect(subscribe(url, scriptedFetch([ready() + failed]))))).toMatchObject({ code: 'server_error' })
    await turns()
    expect(warnings.entries).toEqual([])
  })

  test('is nothing where onError and onGap handle it', async () => {
    const errors: Error[] = []
    const options: ConnectOptions = { onGap: () => {}, onError: (error) => void errors.push(error) }
    const live = subscribe(url, { ...scriptedFetch([ready() + gap + event('a', 1) + failed]), ...options })
    live.on('a', throwing)
    await turns()
    expect(live.state).toBe('closed')
    expect(warnings.entries).toEqual([])
    expect(errors).toMatchObject([{ code: 'handler_failed' }, { code: 'server_error' }])
  })
})

describe('a failure that closes it', () => {
  test('goes to onError and to the loop, where there are both', async () => {
    const errors: Error[] = []
    const live = subscribe(url, { ...scriptedFetch([ready() + failed]), onError: (error) => void errors.push(error) })
    const failure = await failureOf(collect(live))
    expect(errors).toEqual([failure])
  })
})

describe('a callback that throws does not keep the stream from going on', () => {
  const throwing = (): never => {
    throw new Error('mine')
  }

  test.each<[string, ConnectOptions, number]>([
    ['onStateChange', { onStateChange: throwing }, 3],
    ['onGap', { onGap: throwing }, 1],
    ['onEnd', { onEnd: throwing }, 1],
    ['an onEnd that fails later', { onEnd: () => Promise.reject(new Error('mine')) }, 1],
  ])('%s', async (_, options, times) => {
    const errors = new Log<Error>()
    const live = subscribe(url, {
      ...scriptedFetch([ready() + gap + event('a', 1) + end]),
      onGap: () => {},
      onError: errors.add,
      ...options,
    })
    expect(await collect(live)).toHaveLength(1)
    expect(await errors.count(times)).toMatchObject(
      Array.from({ length: times }, () => ({ code: 'handler_failed', cause: new Error('mine') })),
    )
  })
})
