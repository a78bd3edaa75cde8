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

/** Whether a connection that begins there brings a reader what it is to begin with: the same, or more that is known by its position. */
export function fits(asked: string, start: string): boolean {
  const [from, own] = [parsePosition(asked), parsePosition(start)]
  return asked === start || (!!from && from.epoch === own?.epoch && from.at <= own.at)
}
