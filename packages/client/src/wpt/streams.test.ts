import { describe, expect, test } from 'vitest'
import { subscribe } from '../subscribe.js'
import { collect, failureOf } from '../testing/async.js'

// web-platform-tests `eventsource/eventsource-from-readable-stream.any.js` and `…-fetch.window.js`: an event stream that is
// no connection. Here it is the body that a `fetch` of one's own answers with; there is no EventSource that could take it.

const encoder = new TextEncoder()

/** Subscribes to it once; how often it was asked is told. */
function read(body: ReadableStream<Uint8Array>): { readonly live: ReturnType<typeof subscribe>; readonly asked: () => number } {
  let asked = 0
  const fetch: typeof globalThis.fetch = async () => {
    asked += 1
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
  }
  return { live: subscribe('http://sse.test/', { fetch, format: 'text', reconnect: false }), asked: () => asked }
}

function streamOf(chunks: readonly string[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start: (controller) => {
      for (const chunk of chunks) controller.enqueue(encoder.encode(chunk))
      controller.close()
    },
  })
}

describe('eventsource-from-readable-stream.any.js', () => {
  test.each([
    ['a message', ['data: hello\n\n'], [['message', 'hello', '']]],
    ['lines of data', ['data: hello\ndata: world\n\n'], [['message', 'hello\nworld', '']]],
    [
      'several messages',
      ['data: first\n\ndata: second\n\n'],
      [
        ['message', 'first', ''],
        ['message', 'second', ''],
      ],
    ],
    ['a type', ['event: custom\ndata: hello\n\n'], [['custom', 'hello', '']]],
    ['a comment', [': this is a comment\ndata: hello\n\n'], [['message', 'hello', '']]],
    ['a message that is cut', ['da', 'ta: hel', 'lo\n\n'], [['message', 'hello', '']]],
    ['an id', ['id: 42\nretry: 5000\ndata: hello\n\n'], [['message', 'hello', '42']]],
    [
      'an id that stays',
      ['id: 42\ndata: first\n\n', 'data: after\n\n'],
      [
        ['message', 'first', '42'],
        ['message', 'after', '42'],
      ],
    ],
    [
      'lines that end in any way',
      ['data: cr\r\rdata: lf\n\ndata: crlf\r\n\r\n'],
      [
        ['message', 'cr', ''],
        ['message', 'lf', ''],
        ['message', 'crlf', ''],
      ],
    ],
    ['a byte order mark', ['\uFEFFdata: hello\n\n'], [['message', 'hello', '']]],
    ['nothing', [], []],
  ])('%s is read like a response, and the end is the end: it is not asked for again', async (_, chunks, events) => {
    const { live, asked } = read(streamOf(chunks))
    expect((await collect(live)).map(({ type, data, id }) => [type, data, id])).toEqual(events)
    expect(live.getSnapshot()).toMatchObject({ state: 'closed', reason: 'ended' })
    expect(asked()).toBe(1)
  })

  test('an error of the stream closes it as failed', async () => {
    const cause = new Error('stream error')
    const { live, asked } = read(new ReadableStream({ start: (controller) => controller.error(cause) }))
    expect(await failureOf(collect(live))).toMatchObject({ code: 'connection_lost', cause })
    expect(live.getSnapshot()).toMatchObject({ state: 'closed', reason: 'failed' })
    expect(asked()).toBe(1)
  })
})

test('eventsource-from-readable-stream-fetch.window.js: the body of another response is one', async () => {
  const { body } = new Response('id: 42\ndata: hello\n\n')
  if (body === null) throw new Error('text is a body')
  const { live } = read(body)
  expect((await collect(live)).map(({ data, id }) => [data, id])).toEqual([['hello', '42']])
})
