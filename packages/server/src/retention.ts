import { OptionError } from './errors.js'
import { checkOptions, type Kinds } from './option-check.js'

/** How much of a topic is kept for readers that come back: whatever is over any of these bounds goes, oldest first. */
export interface Retention {
  /** How many events. Default 1,000. 0: none, and every reader that comes back after an event is told a gap. */
  readonly events?: number | undefined
  /** For how long. Default 3,600. */
  readonly seconds?: number | undefined
  /** UTF-8 bytes of types and data together. Default 4,194,304. An event that is larger alone is not kept. */
  readonly bytes?: number | undefined
}

/** A retention with all its bounds, checked. */
export interface Bounds {
  readonly events: number
  readonly milliseconds: number
  readonly bytes: number
}

const kinds: Kinds<Retention> = { events: 'number', seconds: 'number', bytes: 'number' }

/**
 * The bounds that an application has written.
 *
 * @throws OptionError naming what makes no sense.
 */
export function checkedBounds(retain: Retention | undefined, option = 'retain'): Bounds {
  if (retain !== undefined) checkOptions(retain, kinds, option)
  return boundsOf(retain, option)
}

/** @throws OptionError naming the bound that makes no sense. */
export function boundsOf(retain: Retention = {}, option = 'retain'): Bounds {
  return {
    events: bound(`${option}.events`, retain.events ?? 1_000),
    milliseconds: bound(`${option}.seconds`, retain.seconds ?? 3_600) * 1_000,
    bytes: bound(`${option}.bytes`, retain.bytes ?? 4_194_304),
  }
}

function bound(option: string, value: unknown): number {
  if (typeof value === 'number' && value >= 0) return value
  throw new OptionError(option, `is ${value}: it takes a number from 0 on, or Infinity for no bound`)
}
