import { expect, test } from 'vitest'
import { type Contender, contenders } from '../contenders.ts'
import type { Measurement } from '../measurement.ts'
import { fanOut } from './fan-out.ts'

/** Little of everything, and no more load than any machine takes: these tests look at no time. */
const short = { streams: 10, batches: [3], rate: 300, bytes: 120, seconds: 0.1, rounds: 1, profile: undefined }
/** Other tests run beside these. */
const cores = { server: undefined, readers: undefined }

function run(contender: Contender): Promise<readonly Measurement[]> {
  return fanOut({ ...short, cores, contenders: [contender], onProgress: () => {} })
}

test.each([...contenders.values()].map((contender) => [contender.name, contender] as const))(
  'Every stream of %s gets every event, once, in order and as it was sent',
  async (name, contender) => {
    const [measurement, ...others] = await run(contender)
    expect(others).toEqual([])
    expect(measurement).toMatchObject({ server: name, case: '3 events a flush', round: 1, figures: { deliveries: 10 * 30 } })
    for (const figure of Object.values(measurement?.figures ?? {})) expect(figure).toBeTypeOf('number')
  },
)

test.each([
  ['drops', /^faulty, 3 a flush: Where event 1 was due, a stream got {"n":2,/],
  ['reorders', /^faulty, 3 a flush: Where event 1 was due, a stream got {"n":3,/],
  ['repeats', /^faulty, 3 a flush: Where event 2 was due, a stream got {"n":1,/],
  ['alters', /^faulty, 3 a flush: Where event 1 was due, a stream got {"n":1,.*!"}$/],
])('A server that %s what one of its readers gets has failed', async (fault, message) => {
  const faulty = { name: 'faulty', file: new URL('../testing/faulty-server.ts', import.meta.url), args: [fault] }
  await expect(run(faulty)).rejects.toThrow(message)
})
