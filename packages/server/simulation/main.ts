import { install, realImmediate, realNow } from './globals.js'
import { seedOf } from './random.js'
import type { Report } from './run.ts'
import { runSchedule } from './schedule.js'
import { newCounts } from './world.js'

// The process that runs schedules of a seed: from an index on, each so-manieth, so that several processes share them.

/** How often it says how far it is, in milliseconds. */
const reportInterval = 1_000

const [seed = 1, from = 0, end = 1, step = 1, mostFailures = 1] = process.argv.slice(2, 7).map(Number)
const isTraced = process.argv[7] === 'traced'

install()

let counts = newCounts()
let failures: { seed: number; index: number; failure: string }[] = []
let schedules = 0
let failed = 0
let reported = realNow()

/** Says what happened since the last time. Resolves when it is on its way. */
function report(trace?: readonly string[]): Promise<void> {
  const said: Report = { schedules, counts, failures, trace }
  counts = newCounts()
  failures = []
  schedules = 0
  reported = realNow()
  return new Promise((resolve) => process.stdout.write(`${JSON.stringify(said)}\n`, () => resolve()))
}

for (let index = from; index < end && failed < mostFailures; index += step) {
  const outcome = await runSchedule(seedOf(seed, index), isTraced)
  schedules++
  for (const name of Object.keys(newCounts()) as (keyof typeof counts)[]) counts[name] += outcome.counts[name]
  if (outcome.failure !== undefined) {
    failed++
    failures.push({ seed: outcome.seed, index, failure: outcome.failure })
  }
  if (isTraced || realNow() - reported > reportInterval) await report(outcome.trace)
  // Whoever stops it must be heard.
  if (schedules % 100 === 0) await new Promise<void>((resolve) => realImmediate(resolve))
}
await report()
