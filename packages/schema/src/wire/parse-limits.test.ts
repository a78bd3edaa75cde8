import { describe, expect, test } from 'vitest'
import { bytesOf, type Chunk, cut, read, readWithin } from '../testing/read.js'
import { createReader, MessageTooLargeError } from './parse.js'

const MB = 1024 * 1024
const unbounded = Number.MAX_SAFE_INTEGER

describe('large streams', () => {
  test('A17 an event of 5 MB in one chunk is intact', () => {
    const data = 'x'.repeat(5 * MB)
    expect(read(`data:${data}\n\n`)[0]?.data === data).toBe(true)
  })

  test('A17 an event of 10 MB in two chunks is intact', () => {
    const data = 'x'.repeat(10 * MB)
    expect(read(...cut(`data:${data}\n\n`, 5 * MB))[0]?.data === data).toBe(true)
  })

  // Quadratic work on a million lines takes hours, so the test's own time limit tells the two apart without a stopwatch.
  test.each([
    ['whole', unbounded],
    ['in chunks of 64 KB', 65_536],
    ['in chunks of 100 bytes', 100],
  ])('A18 a million data lines %s take linear time', (_, size) => {
    const [message] = readWithin(unbounded, cut(`${'data:x\n'.repeat(1_000_000)}\n`, size)).messages
    expect(message?.data?.length).toBe(2_000_000 - 1)
  })

  test('A18 one line in a hundred thousand chunks takes linear time', () => {
    const [message] = readWithin(unbounded, cut(`data:${'x'.repeat(10 * MB)}\n\n`, 100)).messages
    expect(message?.data?.length).toBe(10 * MB)
  })
})

describe('a bound on one message', () => {
  const limit = 100
  const tooLong = 'x'.repeat(limit + 1)

  const overflows: readonly (readonly [title: string, chunks: readonly Chunk[]])[] = [
    ['one line in one chunk', [`data:${tooLong}\n\n`]],
    ['one line in many chunks', cut(`data:${tooLong}\n\n`, 7)],
    ['many lines in one chunk', [`${'data:x\n'.repeat(limit)}\n`]],
    ['many lines in many chunks', cut(`${'data:x\n'.repeat(limit)}\n`, 7)],
    ['a line that never ends', cut(`data:${tooLong}`, 7)],
    ['an event that never ends', cut('data:x\n'.repeat(limit), 7)],
    ['a type that never ends', cut(`event:${tooLong}`, 7)],
    ['an id that never ends', cut(`id:${tooLong}`, 7)],
  ]

  test.each(overflows)('A17 %s passes it: a typed error that names the bound', (_, chunks) => {
    const { messages, errors } = readWithin(limit, chunks)
    expect(messages).toEqual([])
    expect(errors[0]).toBeInstanceOf(MessageTooLargeError)
    expect(errors[0]).toMatchObject({ code: 'message_too_large', limit, message: expect.stringContaining(`${limit} characters`) })
  })

  test.each([
    ['whole', unbounded],
    ['in chunks of 7 bytes', 7],
  ])('A17 what fits passes, however much of it there is: %s', (_, size) => {
    const { messages, errors } = readWithin(limit, cut(`data:${'x'.repeat(limit - 'data:'.length)}\n\n`.repeat(100), size))
    expect(errors).toEqual([])
    expect(messages).toHaveLength(100)
  })

  test('A17 comments and unknown fields are not held, so they may be of any length', () => {
    const { messages, errors } = readWithin(limit, cut(`:${tooLong}\nunknown:${tooLong}\n${tooLong}\ndata:1\n\n`, 7))
    expect(errors).toEqual([])
    expect(messages).toEqual([{ data: '1' }])
  })

  test.each(overflows)('A17 the messages before it are given: %s', (_, chunks) => {
    const [first = '', ...rest] = chunks.map((chunk) => (typeof chunk === 'string' ? chunk : new TextDecoder().decode(chunk)))
    expect(readWithin(limit, [`data:1\n\nid:7\n\n${first}`, ...rest]).messages).toEqual([{ data: '1' }, { id: '7' }])
  })

  test('A17 what came before it in the same chunk is given first, and the next call throws', () => {
    const reader = createReader(limit)
    expect(reader(bytesOf(`data:1\n\ndata:${tooLong}\n\n`))).toEqual([{ data: '1' }])
    expect(() => reader(new Uint8Array())).toThrow(MessageTooLargeError)
  })

  // A later id would move the position past an event that was never given, and a reconnect would not bring it back.
  test.each([
    ['an event', 'id:8\ndata:2\n\n'],
    ['an id', 'id:8\n\n'],
    ['a reconnection time', 'retry:5\n\n'],
  ])('A17 nothing after it is given: %s', (_, after) => {
    expect(readWithin(limit, [`id:7\ndata:${tooLong}\n\n${after}`]).messages).toEqual([])
    expect(readWithin(limit, [`id:7\ndata:${tooLong}\n\n`, after]).messages).toEqual([])
    expect(readWithin(limit, cut(`id:7\ndata:${tooLong}\n\n${after}`, 7)).messages).toEqual([])
  })

  test.each(overflows)('A17 every later chunk throws the same: %s', (_, chunks) => {
    const { errors } = readWithin(limit, [...chunks, '\n\ndata:2\n\n', 'data:3\n\n'])
    expect(errors.length).toBeGreaterThanOrEqual(2)
    for (const error of errors) expect(error).toBeInstanceOf(MessageTooLargeError)
  })
})
