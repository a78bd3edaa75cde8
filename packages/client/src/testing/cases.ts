import type { Chunk } from './raw-server.js'
import type { Received } from './receive.js'

/** One connection's bytes, what must arrive of them, and the Last-Event-ID that the next connection must send. */
export interface Case {
  readonly title: string
  readonly stream: Chunk
  readonly events: readonly Received[]
  readonly cursor?: string | undefined
}

const event = (data: string, type = 'message', id = ''): Received => ({ type, data, id })

const comment2K = `:${'c'.repeat(2048)}\n`

const bytes = (...parts: readonly (string | number)[]): Uint8Array =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.of(part))))

/** The parts A and B of the conformance checklist that one connection shows. */
export const cases: readonly Case[] = [
  { title: 'A1 a space after the colon is taken off', stream: 'data: Hello\n\n', events: [event('Hello')] },
  { title: 'A1 no space is needed', stream: 'data:World\n\n', events: [event('World')] },
  { title: 'A1 only one space is taken off', stream: 'data:  x\n\n', events: [event(' x')] },
  { title: 'A2 a tab after the colon is data', stream: 'data:\ttest\rdata: \ndata:test\n\n', events: [event('\ttest\n\ntest')] },
  {
    title: 'A3 data without a colon is an empty line',
    stream: 'data\n\ndata\ndata\n\ndata:test\n\n',
    events: [event(''), event('\n'), event('test')],
  },
  { title: 'A3 data without a value is an empty event', stream: 'data:\n\n', events: [event('')] },
  { title: 'A4 a type counts for one event', stream: 'event: g\ndata:x\n\ndata:y\n\n', events: [event('x', 'g'), event('y')] },
  { title: 'A4 an empty type is the default one', stream: 'event: \ndata:d\n\n', events: [event('d')] },
  { title: 'A4 a type without data is nothing, and is forgotten', stream: 'event:g\n\ndata:x\n\n', events: [event('x')] },
  ...['event:e\nid:1\ndata:d', 'event:e\ndata:d\nid:1', 'id:1\nevent:e\ndata:d', 'id:1\ndata:d\nevent:e', 'data:d\nevent:e\nid:1'].map(
    (fields) => ({
      title: `A5 the order of fields does not matter: ${JSON.stringify(fields)}`,
      stream: `${fields}\n\n`,
      events: [event('d', 'e', '1')],
      cursor: '1',
    }),
  ),
  {
    title: 'A6 field names are literal',
    stream: 'Data:1\n data:x\nda-ta:\ndata_5\ndata\0:2\n\0data:4\nfoobar:x\njustsometext\n\n',
    events: [],
  },
  {
    title: 'A7 data among what only looks like it',
    stream: 'data:\0\ndata:  2\rData:1\ndata\0:2\ndata:1\r\0data:4\nda-ta:3\rdata_5\ndata:3\rdata:\r\n data:32\ndata:4\n\n',
    events: [event('\0\n 2\n1\n3\n\n4')],
  },
  { title: 'A8 the first colon ends the name', stream: 'data:a:b:c\n\n', events: [event('a:b:c')] },
  { title: 'A8 a NUL is data', stream: 'data:\0\n\n', events: [event('\0')] },
  { title: 'A9 a comment is no event', stream: ':c\n\n', events: [] },
  { title: 'A9 a long comment does not split an event', stream: `data:1\n${comment2K}:\n${comment2K}data:2\n\n`, events: [event('1\n2')] },
  { title: 'A9 a comment may look like a field', stream: 'data:1\r:data:fail\rdata:2\r\r', events: [event('1\n2')] },
  { title: 'A10 line ends may be mixed', stream: 'data:test\r\ndata\ndata:test\r\n\r', events: [event('test\n\ntest')] },
  {
    title: 'A14 blank lines beyond the first are no events',
    stream: 'data:1\n\n\n\ndata:2\n\n\n',
    events: [event('1'), event('2')],
  },
  { title: 'A14 a stream may begin with blank lines', stream: '\n\n\ndata:1\n\n', events: [event('1')] },
  { title: 'A15 one byte order mark at the start is taken off', stream: '\uFEFFdata:1\n\n', events: [event('1')] },
  {
    title: 'A15 a byte order mark after the start is part of a name',
    stream: 'data:1\n\n\uFEFFdata:2\n\ndata:3\n\n',
    events: [event('1'), event('3')],
  },
  { title: 'A15 a byte order mark in a value is data', stream: 'data:\uFEFF1\uFEFF\n\n', events: [event('\uFEFF1\uFEFF')] },
  { title: 'A15 a second byte order mark is part of a name', stream: '\uFEFF\uFEFFdata:1\n\ndata:2\n\n', events: [event('2')] },
  // U+00EF U+00BB U+00BF: what a byte order mark looks like in Latin-1. In UTF-8 it is text, and so part of the name.
  { title: 'A15 the text ï»¿ is no byte order mark', stream: 'ï»¿data:1\n\ndata:2\n\n', events: [event('2')] },
  { title: 'A16 text of several bytes a character', stream: 'data:€豆腐🥢\n\n', events: [event('€豆腐🥢')] },
  {
    title: 'A16 invalid UTF-8 becomes U+FFFD, and the stream goes on',
    stream: bytes('data:a', 0xff, 0xe2, 0x82, 'b\n\ndata:2\n\n'),
    events: [event('a\uFFFD\uFFFDb'), event('2')],
  },
  {
    title: 'A16 a line end inside a cut-off character still ends the line',
    stream: bytes('data:', 0xf0, 0x9f, '\n\ndata:2\n\n'),
    events: [event('\uFFFD'), event('2')],
  },
  {
    title: 'A18 a hundred events come in order',
    stream: Array.from({ length: 100 }, (_, n) => `data:${n}\n\n`).join(''),
    events: Array.from({ length: 100 }, (_, n) => event(String(n))),
  },
  { title: 'A19 an event before the blank line is discarded', stream: 'data:1\n\ndata:2\n', events: [event('1')] },
  { title: 'A19 so is its id', stream: 'data:1\n\nid:7\ndata:2\n', events: [event('1')] },
  {
    title: 'B21 an id stays until another',
    stream: 'id: abc\ndata:1\n\ndata:2\n\n',
    events: [event('1', 'message', 'abc'), event('2', 'message', 'abc')],
    cursor: 'abc',
  },
  {
    title: 'B21 an empty id resets it',
    stream: 'id: abc\ndata:1\n\nid:\ndata:2\n\n',
    events: [event('1', 'message', 'abc'), event('2')],
  },
  {
    title: 'B21 a bare id resets it',
    stream: 'id: abc\ndata:1\n\nid\ndata:2\n\n',
    events: [event('1', 'message', 'abc'), event('2')],
  },
  { title: 'B22 an id with a NUL is ignored', stream: 'id: a\0bc\ndata:1\n\n', events: [event('1')] },
  {
    title: 'B22 and leaves an earlier one in place',
    stream: 'id:a\ndata:1\n\nid:\0\ndata:2\n\n',
    events: [event('1', 'message', 'a'), event('2', 'message', 'a')],
    cursor: 'a',
  },
  {
    title: 'B23 an id may be any text',
    stream: 'id: …€🥢\ndata:1\n\n',
    events: [event('1', 'message', '…€🥢')],
    cursor: '…€🥢',
  },
  {
    title: 'B24 an id without data is the next event’s',
    stream: 'id:X\n\ndata:1\n\n',
    events: [event('1', 'message', 'X')],
    cursor: 'X',
  },
  { title: 'B24 an id without data moves the cursor, and is no event', stream: 'data:1\n\nid:X\n\n', events: [event('1')], cursor: 'X' },
  {
    title: 'B25 the id of a partial event is never sent',
    stream: 'id:1\ndata:1\n\nid:2\ndata:2\nevent:e\n',
    events: [event('1', 'message', '1')],
    cursor: '1',
  },
]
