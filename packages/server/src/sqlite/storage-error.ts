import type { SseError } from '@sse/schema'
import {
  StorageBusyError,
  StorageDamagedError,
  StorageFailedError,
  StorageForeignError,
  StorageFullError,
  StoragePathError,
  StorageReadOnlyError,
  StorageReplacedError,
  StorageVersionError,
} from '../errors.ts'
import type { Failure, FailureKind } from './failure.ts'

const errors: Readonly<Record<FailureKind, new (path: string, problem: string) => SseError>> = {
  busy: StorageBusyError,
  full: StorageFullError,
  read_only: StorageReadOnlyError,
  foreign: StorageForeignError,
  version: StorageVersionError,
  path: StoragePathError,
  replaced: StorageReplacedError,
  damaged: StorageDamagedError,
  failed: StorageFailedError,
}

/** What the application is told of a failure: which file, what is wrong with it, and what to do. */
export function storageError({ kind, detail }: Failure, path: string): SseError {
  return new errors[kind](path, detail)
}
