import { createParser } from 'eventsource-parser'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bytesOf, type Chunk, read } from '../testing/read.js'
import { parseByTheBook } from '../testing/reference-parser.js'
import type { Message } from './message.js'

// Bytes at random hardly ever make an event, so streams are made of pieces that mean something, and of what breaks them.
const piece = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('data: x\n', 'id: 1\r', 'id: 2\n\n', 'event: e\r\n', 'retry: 02000\n') },
  {
    weight: 6,
    arbitrary: fc.constantFrom('data', 'id', 'event', 'retry', 'data:', 'id:', 'event:', 'retry:', 'data: x', 'id: 1', 'event: e'),
  },
  { weight: 6, arbitrary: fc.constantFrom('\n', '\r', '\r\n', '\n\n', '\r\r', '\r\n\r\n') },
  { weight: 3, arbitrary: fc.constantFrom(':', ' ', '0', '15', '\0', '\t', '\uFEFF', 'ï»¿', 'ï', '€', '🥢', 'dat', 'Data:', ' data:') },
)
const text = piece.map(bytesOf)
const rawByte = fc.constantFrom(0x00, 0x0a, 0x0d, 0x3a, 0x80, 0xbb, 0xbf, 0xc3, 0xe2, 0xef, 0xf0, 0xff).map((byte) => Uint8Array.of(byte))
// The one place where a byte order mark counts, whole, cut off, or twice. Decoders differ in where they look for it.
const beginning = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  { weight: 2, arbitrary: fc.constantFrom<Chunk>('\uFEFF', '\uFEFF\uFEFF', Uint8Array.of(0xef, 0xbb), Uint8Array.of(0xef)) },
)
const stream = fc
  .tuple(
    beginning.map(bytesOf),
    fc.array(fc.oneof({ weight: 9, arbitrary: text }, { weight: 1, arbitrary: rawByte }), { maxLength: 60, size: 'max' }),
  )
  .map(([first, rest]) => Uint8Array.from([first, ...rest].flatMap((part) => [...part])))

/** Bytes in chunks of random sizes, empty ones among them. */
const chunked = fc.tuple(stream, fc.array(fc.nat({ max: 5 }), { minLength: 1 })).map(([bytes, sizes]) => {
  const chunks: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += chunks.at(-1)?.length ?? 0) {
    const size = sizes[chunks.length % sizes.length] ?? 0
    // Sizes that are all 0 would never come to an end.
    chunks.push(bytes.slice(at, at + (chunks.length < sizes.length ? size : size + 1)))
  }
  return { bytes, chunks }
})

/** The field's own parser, fed so that its search for a byte order mark, which would take data for one, is over. */
function parseByTheLibrary(bytes: Uint8Array): Message[] {
  const messages: Message[] = []
  const parser = createParser({
    onId: (id) => messages.push({ id }),
    onEvent: (event) => {
      // It tells an id just before the event that has it.
      if (event.id !== undefined) messages.pop()
      messages.push(event)
    },
    onRetry: (retry) => messages.push({ retry }),
  })
  parser.feed('\n')
  parser.feed(new TextDecoder().decode(bytes))
  return messages
}

describe('A20 for any bytes', () => {
  test('one chunk gives what the specification gives', () => {
    fc.assert(
      fc.property(stream, (bytes) => {
        expect(read(bytes)).toEqual(parseByTheBook(bytes))
      }),
      { numRuns: 5000 },
    )
  })

  test('any chunking gives the same', () => {
    fc.assert(
      fc.property(chunked, ({ bytes, chunks }) => {
        expect(read(...chunks)).toEqual(parseByTheBook(bytes))
      }),
      { numRuns: 5000 },
    )
  })

  test('eventsource-parser gives the same events, ids and retries', () => {
    fc.assert(
      fc.property(chunked, ({ bytes, chunks }) => {
        expect(read(...chunks)).toEqual(parseByTheLibrary(bytes))
      }),
      { numRuns: 5000 },
    )
  })

  test('bytes that mean nothing give the same too', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat({ max: 200 }), (bytes, at) => {
        expect(read(bytes.slice(0, at), bytes.slice(at))).toEqual(parseByTheBook(bytes))
      }),
    )
  })

  test('a prefix gives a prefix: no message is given before its time, and none is taken back', () => {
    fc.assert(
      fc.property(stream, fc.nat({ max: 100 }), (bytes, at) => {
        const early = read(bytes.slice(0, at))
        expect(read(bytes).slice(0, early.length)).toEqual(early)
      }),
      { numRuns: 2000 },
    )
  })
})

test('the streams of these properties hold events, or they would prove nothing', () => {
  const samples = fc.sample(stream, { numRuns: 500, seed: 1 })
  const messages = samples.flatMap((bytes) => parseByTheBook(bytes))
  expect(messages.filter(({ data }) => data !== undefined).length).toBeGreaterThan(100)
  expect(messages.filter(({ id }) => id !== undefined).length).toBeGreaterThan(20)
  expect(messages.filter(({ retry }) => retry !== undefined).length).toBeGreaterThan(20)
})
