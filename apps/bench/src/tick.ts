import { z } from 'zod'

/** The event of every workload: its number from 1 on, when it was sent, and a filling that follows from its number. */
export const tick = z.object({ n: z.number(), at: z.number(), text: z.string() })
export type Tick = z.infer<typeof tick>

/** In microseconds, by a clock that all processes of a machine share. */
export function now(): number {
  return Number(process.hrtime.bigint() / 1_000n)
}

/** An event of now whose JSON has so many bytes, where they are enough for all but the filling. */
export function tickOf(n: number, bytes: number): Tick {
  const bare = { n, at: now(), text: '' }
  return { ...bare, text: filling(n, bytes - JSON.stringify(bare).length) }
}

/** Reads the event of that number. Undefined: the text is another one, or not whole. */
export function readTick(json: string, n: number, bytes: number): Tick | undefined {
  const { data: read } = tick.safeParse(parsed(json))
  const isWhole = read?.n === n && read.text === filling(n, bytes - JSON.stringify({ ...read, text: '' }).length)
  return isWhole ? read : undefined
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

const alphabet = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .'

/** Begins elsewhere for each number, so that one event's filling is not taken for its neighbour's. */
function filling(n: number, length: number): string {
  const from = n % alphabet.length
  const end = from + Math.max(length, 0)
  return alphabet.repeat(Math.ceil(end / alphabet.length)).slice(from, end)
}
