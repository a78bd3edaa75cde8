import type { Peer } from './servers/peers.ts'
import { type Spread, spreadOf } from './statistics.ts'
import type { FanOutResult } from './workloads/fan-out.ts'

/** One server and one batch, over all rounds. */
export interface Row {
  readonly server: Peer
  readonly batch: number
  /** CPU microseconds for each delivery. */
  readonly cpu: Spread
  readonly user: Spread
  readonly system: Spread
  readonly load: Spread
  /** In milliseconds. */
  readonly p50: Spread
  readonly p99: Spread
  /** In bytes. */
  readonly rss: Spread
  /** Ours over this one's CPU, by round: within a round the machine was the same for both. Not there where ours was not measured. */
  readonly ratio?: Spread
}

export function rowsOf(results: readonly FanOutResult[]): readonly Row[] {
  const cases = new Map<string, FanOutResult[]>()
  for (const result of results) {
    const key = `${result.batch} ${result.server}`
    cases.set(key, [...(cases.get(key) ?? []), result])
  }
  return [...cases.values()].flatMap((rounds) => {
    const [first] = rounds
    if (first === undefined) return []
    const { server, batch } = first
    const spread = (figure: (result: FanOutResult) => number): Spread => spreadOf(rounds.map(figure))
    const ratios = rounds.flatMap((theirs) => {
      const ours = results.find((one) => one.server === 'ours' && one.batch === batch && one.round === theirs.round)
      return ours === undefined ? [] : [cpuOf(ours) / cpuOf(theirs)]
    })
    return {
      server,
      batch,
      cpu: spread(cpuOf),
      user: spread(({ user }) => user),
      system: spread(({ system }) => system),
      load: spread(({ load }) => load),
      p50: spread(({ p50 }) => p50),
      p99: spread(({ p99 }) => p99),
      rss: spread(({ rss }) => rss),
      ...(ratios.length === rounds.length && { ratio: spreadOf(ratios) }),
    }
  })
}

/** The figures as a Markdown table, fit for a terminal too. */
export function tableOf(rows: readonly Row[]): string {
  const head = ['events a flush', 'server', 'CPU µs', 'of it user', 'system', 'p50 ms', 'p99 ms', 'core', 'RSS a stream', 'ours / it']
  const lines = rows.map(({ server, batch, cpu, user, system, p50, p99, load, rss, ratio }) => [
    String(batch),
    server,
    `${cpu.median.toFixed(2)} (${cpu.least.toFixed(2)}–${cpu.most.toFixed(2)})`,
    user.median.toFixed(2),
    system.median.toFixed(2),
    p50.median.toFixed(1),
    p99.median.toFixed(1),
    `${(load.median * 100).toFixed(0)} %`,
    `${(rss.median / 1024).toFixed(1)} KiB`,
    ratio === undefined ? '' : ratio.median.toFixed(2),
  ])
  const widths = head.map((title, column) => Math.max(title.length, ...lines.map((line) => line[column]?.length ?? 0)))
  const row = (cells: readonly string[]): string => `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  return [row(head), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...lines.map(row)].join('\n')
}

function cpuOf({ user, system }: FanOutResult): number {
  return user + system
}
