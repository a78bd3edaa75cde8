import { expect, test } from 'vitest'
import * as eventSource from './event-source.js'
import * as platform from './event-source.platform.js'
import * as client from './index.js'

// A name that is added, renamed or gone shows up in review, as the promise to users that it is.

function namesOf(entry: object): string[] {
  return Object.keys(entry).sort((a, b) => (a < b ? -1 : 1))
}

test('@sse/client', () => {
  expect(namesOf(client)).toMatchInlineSnapshot(`
    [
      "ConnectionError",
      "ContentTypeError",
      "GapError",
      "HandlerError",
      "HeadersError",
      "HttpStatusError",
      "InvalidJsonError",
      "MessageTooLargeError",
      "OptionError",
      "RefusedError",
      "SchemaError",
      "ServerError",
      "SilenceError",
      "SseError",
      "ValidationError",
      "buffered",
      "checkLinks",
      "createClient",
      "idleSnapshot",
      "subscribe",
      "webStorage",
    ]
  `)
})

test('@sse/client/event-source, the same in every environment', () => {
  expect(namesOf(eventSource)).toMatchInlineSnapshot(`
    [
      "eventSource",
    ]
  `)
  expect(namesOf(platform)).toEqual(namesOf(eventSource))
})

test('what is exported is defined', () => {
  for (const value of [...Object.values(client), ...Object.values(eventSource), ...Object.values(platform)]) expect(value).toBeDefined()
})
