import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { build, type Plugin } from 'esbuild'
import type { Rule } from './rules.ts'
import type { Counts } from './world.ts'

/** What a process says of the schedules since its last report. */
export interface Report {
  readonly schedules: number
  readonly counts: Counts
  readonly failures: readonly Failure[]
  readonly trace?: readonly string[] | undefined
}

/** A schedule in which the promise did not hold. Its seed runs it again, alone. */
export interface Failure {
  readonly seed: number
  readonly index: number
  readonly failure: string
}

export interface SimulationOptions {
  readonly seed: number
  readonly schedules: number
  /** A rule that is taken out of the shipped code first. */
  readonly without?: Rule | undefined
  /** After so many failures no more is run. Default 1. */
  readonly mostFailures?: number | undefined
  /** Whether each step is told. For few schedules. Default false. */
  readonly isTraced?: boolean | undefined
  /** Default: one for each core. */
  readonly processes?: number | undefined
  readonly onReport?: ((soFar: Simulated) => void) | undefined
}

/** What has been seen. */
export interface Simulated {
  readonly schedules: number
  readonly counts: Readonly<Record<string, number>>
  /** By index. */
  readonly failures: readonly Failure[]
  readonly trace: readonly string[]
}

const packages = join(import.meta.dirname, '../..')
const sources: Readonly<Record<string, string>> = {
  '@sse/client': join(packages, 'client/src/index.ts'),
  '@sse/schema': join(packages, 'schema/src/index.ts'),
  '@sse/schema/wire': join(packages, 'schema/src/wire/index.ts'),
}

/** Runs schedules over the sources of today, spread over processes. */
export async function simulate(options: SimulationOptions): Promise<Simulated> {
  const { seed, schedules, without, mostFailures = 1, isTraced = false, processes = availableParallelism(), onReport } = options
  const file = await bundled(without)
  let soFar: Simulated = { schedules: 0, counts: {}, failures: [], trace: [] }
  const add = (report: Report): void => {
    soFar = {
      schedules: soFar.schedules + report.schedules,
      counts: Object.fromEntries(Object.entries(report.counts).map(([name, count]) => [name, (soFar.counts[name] ?? 0) + count])),
      failures: [...soFar.failures, ...report.failures].sort((one, other) => one.index - other.index),
      trace: [...soFar.trace, ...(report.trace ?? [])],
    }
    onReport?.(soFar)
  }
  const runs = Array.from({ length: Math.min(processes, schedules) }, (_, from) =>
    run(file, [seed, from, schedules, processes, mostFailures, isTraced ? 'traced' : ''], add),
  )
  // Where one has failed, the others have nothing to add.
  const stop = async (): Promise<void> => {
    await Promise.race(runs.map(({ ended }) => ended))
    if (soFar.failures.length >= mostFailures) for (const { kill } of runs) kill()
  }
  await Promise.all([...runs.map(({ ended }) => ended), stop()])
  return soFar
}

/** One file with the simulation and the shipped code, as it is or without a rule. */
async function bundled(without: Rule | undefined): Promise<string> {
  const outfile = join(import.meta.dirname, `../.cache/simulation${without === undefined ? '' : `-without-${without.name}`}.mjs`)
  let isOut = without === undefined
  const shipped: Plugin = {
    name: 'shipped',
    setup: (bundle) => {
      bundle.onResolve({ filter: /^@sse\// }, ({ path }) => {
        const source = sources[path]
        return source === undefined ? undefined : { path: source }
      })
      if (without === undefined) return
      const { file, code, name } = without
      bundle.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        if (path !== join(packages, file)) return undefined
        const parts = (await readFile(path, 'utf8')).split(code)
        if (parts.length !== 2) throw new Error(`rule ${name}: its code stands ${parts.length - 1} times in ${file}, not once`)
        isOut = true
        return { contents: parts.join(without.without), loader: 'ts' }
      })
    },
  }
  await build({
    entryPoints: [join(import.meta.dirname, 'main.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'silent',
    plugins: [shipped],
  })
  if (!isOut) throw new Error(`rule ${without?.name}: the simulation does not use ${without?.file}`)
  return outfile
}

function run(
  file: string,
  args: readonly (string | number)[],
  onReport: (report: Report) => void,
): { readonly ended: Promise<void>; kill(): void } {
  const child = spawn(process.execPath, [file, ...args.map(String)], { stdio: ['ignore', 'pipe', 'inherit'] })
  createInterface({ input: child.stdout }).on('line', (line) => onReport(JSON.parse(line)))
  const ended = new Promise<void>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      if (code === 0 || signal === 'SIGTERM') resolve()
      else reject(new Error(`A process of the simulation ended by itself, with ${code ?? signal}`))
    })
  })
  return { ended, kill: () => void child.kill() }
}
