import { type EventIn, OptionError } from '@sse/client'
import type { HookOptions, ListOptions } from './options.js'

/** How events become a state. Methods, for whoever reduces knows what state it is. */
export interface Reducing extends HookOptions {
  readonly initial: unknown
  reduce(state: unknown, event: EventIn<object>): unknown
}

const empty: readonly unknown[] = []

/**
 * A list as such a state: the last of what is selected.
 *
 * @throws OptionError for a limit below 1.
 */
export function lastOf({ limit = 100, select = (event) => event }: ListOptions<object, unknown>): Reducing {
  if (!(limit >= 1)) throw new OptionError(`limit: ${limit} is below 1`)
  return {
    initial: empty,
    reduce: (kept: readonly unknown[], event: EventIn<object>) => {
      const item = select(event)
      return item === undefined ? kept : [...kept, item].slice(-limit)
    },
  }
}
