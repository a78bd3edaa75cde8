import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FieldError } from '../errors.js'
import { read, wellFormed } from '../testing/read.js'
import { thrownBy } from '../testing/thrown.js'
import { format, formatComment } from './format.js'
import type { Message } from './message.js'

describe('60: the fields of a message', () => {
  test.each<[title: string, message: Message, text: string]>([
    ['all of them', { event: 'e', data: 'd', id: '1', retry: 5 }, 'event: e\ndata: d\nid: 1\nretry: 5\n\n'],
    ['data alone', { data: 'd' }, 'data: d\n\n'],
    ['an unset field is left out', { event: undefined, data: 'd', id: undefined, retry: undefined }, 'data: d\n\n'],
    ['an id alone', { id: '1' }, 'id: 1\n\n'],
    ['an empty id, which resets', { id: '' }, 'id: \n\n'],
    ['an empty type', { event: '', data: 'd' }, 'event: \ndata: d\n\n'],
    ['a reconnection time alone', { retry: 5 }, 'retry: 5\n\n'],
    ['a reconnection time of 0 is left out', { data: 'd', retry: 0 }, 'data: d\n\n'],
    ['nothing at all is no message', {}, ''],
    ['nothing but a reconnection time of 0 is no message', { retry: 0 }, ''],
  ])('%s', (_, message, text) => {
    expect(format(message)).toBe(text)
  })
})

describe('59: text goes out verbatim', () => {
  test.each([
    ['one line', 'a', 'data: a\n\n'],
    ['no line', '', 'data: \n\n'],
    ['leading spaces', '  a', 'data:   a\n\n'],
    ['what looks like a field', 'id: 7', 'data: id: 7\n\n'],
    ['several lines, as several fields', 'a\nb', 'data: a\ndata: b\n\n'],
    ['a line end at the end', 'a\n', 'data: a\ndata: \n\n'],
    ['a line end at the start', '\na', 'data: \ndata: a\n\n'],
  ])('%s', (_, data, text) => {
    expect(format({ data })).toBe(text)
    expect(read(text)).toEqual([{ data }])
  })
})

describe('50: what a field cannot carry', () => {
  const characters = [
    ['CR', '\r', 'holds a CR'],
    ['LF', '\n', 'holds a LF'],
    ['CRLF', '\r\n', 'holds a LF'],
    ['NUL', '\0', 'holds a NUL'],
  ] as const

  describe.each(['id', 'event'] as const)('%s', (field) => {
    test.each(characters)('with %s is rejected in words', (_, character, words) => {
      for (const value of [`a${character}b`, character, `a${character}`, `${character}b`]) {
        const error = thrownBy(() => format({ data: 'd', [field]: value }))
        expect(error).toBeInstanceOf(FieldError)
        expect(error).toMatchObject({ code: 'invalid_field', field, message: expect.stringContaining(`${field} ${words}`) })
      }
    })
  })

  test('a rejected message leaves nothing behind: the next one is whole', () => {
    expect(thrownBy(() => format({ event: 'a\nb', data: 'd' }))).toBeInstanceOf(FieldError)
    expect(format({ event: 'a', data: 'd' })).toBe('event: a\ndata: d\n\n')
  })

  test.each([
    ['LF', '\n'],
    ['CR', '\r'],
    ['CRLF', '\r\n'],
  ])('data is split on %s, and a reader gets LF', (_, lineEnd) => {
    const text = format({ data: ['a', 'b', '', 'c'].join(lineEnd) })
    expect(text).toBe('data: a\ndata: b\ndata: \ndata: c\n\n')
    expect(read(text)).toEqual([{ data: 'a\nb\n\nc' }])
  })

  test('a NUL in data is data', () => {
    expect(read(format({ data: 'a\0b' }))).toEqual([{ data: 'a\0b' }])
  })

  test.each([
    ['a lone surrogate', '\uD800'],
    ['U+2028', '\u2028'],
    ['U+2029', '\u2029'],
    ['U+0085', '\u0085'],
    ['a byte order mark', '\uFEFF'],
    ['a line end', 'a\r\nb\rc\nd'],
  ])('%s survives as JSON, on one line', (_, value) => {
    const text = format({ data: JSON.stringify(value) })
    expect(text.split('\n')).toHaveLength(3)
    expect(read(text).map(({ data }) => JSON.parse(data ?? ''))).toEqual([value])
  })
})

describe('51: a reconnection time is a whole number of milliseconds', () => {
  // Untyped callers exist, and a retry that is a string would be a way to inject.
  const untyped: readonly Message[] = ['"5"', '"5\\nid: 7"', 'null', 'true', '[5]', '{}'].map((retry) =>
    JSON.parse(`{"data":"d","retry":${retry}}`),
  )
  const numbers: readonly Message[] = [Number.NaN, Number.POSITIVE_INFINITY, -1, 1.5, 2 ** 53].map((retry) => ({ data: 'd', retry }))

  test.each([...untyped, ...numbers])('%j is rejected', (message) => {
    const error = thrownBy(() => format(message))
    expect(error).toBeInstanceOf(FieldError)
    expect(error).toMatchObject({ code: 'invalid_field', field: 'retry', message: expect.stringContaining('milliseconds') })
  })
})

describe('the published advisories', () => {
  const event = { event: 'e', data: 'x', id: '1' } as const

  test.each<[title: string, message: Message]>([
    ['h3 CVE-2026-33128: LF in an id', { ...event, id: '1\ndata: injected' }],
    ['h3 CVE-2026-33128: LF in a type', { ...event, event: 'e\ndata: injected\n\n' }],
    ['h3 CVE-2026-86252: CR in an id', { ...event, id: '1\rdata: injected' }],
    ['h3 CVE-2026-86252: CR in a type', { ...event, event: 'e\rdata: injected\r\r' }],
    ['hono CVE-2026-29085: CRLF in an id', { ...event, id: '1\r\nevent: injected' }],
    ['hono CVE-2026-29085: CR in a type', { ...event, event: 'e\rid: injected' }],
    ['@nestjs/core CVE-2026-35515: LF in a type', { ...event, event: 'e\nid: injected' }],
    ['@nestjs/core CVE-2026-35515: LF in an id', { ...event, id: '1\n\ndata: injected\n\n' }],
    ['sse-channel CVE-2026-44217: CR in an id', { ...event, id: '1\r\rdata: injected\r\r' }],
    ['sse-channel CVE-2026-44217: a retry that is text', JSON.parse('{"data":"x","retry":"1\\ndata: injected"}')],
    ['eventsource-encoder CVE-2026-44214: CRLF in a type', { ...event, event: 'e\r\n\r\ndata: injected' }],
  ])('%s is rejected', (_, message) => {
    expect(() => format(message)).toThrow(FieldError)
  })

  test.each([
    ['h3 CVE-2026-33128: LF', 'x\n\ndata: injected\n\n'],
    ['h3 CVE-2026-86252: CR', 'x\r\rdata: injected\r\r'],
    ['hono CVE-2026-29085: CRLF', 'x\r\n\r\nevent: injected\r\n'],
    ['@nestjs/core CVE-2026-35515: LF and a type', 'x\nevent: injected\nid: injected'],
    ['sse-channel CVE-2026-44217: CR and an id', 'x\rid: injected'],
    ['eventsource-encoder CVE-2026-44214: mixed', 'x\n\r\n\rretry: 1\r\r'],
  ])('%s in data stays data', (_, data) => {
    expect(read(format({ ...event, data }))).toEqual([{ ...event, data: data.replaceAll(/\r\n|\r/g, '\n') }])
  })

  test.each([
    ['LF', 'c\ndata: injected\n\n'],
    ['CR', 'c\rdata: injected\r\r'],
    ['CRLF', 'c\r\n\r\ndata: injected\r\n\r\n'],
  ])('sse-channel CVE-2026-44217: %s in a comment stays a comment', (_, text) => {
    expect(read(`${formatComment(text)}data: x\n\n`)).toEqual([{ data: 'x' }])
  })
})

test('a comment is one line for each line of its text', () => {
  expect(formatComment('a\nb\r\nc\rd')).toBe(':a\n:b\n:c\n:d\n\n')
  expect(formatComment('')).toBe(':\n\n')
})

/** Strings that try to break out. */
const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(
      fc.constantFrom('\n', '\r', '\r\n', '\0', ':', ' ', 'data: x', 'id: 1', 'event: e', 'retry: 5', '\uFEFF', '\u2028', '\uD800', 'a'),
    )
    .map((parts) => parts.join('')),
)

describe('for any strings', () => {
  test('a message is rejected, or arrives as exactly one message with the same fields', () => {
    const optional = fc.option(hostile, { nil: undefined })
    fc.assert(
      fc.property(optional, optional, hostile, (id, event, data) => {
        const message = { id, event, data }
        if (/[\r\n\0]/.test(`${id}${event}`)) {
          expect(thrownBy(() => format(message))).toBeInstanceOf(FieldError)
          return
        }
        // UTF-8 has no lone surrogates, the wire one line end, and an empty type is the default one.
        const arrived = {
          id: id && wellFormed(id),
          event: event ? wellFormed(event) : undefined,
          data: wellFormed(data).replaceAll(/\r\n|\r/g, '\n'),
        }
        expect(read(format(message))).toEqual([arrived])
      }),
      { numRuns: 2000 },
    )
  })

  test('messages after one another do not touch', () => {
    fc.assert(
      fc.property(fc.array(hostile), (datas) => {
        const arrived = read(datas.map((data) => format({ data })).join('')).map(({ data }) => data)
        expect(arrived).toEqual(datas.map((data) => wellFormed(data).replaceAll(/\r\n|\r/g, '\n')))
      }),
    )
  })

  test('a comment never yields a message, nor touches the next one', () => {
    fc.assert(
      fc.property(hostile, (comment) => {
        expect(read(`${formatComment(comment)}data: x\n\n`)).toEqual([{ data: 'x' }])
      }),
      { numRuns: 1000 },
    )
  })
})
