import { SseError } from '@sse/schema'
import { expect, test } from 'vitest'
import {
  AlreadyOpenError,
  ArgumentError,
  EventTooLargeError,
  HeadersSentError,
  OptionError,
  OverflowError,
  ReaderError,
  StreamEndedError,
} from './errors.js'

test.each([
  [new StreamEndedError(), 'stream_ended'],
  [new AlreadyOpenError(), 'already_open'],
  [new HeadersSentError(), 'headers_sent'],
  [new EventTooLargeError('a', 2, 1), 'event_too_large'],
  [new OverflowError(1), 'outbox_overflow'],
  [new OptionError('retry', 'is -1'), 'invalid_option'],
  [new ArgumentError('event', 'is null'), 'invalid_argument'],
  [new ReaderError('quota', 'Used up.'), 'quota'],
])('%s is an SseError, and says by its code what it is', (error, code) => {
  expect(error).toBeInstanceOf(SseError)
  expect(error.code).toBe(code)
  expect(error.message).not.toBe('')
})

test('a reader is let go for good unless the application says otherwise', () => {
  expect(new ReaderError('quota', 'Used up.').retry).toBe(false)
  expect(new ReaderError('quota', 'Used up.', { retry: undefined }).retry).toBe(false)
  expect(new ReaderError('busy', 'Try again.', { retry: true }).retry).toBe(true)
})
