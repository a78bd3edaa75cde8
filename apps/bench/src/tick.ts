import { z } from 'zod'

/** The event of every workload: its number, when it was sent, and a filling that follows from its number. */
export const tick = z.object({ n: z.number(), at: z.number(), text: z.string() })
export type Tick = z.infer<typeof tick>

/** In microseconds, by a clock that all processes of a machine share. */
export function now(): number {
  return Number(process.hrtime.bigint() / 1_000n)
}

/** An event whose JSON is so many bytes long. */
export function tickOf(n: number, bytes: number): Tick {
  const bare = { n, at: now(), text: '' }
  return { ...bare, text: filling(n, bytes - JSON.stringify(bare).length) }
}

/** Whether a text is the event of that number, whole. Undefined: it is not. */
export function readTick(json: string, n: number, bytes: number): Tick | undefined {
  const { data: read } = tick.safeParse(JSON.parse(json))
  return read?.n === n && json.length === bytes && read.text === filling(n, read.text.length) ? read : undefined
}

const alphabet = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .'

/** Begins elsewhere for each number, so that one event's filling cannot pass for another's. */
function filling(n: number, length: number): string {
  const from = n % alphabet.length
  return alphabet.repeat(Math.ceil((from + Math.max(length, 0)) / alphabet.length)).slice(from, from + Math.max(length, 0))
}
