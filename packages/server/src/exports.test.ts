import { expect, test } from 'vitest'
import * as conformance from './backplane-conformance.js'
import * as index from './index.js'
import * as node from './node.js'
import * as sqlite from './sqlite.js'

// What is exported can be relied on: a change of this list is a change of the public surface.

const namesOf = (module: object): string[] => Object.keys(module).sort((a, b) => a.localeCompare(b))

test('@sse/server', () => {
  expect(namesOf(index)).toMatchInlineSnapshot(`
    [
      "AlreadyFedError",
      "AlreadyOpenError",
      "ArgumentError",
      "BackplaneClosedError",
      "createHub",
      "EventTooLargeError",
      "fetchHandler",
      "ForeignTopicError",
      "HeadersSentError",
      "HubClosedError",
      "HubStreamIdError",
      "memoryBackplane",
      "openStream",
      "OptionError",
      "OverflowError",
      "ReaderError",
      "respond",
      "StreamEndedError",
      "TopicEndedError",
    ]
  `)
})

test('@sse/server/node exports the same, for the other kind of request, and options for its server', () => {
  const others = ['fetchHandler', 'nodeHandler', 'serverOptions']
  const shared = (names: readonly string[]): readonly string[] => names.filter((name) => !others.includes(name))
  expect(shared(namesOf(node))).toEqual(shared(namesOf(index)))
  expect(others.map((name) => [namesOf(index).includes(name), namesOf(node).includes(name)])).toEqual([
    [true, false],
    [false, true],
    [false, true],
  ])
})

test('@sse/server/sqlite', () => {
  expect(namesOf(sqlite)).toMatchInlineSnapshot(`
    [
      "BackplaneClosedError",
      "sqliteBackplane",
      "StorageBusyError",
      "StorageDamagedError",
      "StorageFailedError",
      "StorageForeignError",
      "StorageFullError",
      "StoragePathError",
      "StorageReadOnlyError",
      "StorageReplacedError",
      "StorageUnavailableError",
      "StorageVersionError",
    ]
  `)
})

test('@sse/server/backplane-conformance', () => {
  expect(namesOf(conformance)).toMatchInlineSnapshot(`
    [
      "backplaneConformance",
      "ConformanceError",
    ]
  `)
})
