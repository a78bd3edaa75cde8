export {
  BackplaneClosedError,
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
} from './errors.js'
export { type SqliteBackplaneOptions, sqliteBackplane } from './sqlite-backplane.js'
