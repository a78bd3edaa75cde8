import { expect, test } from 'vitest'
import * as schema from './index.js'
import * as wire from './wire/index.js'

// A name that is added, renamed or gone shows up in review, as the promise to users that it is.

function namesOf(entry: object): string[] {
  return Object.keys(entry).sort((a, b) => (a < b ? -1 : 1))
}

test('@sse/schema', () => {
  expect(namesOf(schema)).toMatchInlineSnapshot(`
    [
      "FieldError",
      "InvalidJsonError",
      "NameError",
      "ParamError",
      "PatternError",
      "SchemaError",
      "SseError",
      "UnknownTypeError",
      "ValidationError",
      "base64Bytes",
      "bigintString",
      "channel",
      "decode",
      "defineContract",
      "defineEvents",
      "encode",
      "fromJson",
      "isEvents",
      "isText",
      "isoDate",
      "mapOf",
      "parseSubtree",
      "parseTopic",
      "setOf",
      "subtreeNameOf",
      "text",
      "urlString",
    ]
  `)
})

test('@sse/schema/wire', () => {
  expect(namesOf(wire)).toMatchInlineSnapshot(`
    [
      "MessageTooLargeError",
      "clientParam",
      "controlKey",
      "controlMessage",
      "createChain",
      "createReader",
      "encodeSegment",
      "endId",
      "eventStreamType",
      "format",
      "formatComment",
      "formatPosition",
      "fromHeaderValue",
      "lastEventIdHeader",
      "lastEventIdParam",
      "ownName",
      "parsePosition",
      "protocolVersion",
      "readControl",
      "reservedPrefix",
      "splitType",
      "streamHeaders",
      "subtreeOf",
      "toHeaderValue",
    ]
  `)
})

test('what is exported is defined', () => {
  for (const value of [...Object.values(schema), ...Object.values(wire)]) expect(value).toBeDefined()
})
