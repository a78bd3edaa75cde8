import { z } from 'zod'

/** What a test tells a hub's server to do, as the body of a POST to `/publish`, `/end`, `/disconnect` or `/clock`. */
export const command = z.object({
  /** By name. */
  topics: z.array(z.string()).default([]),
  /** Publish the numbers from here … */
  from: z.number().default(1),
  /** … to here to each topic … */
  to: z.number().default(0),
  /** … with so many milliseconds in between … */
  every: z.number().default(0),
  /** … and so many characters with each. */
  size: z.number().default(0),
  /** Whom to disconnect, whatever they read. */
  identity: z.string().optional(),
  /** By how many seconds the clock is to be ahead. */
  ahead: z.number().default(0),
})

/** As a test says it. */
export type Command = z.input<typeof command>

/** As the server has it. */
export type Told = z.output<typeof command>
