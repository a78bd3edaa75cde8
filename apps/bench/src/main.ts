import { writeFileSync } from 'node:fs'
import { twoCores } from './cores.ts'
import { environment, inWords } from './environment.ts'
import { help, type Options, optionsOf } from './options.ts'
import { casesOf, doubtsOf, figuresTable, ratiosTable } from './report.ts'
import { fanOut } from './workloads/fan-out.ts'

const workloads = new Map([['fan-out', fanOut]])

try {
  const options = optionsOf(process.argv.slice(2))
  if (options === undefined) process.stdout.write(help)
  else await run(options)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}

async function run({ workload: chosen, json, ...options }: Options): Promise<void> {
  const names = chosen === undefined ? [...workloads.keys()] : [chosen]
  const cores = twoCores()
  const machine = environment(cores)
  const { streams, rate, bytes, seconds, rounds } = options
  process.stdout.write(`${inWords(machine)}\n`)
  const reports = []
  for (const name of names) {
    const workload = workloads.get(name)
    if (workload === undefined) throw new Error(`There is no workload ${name}: there are ${[...workloads.keys()].join(', ')}`)
    const measurements = await workload({ ...options, cores, onProgress: (what) => void process.stderr.write(`${name}, ${what}\n`) })
    const cases = casesOf(measurements)
    for (const { case: what, rows } of cases) {
      const title = `${name}, ${what}: ${streams} streams, ${rate} events/s of ${bytes} bytes for ${seconds} s, median (least–most) of ${rounds} rounds`
      const parts = [title, figuresTable(rows), ratiosTable(rows), ...doubtsOf(rows)]
      process.stdout.write(`\n${parts.filter((part) => part !== undefined).join('\n\n')}\n`)
    }
    reports.push({ workload: name, cases, measurements })
  }
  if (json === undefined) return
  const { contenders, profile: _, ...load } = options
  const asked = { ...load, servers: contenders.map(({ name }) => name) }
  writeFileSync(json, `${JSON.stringify({ environment: machine, options: asked, reports }, undefined, 2)}\n`)
}
