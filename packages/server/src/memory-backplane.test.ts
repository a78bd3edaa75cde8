import { describe, expect, test } from 'vitest'
import type { Backplane, Entry } from './backplane.js'
import { all, dataOf, event } from './backplane-conformance/harness.js'
import { backplaneConformance } from './backplane-conformance.js'
import { memoryBackplane } from './memory-backplane.js'

describe('a memory backplane does what every backplane does', () => {
  const conformance = backplaneConformance({
    restart: 'forgets',
    open: async (options) => {
      const opened: Backplane[] = []
      const open = (): Backplane => {
        const backplane = memoryBackplane(options)
        opened.push(backplane)
        return backplane
      }
      return {
        backplane: open(),
        restart: async () => open(),
        close: async () => void (await Promise.all(opened.map((backplane) => backplane.close()))),
      }
    },
  })
  test.each(conformance)('$name', ({ run }) => run())
})

describe('a memory backplane', () => {
  test('has announced an append before it resolves', async () => {
    const backplane = memoryBackplane()
    const heard: Entry[] = []
    await backplane.connect({ entry: (entry) => heard.push(entry), interrupted: () => {} }).watch(['a'])
    await backplane.append(event('a', 'one'))
    expect(dataOf(heard)).toEqual(['one'])
    await backplane.close()
  })

  test('tells every listener of an entry before the one that was appended in answer to it', async () => {
    const backplane = memoryBackplane()
    const heard: string[][] = [[], []]
    const answers: Promise<unknown>[] = []
    for (const mine of heard) {
      const entry = ({ data }: Entry): void => {
        mine.push(data)
        if (mine === heard[0] && data === 'question') answers.push(backplane.append(event('a', 'answer')))
      }
      await backplane.connect({ entry, interrupted: () => {} }).watch(['a'])
    }
    await backplane.append(event('a', 'question'))
    await Promise.all(answers)
    expect(heard).toEqual([
      ['question', 'answer'],
      ['question', 'answer'],
    ])
    await backplane.close()
  })

  test('announces on, after a listener has thrown', async () => {
    const backplane = memoryBackplane()
    const heard: string[] = []
    let isBroken = true
    const entry = ({ data }: Entry): void => {
      if (isBroken) throw new Error('a listener must not throw')
      heard.push(data)
    }
    await backplane.connect({ entry, interrupted: () => {} }).watch(['a'])
    await backplane.append(event('a', 'one')).catch(() => {})
    isBroken = false
    await backplane.append(event('a', 'two'))
    expect(heard.at(-1)).toBe('two')
    await backplane.close()
  })

  test('remembers 100,000 keys, and forgets the oldest beyond it', async () => {
    const backplane = memoryBackplane({ retain: { events: 0 } })
    for (let number = 0; number <= 100_000; number++) await backplane.append(event('a', '', { key: `${number}` }))
    expect((await backplane.append(event('a', '', { key: '1' }))).duplicate).toBe(true)
    expect((await backplane.append(event('a', '', { key: '0' }))).duplicate).toBe(false)
    await backplane.close()
  })

  test('links a topic born again to the floor of that time, where it makes room for itself', async () => {
    const backplane = memoryBackplane({ maxTopics: 1 })
    for (const topic of ['a', 'b', 'a']) await backplane.append(event(topic, topic))
    expect(await backplane.state(['a', 'b'], 0)).toMatchObject({ position: 3, floor: 2, tails: [{ topic: 'a', position: 3 }] })
    expect((await all(backplane, 'a')).map(({ previous }) => previous)).toEqual([1])
    await backplane.close()
  })

  test.each([
    ['rememberTopics', { rememberTopics: -1 }],
    ['maxTopics', { maxTopics: 0 }],
    ['rememberKeys', { rememberKeys: Number.NaN }],
    ['retain.events', { retain: { events: -1 } }],
    ['retain.seconds', { retain: { seconds: Number.NaN } }],
    ['retain.bytes', { retain: { bytes: -5 } }],
    ['retain.minutes', { retain: { minutes: 5 } }],
    ['retain', { retain: 5 }],
    ['maxTopcis', { maxTopcis: 5 }],
    ['maxTopics', { maxTopics: '5' }],
    ['now', { now: 5 }],
  ])('names the option %s where it makes no sense', (option, options) => {
    expect(() => Reflect.apply(memoryBackplane, undefined, [options])).toThrow(expect.objectContaining({ code: 'invalid_option', option }))
  })
})
