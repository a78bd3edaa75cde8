import { describe, expect, it } from 'vitest'
import { createFrameSplitter } from './frames.js'

const wire = 'event: sse.ready\ndata: {}\n\nretry: 500\n\n:\n\nevent: sample\ndata: {"n":1}\nid: a-1\n\n'

describe('createFrameSplitter', () => {
  it('tells what each message is', () => {
    expect(createFrameSplitter()(wire)).toEqual([
      { kind: 'control', raw: 'event: sse.ready\ndata: {}' },
      { kind: 'field', raw: 'retry: 500' },
      { kind: 'heartbeat', raw: ':' },
      { kind: 'event', raw: 'event: sample\ndata: {"n":1}\nid: a-1' },
    ])
  })

  it('gives the same for every way of cutting', () => {
    const whole = createFrameSplitter()(wire)
    for (let at = 1; at < wire.length; at += 1) {
      const split = createFrameSplitter()
      expect([...split(wire.slice(0, at)), ...split(wire.slice(at))]).toEqual(whole)
    }
  })
})
