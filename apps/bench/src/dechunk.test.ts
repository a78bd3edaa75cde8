import { expect, test } from 'vitest'
import { dechunker } from './dechunk.ts'

const body = '5\r\nhello\r\n1a\r\n, this is of 26 characters\r\n2\r\n\r\n\r\n'
const data = 'hello, this is of 26 characters\r\n'

test.each([1, 2, 3, 4, 5, 7, 11, 100])('A chunked body gives its data, in pieces of %i', (size) => {
  const take = dechunker()
  let got = ''
  for (let at = 0; at < body.length; at += size) got += take(body.slice(at, at + size))
  expect(got).toBe(data)
})

test('What is no chunk is refused', () => {
  expect(() => dechunker()('hello\r\n')).toThrow('No chunk begins with "hello"')
})

test('The last chunk is told as the end', () => {
  expect(() => dechunker()('0\r\n\r\n')).toThrow('The server ended a stream')
})
