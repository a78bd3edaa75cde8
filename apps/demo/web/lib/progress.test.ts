import { describe, expect, it } from 'vitest'
import type { ProgressEvent } from '../../contract.js'
import { advance, newProgress, percentOf } from './progress.js'

const at = new Date(0)
const events: readonly ProgressEvent[] = [
  { type: 'started', data: { job: 'a', folder: 'repo', at } },
  { type: 'step', data: { name: 'scan', total: 0 } },
  { type: 'step', data: { name: 'hash', total: 2 } },
  { type: 'file', data: { path: 'x', bytes: 10, sha256: '00', done: 1, total: 2 } },
  { type: 'file', data: { path: 'y', bytes: 5, sha256: '01', done: 2, total: 2 } },
  { type: 'done', data: { files: 2, bytes: 15, sha256: 'ff', kinds: [], at } },
]

describe('advance', () => {
  it('makes the state out of the events, and keeps the id with it', () => {
    const states = events.map((_, last) =>
      events.slice(0, last + 1).reduce((state, event, index) => advance(state, event, String(index + 1)), newProgress('a')),
    )
    expect(states.map(percentOf)).toEqual([0, 0, 0, 50, 99, 100])
    expect(states.at(-1)).toEqual({
      job: 'a',
      lastEventId: '6',
      folder: 'repo',
      step: 'hash',
      total: 2,
      done: 2,
      bytes: 15,
      recent: [
        { path: 'y', sha256: '01' },
        { path: 'x', sha256: '00' },
      ],
      note: '',
      finished: { at, sha256: 'ff', kinds: [] },
    })
  })
})
