import type { Sample } from '../../contract.js'

/** Two minutes at two samples a second, as many as the server keeps. */
const kept = 240
/** A longer silence than this between two samples, in milliseconds, is a hole and is shown as one. */
const hole = 1_600

/** A reader that resumes gets nothing twice, but a page of a server that was started again begins anew. */
export function addSample(samples: readonly Sample[], sample: Sample): readonly Sample[] {
  return [...samples.slice(-kept + 1), sample]
}

/** Times in seconds and a row for each reading, with null where samples are missing: a line must not bridge a hole. */
export function columnsOf(
  samples: readonly Sample[],
  ...readings: readonly ((sample: Sample) => number)[]
): [number[], ...(number | null)[][]] {
  const times: number[] = []
  const rows = readings.map((): (number | null)[] => [])
  let before = Number.POSITIVE_INFINITY
  for (const sample of samples) {
    const at = sample.at.getTime()
    if (at - before > hole) {
      times.push((before + at) / 2000)
      for (const row of rows) row.push(null)
    }
    before = at
    times.push(at / 1000)
    readings.forEach((read, index) => {
      rows[index]?.push(read(sample))
    })
  }
  return [times, ...rows]
}
