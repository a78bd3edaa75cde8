import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { environment } from './environment.ts'
import { help, optionsOf } from './options.ts'
import { rowsOf, tableOf } from './report.ts'
import { fanOut } from './workloads/fan-out.ts'

const workloads = { 'fan-out': fanOut }

const options = optionsOf(process.argv.slice(2))
if (options === undefined) {
  process.stdout.write(help)
  process.exit(0)
}
/** pnpm runs this in its package; files are meant from where the command was given. */
const from = process.env['INIT_CWD'] ?? process.cwd()
const { workload: chosen, json, profile, ...rest } = options
const known = Object.entries(workloads).filter(([name]) => chosen === undefined || name === chosen)
if (known.length === 0) throw new Error(`There is no workload ${chosen}: only ${Object.keys(workloads).join(', ')}`)

const machine = environment()
const reports = []
for (const [workload, run] of known) {
  const results = await run({
    ...rest,
    profile: profile === undefined ? undefined : resolve(from, profile),
    onProgress: (what) => void process.stderr.write(`${workload}, ${what}\n`),
  })
  const rows = rowsOf(results)
  const { streams, rate, bytes, rounds } = rest
  const { node, cpu, cores, pinned } = machine
  process.stdout.write(
    `\n${workload}: ${streams} streams, ${rate} events/s of ${bytes} bytes, median of ${rounds} rounds (least–most)\n` +
      `Node ${node}, ${cores} × ${cpu}, ${pinned ? 'server and readers on a core each' : 'not pinned'}\n\n${tableOf(rows)}\n`,
  )
  reports.push({ workload, options: rest, rows, results })
}
if (json !== undefined) writeFileSync(resolve(from, json), `${JSON.stringify({ environment: machine, reports }, undefined, 2)}\n`)
