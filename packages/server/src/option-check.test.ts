import { describe, expect, test } from 'vitest'
import { checkOptions, suggestion } from './option-check.js'

const kinds = { retry: 'number', onError: 'function', outbox: 'object', presence: 'boolean', path: 'string', from: 'anything' } as const

describe('options that are known, each of its type, pass', () => {
  test.each<[string, object]>([
    ['none', {}],
    ['all', { retry: 5, onError: () => {}, outbox: {}, presence: false, path: '', from: null }],
    ['what is undefined, for it is not there', { retry: undefined, unknown: undefined }],
  ])('%s', (_, options) => {
    expect(() => checkOptions(options, kinds)).not.toThrow()
  })
})

describe('the option that is wrong is named, with what it is and what it takes', () => {
  test.each<[string, object, string]>([
    ['retry', { retry: '5' }, 'is "5": it takes a number'],
    ['onError', { onError: true }, 'is true: it takes a function'],
    ['outbox', { outbox: [] }, 'is a list: it takes an object'],
    ['outbox', { outbox: null }, 'is null: it takes an object'],
    ['presence', { presence: 1 }, 'is 1: it takes true or false'],
    ['path', { path: { secret: 1 } }, 'is an object: it takes a string'],
    ['retyr', { retyr: 5 }, 'is unknown: did you mean retry?'],
    ['toString', { toString: 5 }, 'is unknown: there are retry, onError, outbox, presence, path, from'],
  ])('%s', (option, options, problem) => {
    expect(() => checkOptions(options, kinds)).toThrow(expect.objectContaining({ option, message: `option ${option} ${problem}` }))
    const nested = expect.objectContaining({ option: `a.b.${option}`, message: `option a.b.${option} ${problem}` })
    expect(() => checkOptions(options, kinds, 'a.b')).toThrow(nested)
  })
})

test.each([null, undefined, 5, 'text', [], () => {}])('what holds no options is told: %s', (options) => {
  expect(() => checkOptions(options, { retry: 'number' })).toThrow(/^options is .*: it takes \{ retry \}$/)
  expect(() => checkOptions(options, { retry: 'number' }, 'outbox')).toThrow(/^option outbox is .*: it takes \{ retry \}$/)
})

test('a long text is not shown to its end', () => {
  expect(() => checkOptions({ retry: 'x'.repeat(1_000) }, kinds)).toThrow(/^option retry is "x{60}…": it takes a number$/)
})

test('what is nearest is suggested: a slip of the pen, else what begins alike, else all', () => {
  expect(suggestion('maxByte', ['maxBytes', 'maxFrames', 'maxAge'])).toBe('did you mean maxBytes?')
  expect(suggestion('perIP', ['streams', 'perIdentity', 'perAddress'])).toBe('did you mean perIdentity or perAddress?')
  expect(suggestion('RETRY', ['retry', 'headers'])).toBe('did you mean retry?')
  expect(suggestion('minutes', ['events', 'seconds', 'bytes'])).toBe('there are events, seconds, bytes')
})
