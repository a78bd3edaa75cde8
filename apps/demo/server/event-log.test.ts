import { describe, expect, it } from 'vitest'
import { EventLog } from './event-log.js'

const never = new AbortController().signal

function logOf(count: number, limit?: number): EventLog<string> {
  const log = new EventLog<string>(limit)
  for (let n = 1; n <= count; n += 1) log.append(`event ${n}`)
  return log
}

async function numbers(log: EventLog<string>, after: number, signal: AbortSignal = never): Promise<number[]> {
  const seen: number[] = []
  for await (const { n } of log.follow(after, signal)) seen.push(n)
  return seen
}

describe('EventLog', () => {
  it('counts from 1 and gives what came after a number', () => {
    const log = logOf(4)
    expect(log.since(2)).toEqual([
      { n: 3, value: 'event 3' },
      { n: 4, value: 'event 4' },
    ])
    expect(log.since(4)).toEqual([])
  })

  it('is a ring with a limit: the oldest go, the numbers stay', () => {
    const log = logOf(10, 3)
    expect([log.first, log.last]).toEqual([8, 10])
    expect(log.since(0).map(({ n }) => n)).toEqual([8, 9, 10])
    expect(log.since(9).map(({ n }) => n)).toEqual([10])
  })

  it('lets a reader follow from where it was, through to the end', async () => {
    const log = logOf(3)
    const reading = numbers(log, 1)
    log.append('event 4')
    await Promise.resolve()
    log.append('event 5')
    log.end()
    expect(await reading).toEqual([2, 3, 4, 5])
  })

  it('gives a reader that comes after the end all that it missed', async () => {
    const log = logOf(3)
    log.end()
    expect(await numbers(log, 0)).toEqual([1, 2, 3])
    expect(await numbers(log, 3)).toEqual([])
  })

  it('lets go of a reader that leaves, also in the middle of waiting', async () => {
    const leaving = new AbortController()
    const reading = numbers(logOf(1), 1, leaving.signal)
    leaving.abort()
    expect(await reading).toEqual([])
  })
})
