import { parseArgs } from 'node:util'
import { rules } from './rules.ts'
import { type Simulated, simulate } from './run.ts'

const help = `
simulate [--seed N] [--schedules N]   runs schedules and checks the promise; numbers may be written as 1e6
         --trace                      tells each step; for a failure's own seed
         --failures N                 goes on until there are so many; 1 by default
         --without RULE               takes a rule of resume out of the shipped code first
         --rules                      takes out each rule in its turn, and tells when that was found
`

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    schedules: { type: 'string' },
    trace: { type: 'boolean', default: false },
    failures: { type: 'string', default: '1' },
    without: { type: 'string' },
    rules: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

function whole(name: string, text: string): number {
  const number = Number(text)
  if (Number.isSafeInteger(number) && number >= 0) return number
  throw new Error(`--${name} is ${text}: it takes a whole number`)
}

const say = (text: string): void => void process.stdout.write(`${text}\n`)
const seed = whole('seed', values.seed)
const schedules = whole('schedules', values.schedules ?? (values.trace ? '1' : '10000'))
const mostFailures = whole('failures', values.failures)

/** Those that were told already. */
const toldOf = new Set<number>()

/** Failures as they are found: a run of hours must not keep them to its end. */
function tellFailures({ failures }: Simulated): void {
  for (const { failure, seed: own, index } of failures) {
    if (toldOf.has(index)) continue
    toldOf.add(index)
    say(`${failure}\n  again: npx -y pnpm@12 simulate --seed ${own} --trace`)
  }
}

if (values.help) {
  say(help)
} else if (values.rules) {
  let isBlind = false
  for (const rule of rules) {
    const { failures } = await simulate({ seed, schedules, without: rule })
    const [first] = failures
    isBlind ||= first === undefined
    say(`| ${rule.name} | ${rule.rule} | ${first === undefined ? `not in ${schedules}` : first.index + 1} | ${first?.failure ?? ''} |`)
  }
  process.exitCode = isBlind ? 1 : 0
} else {
  const rule = rules.find(({ name }) => name === values.without)
  if (values.without !== undefined && rule === undefined) {
    throw new Error(`--without is ${values.without}: there are the rules ${rules.map(({ name }) => name).join(', ')}`)
  }
  let told = 0
  const done = await simulate({
    seed,
    schedules,
    without: rule,
    mostFailures,
    isTraced: values.trace,
    onReport: (soFar) => {
      if (!values.trace) tellFailures(soFar)
      if (values.trace || soFar.schedules < told) return
      told = soFar.schedules + schedules / 20
      say(`${soFar.schedules} of ${schedules} schedules, ${soFar.failures.length} failures`)
    },
  })
  for (const line of done.trace) say(line)
  tellFailures(done)
  say(
    `${done.schedules} schedules: ${Object.entries(done.counts)
      .map(([name, count]) => `${count} ${name}`)
      .join(', ')}`,
  )
  if (done.failures.length > 0) process.exitCode = 1
}
