import type { Tail } from '../backplane.js'
import { expectEqual, expectTrue } from './expect.js'
import { all, dataOf, event, type Specification } from './harness.js'

/** What the shard is at: its counter, tails, floor and epochs. */
export const shard: readonly Specification[] = [
  {
    name: 'a fresh shard has an epoch, and neither position, floor nor past',
    run: async ({ backplane }) => {
      const { epoch, ...rest } = await backplane.state(['a'], 0)
      expectTrue(/^[A-Za-z0-9-_~]{8,32}$/.test(epoch), `${epoch} is 8 to 32 characters that an id can carry`)
      expectEqual([rest.position, rest.floor, rest.past, rest.tails], [0, 0, [], []], 'position, floor, past and tails')
    },
  },
  {
    name: 'the state tells the last position, and the tails of those topics that there are',
    run: async ({ backplane }) => {
      const a = await backplane.append(event('a'))
      const b = await backplane.append(event('b'))
      const c = await backplane.append(event('c'))
      const state = await backplane.state(['b', 'never', 'a'], c.position)
      expectEqual([state.epoch, state.position], [a.epoch, c.position], 'epoch and position')
      expectEqual(
        byName(state.tails),
        [
          { topic: 'a', position: a.position, ended: false },
          { topic: 'b', position: b.position, ended: false },
        ],
        'tails, wherever they are',
      )
    },
  },
  {
    name: 'of a subtree the state tells the topics with a tail above the position asked for',
    run: async ({ backplane }) => {
      const subtree = 'orders/*'
      const one = await backplane.append(event('orders/1', '', { subtree }))
      const two = await backplane.append(event('orders/2', '', { subtree }))
      await backplane.append(event('users/1', '', { subtree: 'users/*' }))
      const three = await backplane.append(event('orders/3', '', { subtree }))
      const topics = async (names: readonly string[], after: number): Promise<readonly string[]> =>
        byName((await backplane.state(names, after)).tails).map(({ topic }) => topic)
      expectEqual(await topics([subtree], 0), ['orders/1', 'orders/2', 'orders/3'], 'all of them')
      expectEqual(await topics([subtree], one.position), ['orders/2', 'orders/3'], 'above the first')
      expectEqual(await topics([subtree], two.position), ['orders/3'], 'above the second')
      expectEqual(await topics([subtree], three.position), [], 'above the last')
      expectEqual(await topics([subtree, 'orders/1'], two.position), ['orders/1', 'orders/3'], 'and one by its name')
      expectEqual(await topics([subtree, 'orders/3'], 0), ['orders/1', 'orders/2', 'orders/3'], 'none twice')
      await backplane.append(event('orders/1', '', { subtree }))
      expectEqual(await topics([subtree], three.position), ['orders/1'], 'above the last, when the first has moved')
    },
  },
  {
    name: 'a sweep gives back a topic that is idle for long, and raises the floor to its tail',
    options: { retain: { seconds: 10 }, rememberTopics: 100 },
    run: async ({ backplane, clock }) => {
      const subtree = 'all'
      const { position } = await backplane.append(event('a', '', { subtree }))
      clock.now += 1_000
      const other = await backplane.append(event('b', '', { subtree }))
      clock.now += 98_999
      await backplane.sweep()
      expectEqual((await backplane.state([subtree], 0)).tails.length, 2, 'tails within the time')
      clock.now += 1
      await backplane.sweep()
      const state = await backplane.state([subtree, 'a', 'b'], 0)
      expectEqual(state.tails, [{ topic: 'b', position: other.position, ended: false }], 'tails after it')
      expectEqual([state.floor, state.position], [position, other.position], 'floor and position')
    },
  },
  {
    name: 'a sweep leaves a topic that still retains an event, however idle',
    options: { retain: { seconds: 1_000 }, rememberTopics: 0 },
    run: async ({ backplane, clock }) => {
      await backplane.append(event('a', 'one'))
      clock.now += 999_999
      await backplane.sweep()
      expectEqual(dataOf(await all(backplane, 'a')), ['one'], 'entries')
      clock.now += 1
      await backplane.sweep()
      expectEqual((await backplane.state(['a'], 0)).tails, [], 'tails when it has expired')
    },
  },
  {
    name: 'a topic born again links to the floor',
    options: { retain: { seconds: 10 }, rememberTopics: 10 },
    run: async ({ backplane, clock }) => {
      await backplane.append(event('a', 'first life'))
      const other = await backplane.append(event('b', 'other'))
      clock.now += 10_000
      await backplane.sweep()
      await backplane.append(event('a', 'second life'))
      const entries = await all(backplane, 'a')
      expectEqual(dataOf(entries), ['second life'], 'entries')
      expectEqual(entries[0]?.previous, other.position, 'its link')
      expectEqual((await backplane.state([], 0)).floor, other.position, 'the floor')
    },
  },
  {
    name: 'no state shows a topic gone and the floor below its tail',
    options: { retain: { events: 0 }, rememberTopics: 10 },
    run: async ({ backplane, clock }) => {
      const tails = new Map<string, number>()
      for (let topic = 0; topic < 30; topic++) tails.set(`t${topic}`, (await backplane.append(event(`t${topic}`))).position)
      clock.now += 10_000
      const sweep = backplane.sweep()
      const states = await Promise.all(Array.from({ length: 20 }, () => backplane.state([...tails.keys()], 0)))
      await sweep
      for (const state of [...states, await backplane.state([...tails.keys()], 0)]) {
        const there = new Set(state.tails.map(({ topic }) => topic))
        for (const [topic, tail] of tails) expectTrue(there.has(topic) || state.floor >= tail, `${topic} is there, or below the floor`)
      }
    },
  },
  {
    name: 'beyond the number of topics that are remembered the longest idle is given back, as a sweep would',
    options: { maxTopics: 2 },
    run: async ({ backplane }) => {
      await backplane.append(event('a', 'a1'))
      const b = await backplane.append(event('b', 'b1'))
      await backplane.append(event('a', 'a2'))
      await backplane.append(event('c', 'c1'))
      const state = await backplane.state(['a', 'b', 'c'], 0)
      expectEqual(
        byName(state.tails).map(({ topic }) => topic),
        ['a', 'c'],
        'topics',
      )
      expectEqual(state.floor, b.position, 'the floor')
      expectEqual(await all(backplane, 'b'), [], 'entries')
    },
  },
  {
    name: 'a restart keeps epoch, positions, entries, tails and keys',
    needs: 'keeps',
    run: async ({ backplane, restart }) => {
      await backplane.append(event('a', 'one', { key: 'k', subtree: 'all' }))
      const { position: last } = await backplane.append(event('b', 'two', { subtree: 'all' }))
      const before = [await backplane.state(['all'], 0), await all(backplane, 'a')]
      const again = await restart()
      expectEqual([await again.state(['all'], 0), await all(again, 'a')], before, 'state and entries')
      expectEqual((await again.append(event('a', 'one', { key: 'k' }))).duplicate, true, 'a duplicate')
      const { position } = await again.append(event('a', 'three'))
      expectTrue(position > last, `${position} is above those before`)
    },
  },
  {
    name: 'a restart that forgets begins another epoch',
    needs: 'forgets',
    run: async ({ backplane, restart }) => {
      const { epoch } = await backplane.append(event('a', 'one'))
      const state = await (await restart()).state(['a'], 0)
      expectTrue(state.epoch !== epoch, 'the epoch is another one')
      expectEqual(
        state.past.filter((one) => one.epoch === epoch && one.end > 0),
        [],
        'what it vouches for',
      )
    },
  },
  {
    name: 'two shards have different epochs',
    needs: 'forgets',
    run: async ({ backplane, restart }) => {
      const epochs = [(await backplane.state([], 0)).epoch]
      for (let count = 0; count < 5; count++) epochs.push((await (await restart()).state([], 0)).epoch)
      expectEqual(new Set(epochs).size, epochs.length, 'different epochs')
    },
  },
]

function byName(tails: readonly Tail[]): readonly Tail[] {
  return [...tails].sort((one, other) => (one.topic < other.topic ? -1 : 1))
}
