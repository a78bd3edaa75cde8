import { SseError } from '@sse/schema'
import { expect, test } from 'vitest'
import * as errors from './errors.js'
import {
  AlreadyFedError,
  AlreadyOpenError,
  ArgumentError,
  BackplaneClosedError,
  EventTooLargeError,
  ForeignTopicError,
  HeadersSentError,
  HubClosedError,
  HubStreamIdError,
  OptionError,
  OverflowError,
  ReaderError,
  StorageBusyError,
  StorageDamagedError,
  StorageFailedError,
  StorageForeignError,
  StorageFullError,
  StoragePathError,
  StorageReadOnlyError,
  StorageReplacedError,
  StorageUnavailableError,
  StorageVersionError,
  StreamEndedError,
  TopicEndedError,
} from './errors.js'

// Each message names the culprit, and what to do about it.
const cases: readonly (readonly [SseError, string, RegExp])[] = [
  [new StreamEndedError(), 'stream_ended', /this stream was ended.*send before end\(\) or close\(\)/],
  [new AlreadyOpenError(), 'already_open', /this response.*open one stream for each response/],
  [new HeadersSentError(), 'headers_sent', /headers.*open the stream before/],
  [new EventTooLargeError('a', 2, 1), 'event_too_large', /event "a" takes 2 bytes, over the limit of 1.*raise maxEventBytes/],
  [new OverflowError(1), 'outbox_overflow', /1 bytes were waiting.*Await send\(\)/],
  [new OptionError('retry', 'is -1'), 'invalid_option', /^option retry is -1$/],
  [new ArgumentError('event', 'is null'), 'invalid_argument', /^event is null$/],
  [new ReaderError('quota', 'Used up.'), 'quota', /^Used up\.$/],
  [new HubStreamIdError(), 'id_on_hub_stream', /event\.id.*leave it out/],
  [new AlreadyFedError(), 'already_subscribed', /this stream is subscribed already.*give all of them to one hub\.subscribe\(\)/],
  [new ForeignTopicError('a/1'), 'foreign_topic', /topic "a\/1".*make it with that contract/],
  [new TopicEndedError('a/1'), 'topic_ended', /topic "a\/1" has ended: publish before hub\.end\(\)/],
  [new HubClosedError(), 'hub_closed', /this hub was closed: close it after the last publish, or make another one/],
  [new BackplaneClosedError(), 'backplane_closed', /this backplane was closed: close it after the last publish/],
  [new StorageUnavailableError('Node v20.0.0'), 'storage_unavailable', /^Node v20\.0\.0 has no node:sqlite: take Node 22\.13 or later/],
  [new StorageBusyError('db', 'is locked'), 'storage_busy', /^db: is locked\..*raise lockTimeout/],
  [new StorageFullError('db', 'no room'), 'storage_full', /^db: no room\. Make room on the disk/],
  [new StorageReadOnlyError('db', 'read-only'), 'storage_read_only', /^db: read-only\. Let this process's user write/],
  [new StorageForeignError('db', 'no database'), 'storage_foreign', /^db: no database\. Give the backplane a path of its own/],
  [new StorageVersionError('db', 'version 9'), 'storage_version', /^db: version 9\. Use the release that made it/],
  [new StoragePathError('db', 'no such directory'), 'storage_path', /^db: no such directory\. Name a file in a directory that exists/],
  [new StorageReplacedError('db', 'was moved'), 'storage_replaced', /^db: was moved\. Stop all processes.*db-wal and db-shm/],
  [new StorageDamagedError('db', 'is damaged'), 'storage_damaged', /^db: is damaged\. Put a backup in its place/],
  [new StorageFailedError('db', 'failed'), 'storage_failed', /^db: failed$/],
]

test.each(cases)('%s is an SseError, and says by its code what it is, and by its message what to do', (error, code, message) => {
  expect(error).toBeInstanceOf(SseError)
  expect(error.code).toBe(code)
  expect(error.message).toMatch(message)
})

test('no two failures share a class, or a code', () => {
  expect(new Set(cases.map(([error]) => error.constructor)).size).toBe(Object.keys(errors).length)
  expect(new Set(cases.map(([error]) => error.code)).size).toBe(cases.length)
})

test('a reader is let go for good unless the application says otherwise', () => {
  expect(new ReaderError('quota', 'Used up.').retry).toBe(false)
  expect(new ReaderError('quota', 'Used up.', { retry: undefined }).retry).toBe(false)
  expect(new ReaderError('busy', 'Try again.', { retry: true }).retry).toBe(true)
})
