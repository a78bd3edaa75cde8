import type { Contender } from '../contenders.ts'
import type { Cores } from '../cores.ts'
import { type Load, measure } from '../measure.ts'
import type { Measurement } from '../measurement.ts'

export interface FanOutOptions extends Omit<Load, 'batch'> {
  readonly contenders: readonly Contender[]
  /** Events of one flush. Each number is a case of its own. */
  readonly batches: readonly number[]
  readonly rounds: number
  readonly cores: Cores
  /** The directory of the servers' CPU profiles. Undefined: none are made. */
  readonly profile: string | undefined
  /** Told before each measurement. */
  readonly onProgress: (what: string) => void
}

/** One publish reaches many streams. The servers take turns, so that a slow minute of the machine hits all of them. */
export async function fanOut({
  contenders,
  batches,
  rounds,
  cores,
  profile: directory,
  onProgress,
  ...load
}: FanOutOptions): Promise<readonly Measurement[]> {
  const measurements: Measurement[] = []
  for (let round = 1; round <= rounds; round++) {
    for (const batch of batches) {
      for (const contender of turned(contenders, round - 1)) {
        const { name: server } = contender
        onProgress(`round ${round} of ${rounds}, ${batch} a flush: ${server}`)
        const profile = directory === undefined ? undefined : { directory, name: `${server}-${batch}-${round}` }
        const figures = await measure(contender, { ...load, batch }, { cores, profile }).catch((error: unknown) => {
          throw new Error(`${server}, ${batch} a flush: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
        })
        measurements.push({ server, case: `${batch} ${batch === 1 ? 'event' : 'events'} a flush`, round, figures })
      }
    }
  }
  return measurements
}

/** Another one begins in each round, so that none always follows the same. */
function turned<T>(items: readonly T[], by: number): readonly T[] {
  const first = by % items.length
  return [...items.slice(first), ...items.slice(0, first)]
}
