import { expectEqual, expectRejection, expectTrue } from './expect.js'
import { all, dataOf, end, event, type Specification } from './harness.js'

/** What happens once only: appends with a key, and the end of a topic. */
export const once: readonly Specification[] = [
  {
    name: 'two appends of one topic with one key are one entry, the first',
    run: async ({ backplane }) => {
      const first = await backplane.append(event('a', 'one', { key: 'k' }))
      await backplane.append(event('a', 'two'))
      const repeated = await backplane.append(event('a', 'three', { key: 'k' }))
      expectEqual([repeated.position, repeated.duplicate], [first.position, true], 'the repetition')
      expectEqual(repeated.epoch, first.epoch, "the repetition's epoch")
      expectEqual(dataOf(await all(backplane, 'a')), ['one', 'two'], 'entries')
    },
  },
  {
    name: 'appends of one topic with one key that are made at once are one entry',
    run: async ({ backplane }) => {
      const appended = await Promise.all(Array.from({ length: 20 }, () => backplane.append(event('a', 'one', { key: 'k' }))))
      expectEqual(new Set(appended.map(({ position }) => position)).size, 1, 'positions')
      expectEqual(appended.filter(({ duplicate }) => !duplicate).length, 1, 'appends that are none of a duplicate')
      expectEqual(dataOf(await all(backplane, 'a')), ['one'], 'entries')
    },
  },
  {
    name: 'appends of one topic with one key that two nodes make at once are one entry',
    needs: 'shared',
    run: async ({ backplane, join }) => {
      const other = await join()
      const nodes = [backplane, other]
      const appended = await Promise.all(
        Array.from({ length: 20 }, (_, number) => (nodes[number % 2] ?? backplane).append(event('a', 'one', { key: 'k' }))),
      )
      expectEqual(new Set(appended.map(({ position }) => position)).size, 1, 'positions')
      expectEqual(appended.filter(({ duplicate }) => !duplicate).length, 1, 'appends that are none of a duplicate')
    },
  },
  {
    name: 'one key on two topics is two entries',
    run: async ({ backplane }) => {
      const one = await backplane.append(event('a', 'one', { key: 'k' }))
      const other = await backplane.append(event('b', 'two', { key: 'k' }))
      expectTrue(!other.duplicate && other.position > one.position, 'the second topic has an entry of its own')
    },
  },
  {
    name: 'a key may be any text, and keys that look alike differ',
    run: async ({ backplane }) => {
      const keys = ['', ' ', 'k', 'K', 'k ', 'k\0', 'k\0k', 'a k', '%', 'é', 'e\u0301', '😀', 'k'.repeat(1_000)]
      for (const key of keys) {
        const { duplicate } = await backplane.append(event('a', key, { key }))
        expectEqual(duplicate, false, `a duplicate, at the first append with key ${JSON.stringify(key)}`)
      }
      for (const key of keys) expectEqual((await backplane.append(event('a', key, { key }))).duplicate, true, `at the second, ${key}`)
    },
  },
  {
    name: 'a key is remembered for as long as it should be, from its first use on, and then forgotten',
    options: { rememberKeys: 60 },
    run: async ({ backplane, clock }) => {
      await backplane.append(event('a', 'one', { key: 'k' }))
      clock.now += 59_999
      expectEqual((await backplane.append(event('a', 'one', { key: 'k' }))).duplicate, true, 'a duplicate within the time')
      clock.now += 1
      expectEqual((await backplane.append(event('a', 'two', { key: 'k' }))).duplicate, false, 'a duplicate after the time')
      clock.now += 59_999
      await backplane.sweep()
      expectEqual((await backplane.append(event('a', 'two', { key: 'k' }))).duplicate, true, 'a duplicate within the second time')
    },
  },
  {
    name: 'a key outlives the entry',
    options: { retain: { events: 1 } },
    run: async ({ backplane }) => {
      const { position } = await backplane.append(event('a', 'one', { key: 'k' }))
      await backplane.append(event('a', 'two'))
      await backplane.sweep()
      const repeated = await backplane.append(event('a', 'one', { key: 'k' }))
      expectEqual([repeated.position, repeated.duplicate], [position, true], 'the repetition')
    },
  },
  {
    name: 'the end of a topic is an entry with a position, and its tail says so',
    run: async ({ backplane }) => {
      const { position: first } = await backplane.append(event('a', 'one'))
      const { position } = await backplane.append(end('a', 'sold out'))
      const entry = (await all(backplane, 'a')).at(-1)
      expectEqual([entry?.kind, entry?.position, entry?.previous, entry?.data], ['end', position, first, 'sold out'], 'the last entry')
      expectEqual((await backplane.state(['a'], 0)).tails, [{ topic: 'a', position, ended: true }], 'tails')
    },
  },
  {
    name: 'a topic can end before it has had an event',
    run: async ({ backplane }) => {
      const { position } = await backplane.append(end('a'))
      expectEqual((await backplane.state(['a'], 0)).tails, [{ topic: 'a', position, ended: true }], 'tails')
    },
  },
  {
    name: 'ending twice is ending once',
    run: async ({ backplane }) => {
      const { position } = await backplane.append(end('a', 'first'))
      const again = await backplane.append(end('a', 'second'))
      expectEqual([again.position, again.duplicate], [position, true], 'the second end')
      expectEqual(dataOf(await all(backplane, 'a')), ['first'], 'entries')
    },
  },
  {
    name: 'an event after the end is rejected with TopicEndedError and leaves nothing',
    run: async ({ backplane }) => {
      await backplane.append(end('a'))
      const before = await backplane.state(['a'], 0)
      await expectRejection(backplane.append(event('a')), 'topic_ended', 'an event after the end')
      await expectRejection(backplane.append(event('a', '', { key: 'k' })), 'topic_ended', 'an event with a key')
      await expectRejection(backplane.append(event('a', '', { key: 'k' })), 'topic_ended', 'the same again')
      expectEqual(await backplane.state(['a'], 0), before, 'state')
    },
  },
  {
    name: 'one append that is rejected does not reject those made at once with it',
    run: async ({ backplane }) => {
      await backplane.append(end('over'))
      const settled = await Promise.allSettled(['a', 'over', 'b', 'over', 'a'].map((topic) => backplane.append(event(topic))))
      expectEqual(
        settled.map(({ status }) => status),
        ['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled'],
        'appends',
      )
      expectEqual((await all(backplane, 'a')).length, 2, 'entries')
    },
  },
  {
    name: 'an event with a key that was appended before the end is still a duplicate after it',
    run: async ({ backplane }) => {
      const { position } = await backplane.append(event('a', 'one', { key: 'k' }))
      await backplane.append(end('a'))
      const repeated = await backplane.append(event('a', 'one', { key: 'k' }))
      expectEqual([repeated.position, repeated.duplicate], [position, true], 'the repetition')
    },
  },
  {
    name: 'an end is kept, whatever the bounds, until its topic is given back; then the topic can be born again',
    options: { retain: { events: 0, seconds: 10, bytes: 0 }, rememberTopics: 100 },
    run: async ({ backplane, clock }) => {
      await backplane.append(event('a', 'one'))
      const { position } = await backplane.append(end('a', 'over'))
      clock.now += 99_999
      await backplane.sweep()
      expectEqual(dataOf(await all(backplane, 'a')), ['over'], 'entries')
      clock.now += 1
      await backplane.sweep()
      expectEqual(await all(backplane, 'a'), [], 'entries after its time')
      expectEqual((await backplane.state(['a'], 0)).floor, position, 'the floor')
      const again = await backplane.append(event('a', 'again'))
      expectTrue(again.position > position && !again.duplicate, 'the topic takes events again')
    },
  },
]
