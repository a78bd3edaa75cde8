import { describe, expect, it } from 'vitest'
import { busyShare, position } from './pulse.js'

describe('position', () => {
  const log = { first: 11, last: 20 }

  it('gives a new reader everything that is kept', () => {
    expect(position(undefined, 'abc', log)).toEqual({ after: 0, missed: undefined })
  })

  it('goes on after the last sample that was seen', () => {
    expect(position('abc-15', 'abc', log)).toEqual({ after: 15, missed: undefined })
    expect(position('abc-20', 'abc', log)).toEqual({ after: 20, missed: undefined })
    expect(position('abc-10', 'abc', log)).toEqual({ after: 10, missed: undefined })
  })

  it('says so when samples are gone', () => {
    expect(position('abc-9', 'abc', log)).toEqual({ after: 9, missed: 'trimmed' })
    expect(position('old-15', 'abc', log)).toEqual({ after: 0, missed: 'reset' })
  })

  it.each(['abc-21', 'abc', '-5', 'abc-x', 'sse.end', ''])('takes the foreign id %j for that of another process', (id) => {
    expect(position(id, 'abc', log)).toEqual({ after: 0, missed: 'reset' })
  })
})

describe('busyShare', () => {
  it('is the share of the time in between', () => {
    expect(busyShare({ busy: 10, total: 100 }, { busy: 35, total: 200 })).toBe(0.25)
    expect(busyShare({ busy: 10, total: 100 }, { busy: 10, total: 100 })).toBe(0)
  })
})
