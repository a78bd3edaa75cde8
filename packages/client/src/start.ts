import { parsePosition } from '@sse/schema/wire'
import { OptionError } from './errors.js'

/**
 * Where a topic begins: empty for now, `last:n`, or after a position. The server would refuse a request with anything else, and all
 * topics with it.
 *
 * @throws OptionError
 */
export function checkStart(option: string, start: string, name: string): void {
  if (start && !parsePosition(start) && (name.endsWith('*') || !/^last:(?!0\d)\d{1,5}$/.test(start))) {
    throw new OptionError(`${option}: ${JSON.stringify(start)} is no position, now or a topic's last:n`)
  }
}

/** The earlier of two starts of one topic. The last few are asked for as such; who had more than them notices, and asks again. */
export function earlier(one: string, other: string): string {
  const [a, b] = [lastOf(one), lastOf(other)]
  if (a !== b) return a > b ? one : other
  const [x, y] = [parsePosition(one), parsePosition(other)]
  if (x && y) return x.epoch === y.epoch && y.at < x.at ? other : one
  return one || other
}

function lastOf(start: string): number {
  return start.startsWith('last:') ? +start.slice(5) : -1
}
