import { describe, expect, test } from 'vitest'
import { cases } from './testing/cases.js'
import { cut, receive } from './testing/receive.js'

describe('over fetch, a stream that comes whole', () => {
  test.each(cases)('$title', async ({ stream, events, cursor }) => {
    expect(await receive([stream])).toEqual({ events, cursor })
  })
})

describe.each([1, 2, 3])('A11 over fetch, a stream in chunks of %i bytes', (size) => {
  test.each(cases)('$title', async ({ stream, events, cursor }) => {
    expect(await receive(cut(stream, size))).toEqual({ events, cursor })
  })
})

describe.each([
  ['LF', '\n'],
  ['CRLF', '\r\n'],
  ['CR', '\r'],
])('A11 over fetch, lines that end in %s', (_, lineEnd) => {
  const texts = cases.flatMap(({ stream, ...rest }) => (typeof stream === 'string' ? [{ stream, ...rest }] : []))

  test.each(texts)('$title', async ({ stream, events, cursor }) => {
    const same = stream.replaceAll(/\r\n|\r|\n/g, lineEnd)
    expect(await receive([same])).toEqual({ events, cursor })
    expect(await receive(cut(same, 1))).toEqual({ events, cursor })
    expect(await receive(cut(same, 2))).toEqual({ events, cursor })
  })
})
