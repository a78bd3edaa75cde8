import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { ConnectOptions } from '../options.js'
import { type Received, receiveAll } from '../testing/receive.js'
import { transports } from '../testing/transports.js'

// web-platform-tests `eventsource/`: what is remembered over connections, the last event ID and the reconnection time.

// A wait is told, and over at once. Without jitter it is what the server asked for, or 0.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
  vi.spyOn(Math, 'random').mockReturnValue(0)
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

interface Followed {
  readonly events: readonly Received[]
  readonly cursors: readonly (string | undefined)[]
  readonly waits: readonly number[]
}

/** What it gives for these streams, with which Last-Event-ID it comes for each, and how long it waits after each. */
async function follow(streams: readonly string[], options: ConnectOptions): Promise<Followed> {
  const waits: number[] = []
  const received = await receiveAll(
    streams.map((stream) => [stream]),
    {
      ...options,
      onStateChange: ({ state, retryAt = Number.NaN }) => {
        if (state !== 'waiting') return
        waits.push(retryAt - Date.now())
        setImmediate(() => vi.advanceTimersByTime(3_600_000))
      },
    },
  )
  return { ...received, waits }
}

const event = (data: string, id = ''): Received => ({ type: 'message', data, id })

/** A server that gives this id first, and then says which one it was told. */
const asking = (id: string, told: string): readonly string[] => [`id: ${id}\nretry: 200\ndata: hello\n\n`, `data: ${told}\n\n`]

const rows: readonly {
  readonly file: string
  readonly title: string
  readonly streams: readonly string[]
  readonly gives: Omit<Followed, 'waits'>
}[] = [
  {
    file: 'format-data-before-final-empty-line.any.js',
    title: 'what stands before the end without a blank line is discarded, its id too',
    streams: Array.from({ length: 2 }, () => 'retry:1000\ndata:test1\n\nid:test\ndata:test2\n'),
    gives: { events: [event('test1'), event('test1')], cursors: [undefined, undefined, undefined] },
  },
  {
    file: 'format-field-id.any.js',
    title: 'an id comes back as UTF-8, and stays that of an event without one',
    streams: asking('…', '…'),
    gives: { events: [event('hello', '…'), event('…', '…')], cursors: [undefined, '…', '…'] },
  },
  {
    file: 'format-field-id-2.any.js',
    title: 'and again with the connection after that',
    streams: [...asking('…', '…'), 'data: …\n\n'],
    gives: { events: [event('hello', '…'), event('…', '…'), event('…', '…')], cursors: [undefined, '…', '…', '…'] },
  },
  ...['\0\0', 'x\0', '\0x', 'x\0x', ' \0'].map((id) => ({
    file: 'format-field-id-null.window.js',
    title: `an id with a NUL is ignored, and none comes back: ${JSON.stringify(id)}`,
    streams: Array.from({ length: 2 }, () => `id: ${id}\nretry: 200\ndata: hello\n\n`),
    gives: { events: [event('hello'), event('hello')], cursors: [undefined, undefined, undefined] },
  })),
]

/** Over EventSource the wait is ours alone: it keeps what the server asked for to itself. */
const waits: readonly { readonly file: string; readonly title: string; readonly stream: string; readonly wait: number }[] = [
  { file: 'format-field-retry.any.js', title: 'a leading zero makes it no octal number', stream: 'retry:03000\ndata:x\n\n\n', wait: 3000 },
  {
    file: 'format-field-retry-bogus.any.js',
    title: 'what is no number leaves the one before',
    stream: 'retry:3000\nretry:1000x\ndata:x\n\n\n',
    wait: 3000,
  },
  {
    file: 'format-field-retry-bogus-2.any.js',
    title: 'also where it would be longer',
    stream: 'retry:1000\nretry:5000x\ndata:x\n\n\n',
    wait: 1000,
  },
]

describe.each(transports)('over $over', ({ over, transport }) => {
  test.each(rows)('$file: $title', async ({ streams, gives }) => {
    expect(await follow(streams, { transport })).toMatchObject(gives)
  })

  test.each([
    ['that needs no preflight', 'abc'],
    ['that is too long for none', 'a'.repeat(255)],
    ['with a character that needs one', 'e5p3n<3k0k0s'],
  ])('eventsource-cross-origin-preflight.window.js: a page of another origin sends back an id %s', async (_, id) => {
    vi.stubGlobal('location', { origin: 'http://page.test' })
    const { cursors } = await follow([`id: ${id}\nretry: 200\ndata: safe\n\n`], { transport })
    expect(cursors).toEqual([undefined, id])
  })

  const holds = over === 'fetch' ? 'the wait is as long as the server asks' : 'it cannot hold, for EventSource does not tell it'

  test.each(waits)(`$file: ${holds}: $title`, async ({ stream, wait }) => {
    const { events, waits: waited } = await follow([stream], { transport })
    expect(events).toEqual([event('x')])
    expect(waited).toEqual([over === 'fetch' ? wait : 0])
  })
})
