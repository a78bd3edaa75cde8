import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Chain, createChain, type Link } from './chain.js'
import { type Position, parsePosition } from './position.js'

function at(text: string): Position {
  const position = parsePosition(`1.${text}`)
  if (position === undefined) throw new Error(`${text} is no position`)
  return position
}

/** Takes events of one topic, and tells what each was. */
function takeAll(chain: Chain, topic: string, ...positions: readonly string[]): Link[] {
  return positions.map((position) => chain.take(topic, at(position)))
}

describe('an event is the next', () => {
  test('where it links to the last one of its topic', () => {
    expect(takeAll(createChain(at('e.4')), 'a', 'e.5-4', 'e.8-5', 'e.9-8')).toEqual(['next', 'next', 'next'])
  })

  test('where it links to what was before the reader’s beginning', () => {
    expect(takeAll(createChain(at('e.4')), 'a', 'e.8-1')).toEqual(['next'])
  })

  test('where it is the first of its topic', () => {
    expect(takeAll(createChain(at('e.4')), 'a', 'e.5-0')).toEqual(['next'])
  })

  test('where it carries no link, because events may be left out before it', () => {
    expect(takeAll(createChain(at('e.4')), 'a', 'e.5-4', 'e.9', 'e.12')).toEqual(['next', 'next', 'next'])
  })

  test('and the one after it links to it, though it carried no link itself', () => {
    expect(takeAll(createChain(at('e.4')), 'a', 'e.9', 'e.10-9', 'e.12-11')).toEqual(['next', 'next', 'broken'])
  })

  test('whatever other topics had in between', () => {
    const chain = createChain(at('e.0'))
    expect(takeAll(chain, 'a', 'e.1-0')).toEqual(['next'])
    expect(takeAll(chain, 'b', 'e.2-0', 'e.3-2')).toEqual(['next', 'next'])
    expect(takeAll(chain, 'a', 'e.4-1')).toEqual(['next'])
  })
})

describe('an event was seen', () => {
  test('where it is the last one again', () => {
    expect(takeAll(createChain(at('e.4')), 'a', 'e.5-4', 'e.5-4')).toEqual(['next', 'seen'])
  })

  test('where a later one of its topic was had', () => {
    expect(takeAll(createChain(at('e.4')), 'a', 'e.5-4', 'e.8-5', 'e.5-4')).toEqual(['next', 'next', 'seen'])
  })

  test('where the reader began after it', () => {
    expect(takeAll(createChain(at('e.4')), 'a', 'e.3-1', 'e.4-3')).toEqual(['seen', 'seen'])
  })

  test('where all up to it was verified', () => {
    const chain = createChain(at('e.4'))
    chain.verified(at('e.9'))
    expect(takeAll(chain, 'a', 'e.9-3')).toEqual(['seen'])
  })

  test('not where only another topic’s later one was had', () => {
    const chain = createChain(at('e.4'))
    expect(takeAll(chain, 'b', 'e.9-0')).toEqual(['next'])
    expect(takeAll(chain, 'a', 'e.7-0')).toEqual(['next'])
  })
})

describe('a chain is broken', () => {
  test('where an event links to one that did not come', () => {
    expect(takeAll(createChain(at('e.4')), 'a', 'e.5-4', 'e.8-7')).toEqual(['next', 'broken'])
  })

  test('where a topic’s very first event links to one after the reader’s beginning', () => {
    expect(takeAll(createChain(at('e.4')), 'a', 'e.8-5')).toEqual(['broken'])
  })

  test('for its topic alone', () => {
    const chain = createChain(at('e.0'))
    expect(takeAll(chain, 'a', 'e.5-3')).toEqual(['broken'])
    expect(takeAll(chain, 'b', 'e.6-0')).toEqual(['next'])
  })

  test('until what is missing has come: then the event is the next', () => {
    expect(takeAll(createChain(at('e.4')), 'a', 'e.5-4', 'e.8-7', 'e.7-5', 'e.8-7')).toEqual(['next', 'broken', 'next', 'next'])
  })

  test('and names the topic’s last event as where to resume', () => {
    const chain = createChain(at('e.4'))
    takeAll(chain, 'b', 'e.6-0')
    takeAll(chain, 'a', 'e.5-4', 'e.8-7')
    expect(chain.good('a')).toBe(5)
  })

  test('and names what was verified as where to resume, where that is later', () => {
    const chain = createChain(at('e.4'))
    takeAll(chain, 'a', 'e.5-4')
    chain.verified(at('e.6'))
    expect(takeAll(chain, 'a', 'e.9-8')).toEqual(['broken'])
    expect(chain.good('a')).toBe(6)
  })

  test('and names the reader’s beginning, for a topic that had nothing yet', () => {
    expect(createChain(at('e.4')).good('a')).toBe(4)
    expect(createChain().good('a')).toBe(0)
  })
})

describe('a gap', () => {
  test('is an event whose chain is broken again: what is missing is not to be had', () => {
    expect(takeAll(createChain(at('e.4')), 'a', 'e.8-7', 'e.8-7')).toEqual(['broken', 'gap'])
  })

  test('is told once: the event counts as had, and the chain goes on from it', () => {
    expect(takeAll(createChain(at('e.4')), 'a', 'e.8-7', 'e.8-7', 'e.8-7', 'e.9-8')).toEqual(['broken', 'gap', 'seen', 'next'])
  })

  test('is none where another event breaks the chain: that one was not asked for again yet', () => {
    expect(takeAll(createChain(at('e.4')), 'a', 'e.8-7', 'e.7-6')).toEqual(['broken', 'broken'])
  })

  test('excuses no other topic: its own hole is still told', () => {
    const chain = createChain(at('e.0'))
    expect(takeAll(chain, 'a', 'e.5-4', 'e.5-4')).toEqual(['broken', 'gap'])
    expect(takeAll(chain, 'b', 'e.6-3')).toEqual(['broken'])
  })
})

describe('verified', () => {
  test('covers what was missing up to it', () => {
    const chain = createChain(at('e.4'))
    chain.verified(at('e.7'))
    expect(takeAll(chain, 'a', 'e.8-7')).toEqual(['next'])
  })

  test('covers nothing after it', () => {
    const chain = createChain(at('e.4'))
    chain.verified(at('e.6'))
    expect(takeAll(chain, 'a', 'e.8-7')).toEqual(['broken'])
  })

  test('of an earlier position takes nothing back: what was had since then is still had', () => {
    const chain = createChain(at('e.4'))
    chain.verified(at('e.9'))
    chain.verified(at('e.6'))
    expect(takeAll(chain, 'a', 'e.8-1', 'e.10-9')).toEqual(['seen', 'next'])
  })

  test('of a position before a topic’s last event keeps that event', () => {
    const chain = createChain(at('e.4'))
    takeAll(chain, 'a', 'e.8-4')
    chain.verified(at('e.6'))
    expect(takeAll(chain, 'a', 'e.8-4', 'e.9-8')).toEqual(['seen', 'next'])
  })

  test('ends the looseness of a beginning without a position', () => {
    const chain = createChain()
    chain.verified(at('e.6'))
    expect(takeAll(chain, 'a', 'e.8-7')).toEqual(['broken'])
  })
})

describe('a connection that begins where another has ended', () => {
  /** Two connections: the server of the first vouched up to 2, and ended when the reader was at 6. The second vouches up to 9. */
  function resumed(...before: readonly (readonly [topic: string, position: string])[]): Chain {
    const chain = createChain(at('e.0'))
    chain.verified(at('e.2'))
    for (const [topic, position] of before) chain.take(topic, at(position))
    chain.begin(at('e.6'))
    chain.verified(at('e.9'))
    return chain
  }

  test('vouches for nothing before: what the first server lost shows in the topic’s next event', () => {
    const chain = resumed(['b', 'e.6-0'])
    expect(takeAll(chain, 'a', 'e.12-5')).toEqual(['broken'])
    expect(chain.good('a')).toBe(2)
  })

  test('vouches for what came since, and so does the first for what came before', () => {
    const chain = resumed(['b', 'e.6-0'])
    expect(takeAll(chain, 'a', 'e.12-8')).toEqual(['next'])
    expect(takeAll(chain, 'c', 'e.13-2')).toEqual(['next'])
    expect(takeAll(chain, 'd', 'e.14-0')).toEqual(['next'])
  })

  test('does not make unknown what the reader had from the first', () => {
    const chain = resumed(['a', 'e.4-0'], ['b', 'e.6-0'])
    expect(takeAll(chain, 'a', 'e.12-4')).toEqual(['next'])
  })

  test('gets what is missing from the first’s last word on, and what was had is seen', () => {
    const chain = resumed(['a', 'e.4-0'], ['b', 'e.6-0'])
    expect(takeAll(chain, 'a', 'e.12-5')).toEqual(['broken'])
    chain.begin(at(`e.${chain.good('a')}`))
    expect([chain.take('a', at('e.4-0')), chain.take('a', at('e.5-4')), chain.take('b', at('e.6-0'))]).toEqual(['seen', 'next', 'seen'])
    chain.verified(at('e.12'))
    expect(takeAll(chain, 'c', 'e.14-6')).toEqual(['next'])
  })

  test('where the first had vouched for all leaves nothing open', () => {
    const chain = createChain(at('e.0'))
    chain.verified(at('e.6'))
    chain.begin(at('e.6'))
    chain.verified(at('e.9'))
    expect(takeAll(chain, 'a', 'e.12-5')).toEqual(['next'])
  })

  test('knows nothing of an epoch for which no server has vouched before: links into it are no news', () => {
    const chain = createChain(at('e.4'))
    takeAll(chain, 'b', 'f.6-5')
    chain.begin(at('f.6'))
    chain.verified(at('f.9'))
    expect(takeAll(chain, 'a', 'f.12-3')).toEqual(['next'])
  })

  test('and without a position goes on from what is known', () => {
    const chain = createChain(at('e.4'))
    chain.begin(undefined)
    expect(takeAll(chain, 'a', 'e.5-4', 'e.9-8')).toEqual(['next', 'broken'])
  })
})

describe('what may have been lost before a connection began', () => {
  test.each([
    ['up to ten thousand topics are remembered for its sake', 9_990, 'broken'],
    ['more would have to be', 10_001, 'next'],
  ] as const)('where %s: %i make it %s', (_, topics, link) => {
    const chain = createChain(at('e.0'))
    chain.begin(at('e.6'))
    for (let topic = 0; topic < topics; topic++) chain.take(`t${topic}`, at(`e.${7 + topic}-0`))
    chain.verified(at(`e.${6 + topics}`))
    expect(takeAll(chain, 'a', 'e.20000-5')).toEqual([link])
  })
})

describe('a link into the unknown is no news', () => {
  test('where the reader began without a position', () => {
    const chain = createChain()
    expect(takeAll(chain, 'a', 'e.8-7')).toEqual(['next'])
    expect(takeAll(chain, 'b', 'e.9-6')).toEqual(['next'])
  })

  test('after a gap, until the next verified', () => {
    const chain = createChain(at('e.4'))
    chain.gap('trimmed')
    expect(takeAll(chain, 'a', 'e.8-7', 'e.10-9')).toEqual(['next', 'next'])
    chain.verified(at('e.10'))
    expect(takeAll(chain, 'a', 'e.14-13')).toEqual(['broken'])
  })

  test('but what was had is still known', () => {
    const chain = createChain(at('e.4'))
    takeAll(chain, 'a', 'e.5-4')
    chain.gap('trimmed')
    expect(takeAll(chain, 'a', 'e.4-1', 'e.5-4')).toEqual(['seen', 'seen'])
  })
})

describe('a reset', () => {
  test('of the same epoch begins anew: a reader whose cursor lay in the future is not past what comes', () => {
    const chain = createChain(at('e.1000'))
    chain.gap('reset')
    chain.verified(at('e.4'))
    expect(takeAll(chain, 'a', 'e.5-4', 'e.8-7')).toEqual(['next', 'broken'])
  })

  test('forgets what was had', () => {
    const chain = createChain(at('e.4'))
    takeAll(chain, 'a', 'e.9-4')
    chain.gap('reset')
    expect(chain.good('a')).toBe(0)
  })
})

describe('a new epoch', () => {
  test('begins anew: what was had before says nothing of it', () => {
    const chain = createChain(at('e.90'))
    expect(takeAll(chain, 'a', 'e.95-90', 'f.3-2', 'f.4-3')).toEqual(['next', 'next', 'next'])
    expect(chain.good('a')).toBe(4)
    expect(chain.good('b')).toBe(0)
  })

  test('that begins with verified is checked from there', () => {
    const chain = createChain(at('e.90'))
    chain.verified(at('f.2'))
    expect(takeAll(chain, 'a', 'f.2-0', 'f.5-4')).toEqual(['seen', 'broken'])
  })

  test('has not asked for anything again yet', () => {
    const chain = createChain(at('e.4'))
    expect(takeAll(chain, 'a', 'e.8-7')).toEqual(['broken'])
    chain.verified(at('f.2'))
    expect(takeAll(chain, 'a', 'f.8-7')).toEqual(['broken'])
  })
})

describe('properties', () => {
  const topics = ['a', 'b', 'c'] as const
  type Step =
    | { readonly kind: 'publish'; readonly topic: (typeof topics)[number]; readonly lost: boolean; readonly twice: boolean }
    | { readonly kind: 'verified' }
    | { readonly kind: 'gap' }
  const publish = fc.record({
    kind: fc.constant('publish' as const),
    topic: fc.constantFrom(...topics),
    lost: fc.boolean(),
    twice: fc.boolean(),
  })
  const covers = fc.constantFrom<Step>({ kind: 'verified' }, { kind: 'gap' })
  const steps = fc.array(fc.oneof({ weight: 8, arbitrary: publish }, { weight: 1, arbitrary: covers }), { maxLength: 60 })

  test('whatever is lost on the way is told at the topic’s next event, or was covered; and nothing else is told', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const chain = createChain(at('e.0'))
        let place = 0
        let loose = false
        // The naive model: for each topic its last event, and what of it was lost since the reader last had or knew all.
        const published = new Map<string, number>()
        const missing = new Map<string, number[]>()
        for (const step of all) {
          if (step.kind === 'gap') {
            chain.gap('trimmed')
            loose = true
          } else if (step.kind === 'verified') {
            chain.verified(at(`e.${place}`))
            loose = false
            missing.clear()
          } else {
            const { topic } = step
            place += 1
            const position = at(`e.${place}-${published.get(topic) ?? 0}`)
            published.set(topic, place)
            const lost = missing.get(topic) ?? []
            if (step.lost) {
              missing.set(topic, [...lost, place])
              continue
            }
            const told = lost.length > 0 && !loose
            const good = chain.good(topic)
            expect(chain.take(topic, position)).toBe(told ? 'broken' : 'next')
            if (told) {
              // What is asked for again begins before all that is missing.
              expect(chain.good(topic)).toBe(good)
              for (const one of lost) expect(one).toBeGreaterThan(good)
              expect(chain.take(topic, position)).toBe('gap')
            }
            missing.delete(topic)
            if (step.twice) expect(chain.take(topic, position)).toBe('seen')
          }
        }
      }),
      { numRuns: 1_000 },
    )
  })

  test('a reader that resumes where the chain says has every event once and in order, however much is lost on the way', () => {
    const events = fc.array(fc.constantFrom(...topics), { maxLength: 30 })
    const losses = fc.array(fc.boolean(), { maxLength: 200 })
    fc.assert(
      fc.property(events, losses, (sequence, lossy) => {
        const last = new Map<string, number>()
        const history = sequence.map((topic, index) => {
          const position = at(`e.${index + 1}-${last.get(topic) ?? 0}`)
          last.set(topic, index + 1)
          return { topic, position }
        })
        const chain = createChain(at('e.0'))
        const had: number[] = []
        let sent = 0
        let cursor = 0
        // A stream from the cursor on, again and again, until one says that all is sent.
        for (let complete = false; !complete; ) {
          complete = true
          for (const { topic, position } of history.filter((event) => event.position.at > cursor)) {
            if (lossy[sent++]) continue
            const link = chain.take(topic, position)
            if (link === 'next') had.push(position.at)
            // The second time it may be lost on the way again: that is told.
            if (link === 'gap') return
            if (link === 'broken') {
              cursor = chain.good(topic)
              complete = false
              break
            }
          }
        }
        for (const topic of topics) {
          const all = history.flatMap((event) => (event.topic === topic ? [event.position.at] : []))
          const of = had.filter((place) => all.includes(place))
          // Only the end of a topic may still be missing: nothing came after it that would tell.
          expect(of).toEqual(all.slice(0, of.length))
        }
      }),
      { numRuns: 1_000 },
    )
  })
})
