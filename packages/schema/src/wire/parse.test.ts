import { describe, expect, test } from 'vitest'
import { bytesOf, type Chunk, cut, read } from '../testing/read.js'
import type { Message } from './message.js'

// The numbers are those of the conformance checklist. Each stream is read whole, and then cut and with each line end.

type Case = readonly [title: string, stream: Chunk, messages: readonly Message[]]

const event = (data: string, rest: Message = {}): Message => ({ ...rest, data })

const comment2K = `:${'c'.repeat(2048)}\n`

const cases: readonly Case[] = [
  ['A1 a space after the colon is taken off', 'data: Hello\n\n', [event('Hello')]],
  ['A1 no space is needed', 'data:World\n\n', [event('World')]],
  ['A1 only one space is taken off', 'data:  x\n\n', [event(' x')]],
  ['A2 a tab after the colon is data', 'data:\ttest\rdata: \ndata:test\n\n', [event('\ttest\n\ntest')]],
  ['A3 data without a colon is an empty line', 'data\n\ndata\ndata\n\ndata:test\n\n', [event(''), event('\n'), event('test')]],
  ['A3 data without a value is an empty event', 'data:\n\n', [event('')]],
  ['A4 a type counts for one event', 'event: g\ndata:x\n\ndata:y\n\n', [event('x', { event: 'g' }), event('y')]],
  ['A4 an empty type is the default one', 'event: \ndata:d\n\n', [event('d')]],
  ['A4 the last type of an event wins', 'event: a\nevent: b\ndata:d\n\n', [event('d', { event: 'b' })]],
  ['A4 an empty type takes an earlier one back', 'event: a\nevent\ndata:d\n\n', [event('d')]],
  ['A4 a type without data is nothing, and is forgotten', 'event:g\n\ndata:x\n\n', [event('x')]],
  ['A6 field names are literal', 'Data:1\n data:x\nda-ta:\ndata_5\ndata\0:2\n\0data:4\nfoobar:x\njustsometext\n\n', []],
  [
    'A7 data among what only looks like it',
    'data:\0\ndata:  2\rData:1\ndata\0:2\ndata:1\r\0data:4\nda-ta:3\rdata_5\ndata:3\rdata:\r\n data:32\ndata:4\n\n',
    [event('\0\n 2\n1\n3\n\n4')],
  ],
  ['A8 the first colon ends the name', 'data:a:b:c\n\n', [event('a:b:c')]],
  ['A8 a NUL is data', 'data:\0\n\n', [event('\0')]],
  ['A9 a comment is no event', ':c\n\n', []],
  ['A9 a long comment does not split an event', `data:1\n${comment2K}:\n${comment2K}data:2\n\n`, [event('1\n2')]],
  ['A9 a comment may look like a field', 'data:1\r:data:fail\rdata:2\r\r', [event('1\n2')]],
  ['A10 line ends may be mixed', 'data:test\r\ndata\ndata:test\r\n\r', [event('test\n\ntest')]],
  ['A14 blank lines beyond the first are no events', 'data:1\n\n\n\ndata:2\n\n\n', [event('1'), event('2')]],
  ['A14 a stream may begin with blank lines', '\n\n\ndata:1\n\n', [event('1')]],
  ['A15 one byte order mark at the start is taken off', '\uFEFFdata:1\n\n', [event('1')]],
  ['A15 a second byte order mark is part of a name', '\uFEFF\uFEFFdata:1\n\ndata:2\n\n', [event('2')]],
  ['A15 a byte order mark after the start is part of a name', 'data:1\n\n\uFEFFdata:2\n\ndata:3\n\n', [event('1'), event('3')]],
  ['A15 a byte order mark in a value is data', 'data:\uFEFF1\uFEFF\n\n', [event('\uFEFF1\uFEFF')]],
  // U+00EF U+00BB U+00BF: what a byte order mark looks like in Latin-1. In UTF-8 it is text, and so part of the name.
  ['A15 the text ï»¿ is no byte order mark', 'ï»¿data:1\n\ndata:2\n\n', [event('2')]],
  ['A15 the text ï»¿ after a byte order mark is none', '\uFEFFï»¿data:1\n\ndata:2\n\n', [event('2')]],
  ['A16 text of several bytes a character', 'data:€豆腐🥢\n\n', [event('€豆腐🥢')]],
  [
    'A16 invalid UTF-8 becomes U+FFFD, and the stream goes on',
    Uint8Array.of(...bytesOf('data:a'), 0xff, 0xe2, 0x82, ...bytesOf('b\n\ndata:2\n\n')),
    [event('a\uFFFD\uFFFDb'), event('2')],
  ],
  [
    'A16 a line end inside a cut-off character still ends the line',
    Uint8Array.of(...bytesOf('data:'), 0xf0, 0x9f, ...bytesOf('\n\ndata:2\n\n')),
    [event('\uFFFD'), event('2')],
  ],
  [
    'A18 a hundred events come in order',
    Array.from({ length: 100 }, (_, n) => `data:${n}\n\n`).join(''),
    Array.from({ length: 100 }, (_, n) => event(String(n))),
  ],
  ['A19 an event before the blank line is not given', 'data:1\n\ndata:2\n', [event('1')]],
  ['A19 nor is its id', 'data:1\n\nid:7\ndata:2\n', [event('1')]],
  ['A19 nor is a line that has no end', 'data:1\n\nretry:5', [event('1')]],
  ['B21 an id is given with the event that sets it', 'id: abc\ndata:1\n\ndata:2\n\n', [event('1', { id: 'abc' }), event('2')]],
  ['B21 an empty id resets', 'id:\ndata:1\n\n', [event('1', { id: '' })]],
  ['B21 a bare id resets', 'id\ndata:1\n\n', [event('1', { id: '' })]],
  ['B21 the last id of an event wins', 'id:a\nid:b\ndata:1\n\n', [event('1', { id: 'b' })]],
  ['B22 an id with a NUL is ignored', 'id: a\0bc\ndata:1\n\n', [event('1')]],
  ['B22 and leaves an earlier one in place', 'id:a\nid:\0\ndata:1\n\n', [event('1', { id: 'a' })]],
  ['B24 an id without data moves the position and is no event', 'id:X\n\n', [{ id: 'X' }]],
  ['B24 also before an event that has none', 'id:X\n\ndata:1\n\n', [{ id: 'X' }, event('1')]],
  ['B24 also before an event that has its own', 'id:X\n\nid:Y\ndata:1\n\n', [{ id: 'X' }, event('1', { id: 'Y' })]],
  ['B24 also one after another', 'id:X\n\nid:Y\n\nid\n\n', [{ id: 'X' }, { id: 'Y' }, { id: '' }]],
  ['B24 also before a reconnection time', 'id:X\n\nretry:5\n\n', [{ id: 'X' }, { retry: 5 }]],
  ['B24 a type beside it changes nothing', 'id:X\nevent:e\n\ndata:1\n\n', [{ id: 'X' }, event('1')]],
  ['B25 the id of a partial event is not given', 'id:1\ndata:1\n\nid:2\ndata:2\nevent:e\n', [event('1', { id: '1' })]],
  ['B26 leading zeros are digits', 'retry:02000\n', [{ retry: 2000 }]],
  ['B26 a reconnection time counts at its own line', 'retry:5\ndata:1\n', [{ retry: 5 }]],
  ['B26 also inside an event', 'data:1\nid:7\nretry:5\n\n', [{ retry: 5 }, event('1', { id: '7' })]],
  ...['1000x', '-1', '1.5', '1e3', '+5', '', ' 5', '0x10', '٣', '5\0'].map(
    (value): Case => [`B26 retry ${JSON.stringify(value)} is ignored`, `retry: ${value}\n\ndata:1\n\n`, [event('1')]],
  ),
]

describe('a stream that comes whole', () => {
  test.each(cases)('%s', (_, stream, messages) => {
    expect(read(stream)).toEqual(messages)
  })
})

describe.each([1, 2, 3])('A11 a stream in chunks of %i bytes', (size) => {
  test.each(cases)('%s', (_, stream, messages) => {
    expect(read(...cut(stream, size))).toEqual(messages)
  })
})

describe.each([
  ['LF', '\n'],
  ['CRLF', '\r\n'],
  ['CR', '\r'],
])('A11 lines that end in %s', (_, lineEnd) => {
  const texts = cases.flatMap(([title, stream, messages]) => (typeof stream === 'string' ? [[title, stream, messages] as const] : []))

  test.each(texts)('%s', (_title, stream, messages) => {
    const same = stream.replaceAll(/\r\n|\r|\n/g, lineEnd)
    expect(read(same)).toEqual(messages)
    expect(read(...cut(same, 1))).toEqual(messages)
    expect(read(...cut(same, 2))).toEqual(messages)
  })
})

test.each([
  ['event:e\nid:1\ndata:d\n\n'],
  ['event:e\ndata:d\nid:1\n\n'],
  ['id:1\nevent:e\ndata:d\n\n'],
  ['id:1\ndata:d\nevent:e\n\n'],
  ['data:d\nevent:e\nid:1\n\n'],
  ['data:d\nid:1\nevent:e\n\n'],
])('A5 the order of fields does not matter: %j', (stream) => {
  expect(read(stream)).toEqual([{ id: '1', event: 'e', data: 'd' }])
})

test('A12 a blank line of CRs gives its event at once, and a late LF is swallowed', () => {
  expect(read('data: e\r\r')).toEqual([event('e')])
  expect(read('data: e\r\r', '\n')).toEqual([event('e')])
  expect(read('data: e\r\r', '\n', 'data: f\n', '\n')).toEqual([event('e'), event('f')])
})

test('A12 an id alone and a reconnection time come at once too', () => {
  expect(read('id: X\r\r')).toEqual([{ id: 'X' }])
  expect(read('retry: 5\r')).toEqual([{ retry: 5 }])
})

test('A13 a CRLF that is cut in two is one line end', () => {
  expect(read('data: Hello\r', '\ndata: World\r', '\n\r\ndata: OK\r', '\n', '\r', '\n')).toEqual([event('Hello\nWorld'), event('OK')])
})

test('A14 empty chunks have no effect', () => {
  const chunks = cut('\uFEFFid: 1\r\ndata: €\r\n\r\n', 1).flatMap((chunk) => ['', chunk, ''])
  expect(read(...chunks)).toEqual([event('€', { id: '1' })])
})

test.each([
  ['2+1', [Uint8Array.of(0xef, 0xbb), Uint8Array.of(0xbf)]],
  ['1+2', [Uint8Array.of(0xef), Uint8Array.of(0xbb, 0xbf)]],
  ['1+1+1', [Uint8Array.of(0xef), Uint8Array.of(0xbb), Uint8Array.of(0xbf)]],
])('A15 a byte order mark cut %s is taken off', (_, mark) => {
  expect(read(...mark, 'data:1\n\n')).toEqual([event('1')])
})

// Node's own decoder takes off both where a chunk ends inside the first.
test.each([1, 2, 3, 4, 5])('A15 of two byte order marks only the first is taken off, cut after %i bytes', (at) => {
  const stream = bytesOf('\uFEFF\uFEFFdata:1\n\ndata:2\n\n')
  expect(read(stream.slice(0, at), stream.slice(at))).toEqual([event('2')])
})

test('A15 each connection has its own byte order mark', () => {
  const stream = '\uFEFFdata:1\n\n'
  expect([...read(stream), ...read(stream)]).toEqual([event('1'), event('1')])
})
