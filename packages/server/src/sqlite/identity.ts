import { statSync } from 'node:fs'

/**
 * Tells a file from its copies. An inode's number is given to the next file once it is free, so the time of birth goes with
 * it. The device's number stands in only where the file system knows no birth: it may change whenever a disk is mounted.
 */
export function identityOf(path: string): string {
  const { ino, dev, birthtimeNs } = statSync(path, { bigint: true })
  return birthtimeNs > 0n ? `${ino}/born ${birthtimeNs}` : `${ino}/on ${dev}`
}

/** Whether the path still leads to that file. A file that was moved away can be written to, and nobody would find it again. */
export function isAt(path: string, identity: string): boolean {
  try {
    return identityOf(path) === identity
  } catch {
    return false
  }
}
