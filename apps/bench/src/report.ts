import { yardstick } from './contenders.ts'
import type { Figures, Measurement } from './measurement.ts'
import { type Spread, spreadOf } from './statistics.ts'

/** One server in one case, over all rounds. */
export interface Row {
  readonly server: string
  readonly figures: Readonly<Record<keyof Figures, Spread>>
  /**
   * Its figures over the yardstick's of the same round, for which the machine was as slow or as fast. Undefined: that was not
   * measured.
   */
  readonly ratios: Readonly<Record<keyof Figures, Spread>> | undefined
}

export interface Case {
  readonly case: string
  readonly rows: readonly Row[]
}

/** By case, in the order in which cases and servers came first. */
export function casesOf(measurements: readonly Measurement[]): readonly Case[] {
  return [...Map.groupBy(measurements, (one) => one.case)].map(([name, ofCase]) => {
    const measures = new Map(ofCase.filter(({ server }) => server === yardstick).map(({ round, figures }) => [round, figures]))
    const rows = [...Map.groupBy(ofCase, ({ server }) => server)].map(([server, rounds]) => {
      const pairs = rounds.flatMap(({ round, figures }) => {
        const measure = measures.get(round)
        return measure === undefined ? [] : [{ figures, measure }]
      })
      return {
        server,
        figures: eachFigure((key) => spreadOf(rounds.map(({ figures }) => figures[key]))),
        ratios:
          pairs.length === 0 ? undefined : eachFigure((key) => spreadOf(pairs.map(({ figures, measure }) => figures[key] / measure[key]))),
      }
    })
    return { case: name, rows }
  })
}

function eachFigure(spread: (key: keyof Figures) => Spread): Readonly<Record<keyof Figures, Spread>> {
  return {
    deliveries: spread('deliveries'),
    cpu: spread('cpu'),
    user: spread('user'),
    system: spread('system'),
    p50: spread('p50'),
    p99: spread('p99'),
    p999: spread('p999'),
    rss: spread('rss'),
    heap: spread('heap'),
    bytes: spread('bytes'),
    serverLoad: spread('serverLoad'),
    readersLoad: spread('readersLoad'),
  }
}

/** The figures of one case as Markdown, fit for a terminal too. */
export function figuresTable(rows: readonly Row[]): string {
  return markdown(
    ['server', 'CPU µs', 'user', 'system', 'p50 ms', 'p99 ms', 'p99.9 ms', 'RSS KiB', 'heap KiB', 'bytes'],
    rows.map(({ server, figures: { cpu, user, system, p50, p99, p999, rss, heap, bytes } }) => [
      server,
      spreadText(cpu, 1),
      spreadText(user, 1),
      spreadText(system, 1),
      spreadText(p50, 1),
      spreadText(p99, 1),
      spreadText(p999, 1),
      spreadText(rss, 1, 1 / 1_024),
      spreadText(heap, 1, 1 / 1_024),
      bytes.median.toFixed(0),
    ]),
  )
}

/** How often the yardstick's figure each one is. Undefined: the yardstick was not measured. */
export function ratiosTable(rows: readonly Row[]): string | undefined {
  const lines = rows.flatMap(({ server, ratios }) => {
    if (ratios === undefined) return []
    const { cpu, p50, p99, p999, rss } = ratios
    return [[server, ...[cpu, p50, p99, p999, rss].map((ratio) => spreadText(ratio, 2))]]
  })
  return lines.length === 0 ? undefined : markdown([`× ${yardstick}`, 'CPU', 'p50', 'p99', 'p99.9', 'RSS'], lines)
}

/** From here on a process could hardly keep up. */
const full = 0.9

/** What makes a case's figures doubtful, each in a sentence. */
export function doubtsOf(rows: readonly Row[]): readonly string[] {
  return rows.flatMap(({ server, figures: { serverLoad, readersLoad } }) => [
    ...(serverLoad.most < full
      ? []
      : [`${server}: the server's core was full (${percent(serverLoad.most)}); its latencies say how long the queue was.`]),
    ...(readersLoad.most < full ? [] : [`${server}: the readers' core was full (${percent(readersLoad.most)}); its latencies are theirs.`]),
  ])
}

function percent(part: number): string {
  return `${(part * 100).toFixed(0)} %`
}

/** Median, least and most. */
function spreadText({ median, least, most }: Spread, digits: number, factor = 1): string {
  const text = (value: number): string => (value * factor).toFixed(digits)
  return `${text(median)} (${text(least)}–${text(most)})`
}

function markdown(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...lines.map((line) => line[column]?.length ?? 0)))
  const row = (cells: readonly string[]): string => `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  return [row(head), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...lines.map(row)].join('\n')
}
