import { expectEqual, expectTrue } from './expect.js'
import { all, dataOf, end, event, type Specification } from './harness.js'
import { record } from './recorder.js'

export const announcement: readonly Specification[] = [
  {
    name: 'what is watched is announced in order, and nothing else',
    run: async ({ backplane }) => {
      const recorder = record(backplane)
      await recorder.link.watch(['a', 'b'])
      for (const topic of ['a', 'c', 'b', 'c', 'a']) await backplane.append(event(topic, topic))
      const { position } = await backplane.append(end('b', 'b ends'))
      await recorder.until(position)
      expectEqual(dataOf(recorder.entries), ['a', 'b', 'a', 'b ends'], 'announcements')
      expectEqual(recorder.interruptions(), 0, 'interruptions')
    },
  },
  {
    name: 'what is announced is what is read',
    run: async ({ backplane }) => {
      const recorder = record(backplane)
      await recorder.link.watch(['a'])
      await backplane.append(event('a', 'one', { subtree: 'all' }))
      const { position } = await backplane.append(end('a', 'two', { subtree: 'all' }))
      await recorder.until(position)
      expectEqual(recorder.entries, await all(backplane, 'a'), 'announcements')
    },
  },
  {
    name: 'what was appended before it was watched is not announced by the node that appended it',
    run: async ({ backplane }) => {
      await backplane.append(event('a', 'before'))
      const recorder = record(backplane)
      await recorder.link.watch(['a'])
      const { position } = await backplane.append(event('a', 'after'))
      await recorder.until(position)
      expectEqual(dataOf(recorder.entries), ['after'], 'announcements')
    },
  },
  {
    name: 'every append after watch has resolved is announced',
    run: async ({ backplane }) => {
      for (let round = 0; round < 10; round++) {
        const recorder = record(backplane)
        // Appends to other topics are under way meanwhile.
        const others = Array.from({ length: 5 }, () => backplane.append(event('other')))
        await recorder.link.watch([`round/${round}`])
        const { position } = await backplane.append(event(`round/${round}`))
        await recorder.until(position)
        await Promise.all(others)
        await recorder.link.close()
      }
    },
  },
  {
    name: 'watching twice is watching once',
    run: async ({ backplane }) => {
      const recorder = record(backplane)
      await recorder.link.watch(['a', 'a'])
      await recorder.link.watch(['a', 'b'])
      await backplane.append(event('a', 'one'))
      const { position } = await backplane.append(event('b', 'two'))
      await recorder.until(position)
      expectEqual(dataOf(recorder.entries), ['one', 'two'], 'announcements')
      recorder.link.unwatch(['a'])
      await backplane.append(event('a', 'three'))
      await recorder.until((await backplane.append(event('b', 'four'))).position)
      expectEqual(dataOf(recorder.entries), ['one', 'two', 'four'], 'announcements after unwatch')
    },
  },
  {
    name: 'watching nothing resolves',
    run: async ({ backplane }) => {
      await record(backplane).link.watch([])
    },
  },
  {
    name: 'what is not watched any more is not announced, to this link only',
    run: async ({ backplane }) => {
      const [one, other] = [record(backplane), record(backplane)]
      await one.link.watch(['a', 'b'])
      await other.link.watch(['a', 'b'])
      one.link.unwatch(['a', 'never watched'])
      await backplane.append(event('a', 'a'))
      const { position } = await backplane.append(event('b', 'b'))
      await Promise.all([one.until(position), other.until(position)])
      expectEqual([dataOf(one.entries), dataOf(other.entries)], [['b'], ['a', 'b']], 'announcements')
    },
  },
  {
    name: 'what was unwatched can be watched again',
    run: async ({ backplane }) => {
      const recorder = record(backplane)
      await recorder.link.watch(['a'])
      recorder.link.unwatch(['a'])
      await backplane.append(event('a', 'meanwhile'))
      await recorder.link.watch(['a'])
      await recorder.until((await backplane.append(event('a', 'again'))).position)
      expectEqual(dataOf(recorder.entries), ['again'], 'announcements')
    },
  },
  {
    name: 'a link that was closed is told nothing, and others go on',
    run: async ({ backplane }) => {
      const [one, other] = [record(backplane), record(backplane)]
      await Promise.all([one.link.watch(['a']), other.link.watch(['a'])])
      await one.link.close()
      await other.until((await backplane.append(event('a'))).position)
      expectEqual([one.entries.length, other.entries.length], [0, 1], 'announcements')
    },
  },
  {
    name: "a subtree is announced under its own name, with the topic's in the entry",
    run: async ({ backplane }) => {
      const recorder = record(backplane)
      await recorder.link.watch(['orders/*'])
      await backplane.append(event('orders/1', 'one', { subtree: 'orders/*' }))
      await backplane.append(event('users/1', 'user', { subtree: 'users/*' }))
      // It looks like one of the subtree, but its channel does not declare it.
      await backplane.append(event('orders/2', 'no subtree'))
      await recorder.until((await backplane.append(event('orders/3', 'three', { subtree: 'orders/*' }))).position)
      expectEqual(
        recorder.entries.map(({ topic }) => topic),
        ['orders/1', 'orders/3'],
        'topics',
      )
    },
  },
  {
    name: 'who watches a topic and its subtree is told once',
    run: async ({ backplane }) => {
      const recorder = record(backplane)
      await recorder.link.watch(['orders/*', 'orders/1'])
      await backplane.append(event('orders/1', 'one', { subtree: 'orders/*' }))
      await recorder.until((await backplane.append(event('orders/2', 'two', { subtree: 'orders/*' }))).position)
      expectEqual(dataOf(recorder.entries), ['one', 'two'], 'announcements')
    },
  },
  {
    name: 'an append that was there already is not announced again',
    run: async ({ backplane }) => {
      const recorder = record(backplane)
      await recorder.link.watch(['a'])
      await backplane.append(event('a', 'one', { key: 'k' }))
      await backplane.append(event('a', 'one', { key: 'k' }))
      await backplane.append(end('a', 'end'))
      await backplane.append(end('a', 'end'))
      await recorder.link.watch(['b'])
      await recorder.until((await backplane.append(event('b', 'last'))).position)
      expectEqual(dataOf(recorder.entries), ['one', 'end', 'last'], 'announcements')
    },
  },
  {
    name: 'what is not retained is announced all the same',
    run: async ({ backplane }) => {
      const recorder = record(backplane)
      await recorder.link.watch(['a'])
      const { position } = await backplane.append(event('a', 'one', { retain: { events: 0 } }))
      await recorder.until(position)
      expectEqual(dataOf(recorder.entries), ['one'], 'announcements')
      expectEqual(await all(backplane, 'a'), [], 'entries')
    },
  },
  {
    name: 'two links are told the same, in the same order',
    run: async ({ backplane }) => {
      const [one, other] = [record(backplane), record(backplane)]
      await Promise.all([one.link.watch(['a', 'b']), other.link.watch(['a', 'b'])])
      const appended = await Promise.all(Array.from({ length: 30 }, (_, number) => backplane.append(event('ab'[number % 2] ?? ''))))
      const last = Math.max(...appended.map(({ position }) => position))
      await Promise.all([one.until(last), other.until(last)])
      expectEqual(one.entries, other.entries, 'announcements')
      const positions = one.entries.map(({ position }) => position)
      expectTrue(
        positions.every((position, index) => index === 0 || position > (positions[index - 1] ?? 0)),
        `${positions} only grow`,
      )
    },
  },
]
