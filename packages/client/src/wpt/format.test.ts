import { describe, expect, test } from 'vitest'
import { type Received, receive } from '../testing/receive.js'
import { transports } from '../testing/transports.js'

// web-platform-tests `eventsource/`: the bytes of one stream, and what must arrive of them. Each is named after its file.

interface Row {
  readonly file: string
  readonly title: string
  readonly stream: string
  readonly events: readonly Received[]
  readonly cursor?: string
  /** What the `eventsource` package gives instead, and why. */
  readonly differs?: { readonly events: readonly Received[]; readonly why: string }
}

const event = (data: string, type = 'message', id = ''): Received => ({ type, data, id })
const long = 'x'.repeat(2 * 1024)

const rows: readonly Row[] = [
  {
    file: 'event-data.any.js',
    title: 'lines of data are joined, and what only looks like a field is none',
    stream: 'data:msg\ndata: msg\n\n:\nfalsefield:msg\n\nfalsefield:msg\nData:data\n\ndata\n\ndata:end\n\n',
    events: [event('msg\nmsg'), event(''), event('end')],
  },
  {
    file: 'format-bom.any.js',
    title: 'a byte order mark is taken off at the start, and there alone',
    stream: '\uFEFFdata:1\n\n\uFEFFdata:2\n\ndata:3\n\n\n',
    events: [event('1'), event('3')],
  },
  {
    file: 'format-bom-2.any.js',
    title: 'of two byte order marks at the start one is taken off',
    stream: '\uFEFF\uFEFFdata:1\n\ndata:2\n\ndata:3\n\n\n',
    events: [event('2'), event('3')],
    differs: { events: [event('1'), event('2'), event('3')], why: 'the package takes off both: its decoder one, its parser another' },
  },
  {
    file: 'format-comments.any.js',
    title: 'comments of any length stand between lines of data, and leave them together',
    stream: `data:1\r:\0\n:\r\ndata:2\n:${long}\rdata:3\n:data:fail\r:${long}\ndata:4\n\n`,
    events: [event('1\n2\n3\n4')],
  },
  {
    file: 'format-field-data.any.js',
    title: 'data may be empty, with a colon or without',
    stream: 'data:\n\ndata\ndata\n\ndata:test\n\n\n',
    events: [event(''), event('\n'), event('test')],
  },
  {
    file: 'format-field-event-empty.any.js',
    title: 'an empty type is the default one',
    stream: 'event: \ndata:data\n\n\n',
    events: [event('data')],
  },
  {
    file: 'format-field-event.any.js',
    title: 'a type counts for its own event, and not for the next',
    stream: 'event:test\ndata:x\n\ndata:x\n\n\n',
    events: [event('x', 'test'), event('x')],
  },
  {
    file: 'format-field-id-3.window.js',
    title: 'an id stays until another',
    stream: 'id: 1\ndata: 1\n\ndata: 2\n\nid: 2\ndata:3\n\ndata:4\n\n',
    events: [event('1', 'message', '1'), event('2', 'message', '1'), event('3', 'message', '2'), event('4', 'message', '2')],
    cursor: '2',
  },
  {
    file: 'format-field-id-3.window.js',
    title: 'an empty id resets it',
    stream: 'id: 1\ndata: 1\n\nid:\ndata:2\n\ndata:3\n\n',
    events: [event('1', 'message', '1'), event('2'), event('3')],
  },
  {
    file: 'format-field-id-3.window.js',
    title: 'an id without a colon resets it',
    stream: 'id: 1\ndata: 1\n\nid\ndata:2\n\ndata:3\n\n',
    events: [event('1', 'message', '1'), event('2'), event('3')],
  },
  {
    file: 'format-field-parsing.any.js',
    title: 'names are literal, and lines end in any way',
    stream: 'data:\0\ndata:  2\rData:1\ndata\0:2\ndata:1\r\0data:4\nda-ta:3\rdata_5\ndata:3\rdata:\r\n data:32\ndata:4\n\n',
    events: [event('\0\n 2\n1\n3\n\n4')],
  },
  {
    file: 'format-field-retry-empty.any.js',
    title: 'a reconnection time that is empty does not hurt its event',
    stream: 'retry\ndata:test\n\n\n',
    events: [event('test')],
  },
  {
    file: 'format-field-unknown.any.js',
    title: 'unknown fields, and a field after a space, are ignored',
    stream: 'data:test\n data\ndata\nfoobar:xxx\njustsometext\n:thisisacommentyay\ndata:test\n\n\n',
    events: [event('test\n\ntest')],
  },
  {
    file: 'format-leading-space.any.js',
    title: 'one space after the colon is taken off, and no tab',
    stream: 'data:\ttest\rdata: \ndata:test\n\n\n',
    events: [event('\ttest\n\ntest')],
  },
  {
    file: 'format-newlines.any.js',
    title: 'CRLF, LF and CR may end the lines of one event',
    stream: 'data:test\r\ndata\ndata:test\r\n\r\n',
    events: [event('test\n\ntest')],
  },
  { file: 'format-null-character.any.js', title: 'a NUL is data', stream: 'data:\0\n\n\n\n\n', events: [event('\0')] },
]

describe.each(transports)('over $over', ({ over, transport }) => {
  const same = rows.filter(({ differs }) => over === 'fetch' || differs === undefined)

  test.each(same)('$file: $title', async ({ stream, events, cursor }) => {
    expect(await receive([stream], { transport })).toEqual({ events, cursor })
  })
})

describe.each(transports.filter(({ over }) => over === 'EventSource'))('over $over it cannot hold', ({ transport }) => {
  const others = rows.flatMap(({ file, stream, cursor, differs }) => (differs ? [{ file, stream, cursor, ...differs }] : []))

  test.each(others)('$file: $why', async ({ stream, events, cursor }) => {
    expect(await receive([stream], { transport })).toEqual({ events, cursor })
  })
})
