import { install, realNow } from './globals.js'
import { seedOf } from './random.js'
import { runSchedule } from './schedule.js'

install()
const [seed = '1', count = '1', trace] = process.argv.slice(2)
const started = realNow()
let failed = 0
const totals: Record<string, number> = {}
for (let i = 0; i < Number(count); i++) {
  const outcome = await runSchedule(seedOf(Number(seed), i), trace !== undefined)
  for (const [k, v] of Object.entries(outcome.counts)) totals[k] = (totals[k] ?? 0) + v
  if (trace) console.error(outcome.trace?.join('\n'))
  if (outcome.failure) {
    failed++
    if (failed < 40) console.error(outcome.seed, outcome.failure.slice(0, 300))
  }
}
console.error({ failed, ms: (realNow() - started) / Number(count), ...totals })
