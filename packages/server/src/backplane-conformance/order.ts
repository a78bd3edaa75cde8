import type { Append } from '../backplane.js'
import { expectEqual, expectRejection, expectTrue } from './expect.js'
import { all, dataOf, event, type Specification } from './harness.js'

export const order: readonly Specification[] = [
  {
    name: 'positions grow over all topics',
    run: async ({ backplane }) => {
      let last = 0
      for (const topic of ['a', 'b', 'a', 'c', 'b', 'a']) {
        const { position, duplicate } = await backplane.append(event(topic))
        expectTrue(Number.isSafeInteger(position) && position > last && !duplicate, `${position} is a new position above ${last}`)
        last = position
      }
    },
  },
  {
    name: 'appends that one node does not wait for keep their order',
    run: async ({ backplane }) => {
      const appended = await Promise.all(Array.from({ length: 50 }, (_, number) => backplane.append(event('a', `${number}`))))
      const positions = appended.map(({ position }) => position)
      expectEqual(
        positions,
        [...positions].sort((one, other) => one - other),
        'positions',
      )
      expectEqual(
        dataOf(await all(backplane, 'a')),
        Array.from({ length: 50 }, (_, number) => `${number}`),
        'entries',
      )
    },
  },
  {
    name: 'an entry links to the one before it of its topic, and the first one to 0',
    run: async ({ backplane }) => {
      const first = await backplane.append(event('a'))
      await backplane.append(event('b'))
      const second = await backplane.append(event('a'))
      const third = await backplane.append(event('a'))
      const links = (await all(backplane, 'a')).map(({ position, previous }) => [position, previous])
      expectEqual(
        links,
        [
          [first.position, 0],
          [second.position, first.position],
          [third.position, second.position],
        ],
        'positions and links',
      )
    },
  },
  {
    name: 'an entry holds what was appended, when, and under which epoch',
    run: async ({ backplane, clock }) => {
      const { epoch, position } = await backplane.append(event('orders/42', '{"id":42}', { type: 'shipped' }))
      const [entry] = await all(backplane, 'orders/42')
      expectEqual([entry?.topic, entry?.kind, entry?.type, entry?.data], ['orders/42', 'event', 'shipped', '{"id":42}'], 'what it says')
      expectEqual([entry?.epoch, entry?.position, entry?.previous, entry?.time], [epoch, position, 0, clock.now], 'where and when')
    },
  },
  {
    name: 'an append that is rejected leaves nothing',
    run: async ({ backplane }) => {
      await backplane.append(event('a', 'one'))
      const before = await backplane.state(['a', 'b'], 0)
      const wrong: Append = event('a', 'two', { retain: { events: -1 } })
      await expectRejection(backplane.append(wrong), 'invalid_option', 'an append with a bound that makes no sense')
      await expectRejection(backplane.append({ ...wrong, topic: 'b' }), 'invalid_option', 'the same on a new topic')
      expectEqual(await backplane.state(['a', 'b'], 0), before, 'state')
      expectEqual(dataOf(await all(backplane, 'a')), ['one'], 'entries')
    },
  },
  {
    name: 'a reader sees appends as they were made, never one without the one before it',
    run: async ({ backplane }) => {
      const appends = Array.from({ length: 40 }, (_, number) => backplane.append(event('a', `${number}`)))
      let isDone = false
      const done = Promise.all(appends).then(() => {
        isDone = true
      })
      while (!isDone) {
        const state = await backplane.state(['a'], 0)
        const entries = await all(backplane, 'a')
        expectTrue(entries.length >= state.tails.length, 'a topic with a tail has entries')
        expectTrue((entries.at(-1)?.position ?? 0) >= (state.tails[0]?.position ?? 0), 'the entry of a tail can be read')
        expectEqual(
          dataOf(entries),
          Array.from(entries, (_, number) => `${number}`),
          'entries',
        )
      }
      await done
    },
  },
]
