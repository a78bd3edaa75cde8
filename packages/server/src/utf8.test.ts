import fc from 'fast-check'
import { expect, test } from 'vitest'
import { utf8Length } from './utf8.js'

test.each([
  ['', 0],
  ['a\0\x7f', 3],
  ['é\u07ff', 4],
  ['\u0800豆\uffff', 9],
  ['🥢', 4],
  ['\ud800', 3],
  ['\udc00', 3],
  ['\udc00\ud800', 6],
  ['\ud800\ud800\udc00', 7],
  ['\ud800a', 4],
])('%j takes %i bytes', (text, bytes) => {
  expect(utf8Length(text)).toBe(bytes)
})

test('property: it is what the platform says, lone surrogates included', () => {
  const unit = fc
    .oneof(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 0xd7ff, max: 0xe000 }))
    .map((code) => String.fromCharCode(code))
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit }), fc.string({ unit: 'binary' })), (text) => {
      expect(utf8Length(text)).toBe(Buffer.byteLength(text))
    }),
  )
})
