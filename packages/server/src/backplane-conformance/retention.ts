import { expectEqual } from './expect.js'
import { all, dataOf, end, event, type Specification } from './harness.js'

const everything = Number.MAX_SAFE_INTEGER

/** What is kept, what is given back, and how it is read. */
export const retention: readonly Specification[] = [
  {
    name: 'a topic keeps so many events as the default says, the newest, and each topic its own',
    options: { retain: { events: 3 } },
    run: async ({ backplane }) => {
      for (const data of ['1', '2', '3', '4', '5']) await backplane.append(event('a', data))
      await backplane.append(event('b', 'b'))
      expectEqual([dataOf(await all(backplane, 'a')), dataOf(await all(backplane, 'b'))], [['3', '4', '5'], ['b']], 'entries')
    },
  },
  {
    name: 'a topic keeps so many events as its append says, and as the last one that said so',
    options: { retain: { events: 100 } },
    run: async ({ backplane }) => {
      const kept = async (): Promise<readonly string[]> => dataOf(await all(backplane, 'a'))
      for (const data of ['1', '2', '3']) await backplane.append(event('a', data, { retain: { events: 2 } }))
      expectEqual(await kept(), ['2', '3'], 'entries')
      await backplane.append(event('a', '4'))
      expectEqual(await kept(), ['3', '4'], 'entries after an append that says nothing')
      await backplane.append(event('a', '5', { retain: { events: 3 } }))
      expectEqual(await kept(), ['3', '4', '5'], 'entries after one that says more')
      await backplane.append(event('a', '6', { retain: { events: 1 } }))
      expectEqual(await kept(), ['6'], 'entries after one that says less')
    },
  },
  {
    name: 'an event expires with its age, also where nothing is appended or swept',
    options: { retain: { seconds: 10 } },
    run: async ({ backplane, clock }) => {
      await backplane.append(event('a', 'old'))
      clock.now += 4_000
      const { position } = await backplane.append(event('a', 'new'))
      clock.now += 5_999
      expectEqual(dataOf(await all(backplane, 'a')), ['old', 'new'], 'entries within the time')
      clock.now += 1
      expectEqual(dataOf(await all(backplane, 'a')), ['new'], 'entries when the first has expired')
      clock.now += 4_000
      expectEqual(await all(backplane, 'a'), [], 'entries when both have')
      expectEqual((await backplane.state(['a'], 0)).tails, [{ topic: 'a', position, ended: false }], 'tails, which outlive the entries')
    },
  },
  {
    name: 'a topic keeps so many bytes of types and data, in UTF-8, and an event that is larger alone is not kept',
    options: { retain: { bytes: 20 } },
    run: async ({ backplane }) => {
      const kept = async (): Promise<readonly string[]> => dataOf(await all(backplane, 'a'))
      // Four bytes of type and six of data each.
      for (const data of ['éé12', 'éé34', 'éé56']) await backplane.append(event('a', data, { type: 'type' }))
      expectEqual(await kept(), ['éé34', 'éé56'], 'entries')
      await backplane.append(event('a', 'x'.repeat(16), { type: 'type' }))
      expectEqual(await kept(), ['x'.repeat(16)], 'entries after one that fits exactly')
      await backplane.append(event('a', 'x'.repeat(17), { type: 'type' }))
      expectEqual(await kept(), [], 'entries after one that is larger alone')
      await backplane.append(event('a', 'small', { type: 'type' }))
      expectEqual(await kept(), ['small'], 'entries after a small one')
    },
  },
  {
    name: 'where the oldest is not kept any more, the next one still links to it',
    options: { retain: { events: 2 } },
    run: async ({ backplane }) => {
      const first = await backplane.append(event('a', '1'))
      await backplane.append(event('a', '2'))
      await backplane.append(event('a', '3'))
      expectEqual((await all(backplane, 'a'))[0]?.previous, first.position, 'the link of the oldest that is kept')
    },
  },
  {
    name: 'infinite bounds keep everything',
    options: { retain: { events: Number.POSITIVE_INFINITY, seconds: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY } },
    run: async ({ backplane, clock }) => {
      await backplane.append(event('a', '1'))
      const retain = { events: Number.POSITIVE_INFINITY, seconds: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY }
      await backplane.append(event('a', '2', { retain }))
      clock.now += 1e12
      await backplane.sweep()
      expectEqual(dataOf(await all(backplane, 'a')), ['1', '2'], 'entries')
    },
  },
  {
    name: 'a page holds what is above its beginning and up to its end, oldest first, up to its limit',
    run: async ({ backplane }) => {
      const positions: number[] = []
      for (const data of ['0', '1', '2', '3', '4']) {
        positions.push((await backplane.append(event('a', data))).position)
        await backplane.append(event('b', data))
      }
      const at = (index: number): number => positions[index] ?? 0
      const page = async (after: number, upTo: number, limit: number): Promise<readonly string[]> =>
        dataOf(await backplane.read('a', { after, upTo, limit }))
      expectEqual(await page(0, everything, 100), ['0', '1', '2', '3', '4'], 'everything')
      expectEqual(await page(at(1), everything, 100), ['2', '3', '4'], 'above an entry')
      expectEqual(await page(at(1) + 1, everything, 100), ['2', '3', '4'], 'above a position of another topic')
      expectEqual(await page(0, at(2), 100), ['0', '1', '2'], 'up to an entry')
      expectEqual(await page(0, at(2) - 1, 100), ['0', '1'], 'up to below it')
      expectEqual(await page(at(0), at(3), 2), ['1', '2'], 'a full page')
      expectEqual(await page(at(2), at(3), 2), ['3'], 'the next one, not full')
      expectEqual(await page(at(4), everything, 2), [], 'above the last one')
      expectEqual(await page(at(3), at(1), 2), [], 'an end before its beginning')
    },
  },
  {
    name: 'a page ends before it holds more bytes than were asked for, but for its first entry',
    run: async ({ backplane }) => {
      for (const data of ['1234', '5678', '90', 'x'.repeat(100)]) await backplane.append(event('a', data))
      const page = async (after: number, bytes: number): Promise<readonly string[]> =>
        dataOf(await backplane.read('a', { after, upTo: everything, limit: 100, bytes }))
      expectEqual(await page(0, 8), ['1234', '5678'], 'as much as fits')
      expectEqual(await page(0, 9), ['1234', '5678'], 'no part of an entry')
      expectEqual(await page(0, 1), ['1234'], 'one, however small the page')
    },
  },
  {
    name: 'a topic that nobody has appended to has no entries, and reading makes none',
    run: async ({ backplane }) => {
      expectEqual(await all(backplane, 'never'), [], 'entries')
      expectEqual((await backplane.state(['never'], 0)).tails, [], 'tails')
    },
  },
  {
    name: 'the last n events of a topic come after where it locates them, all that are kept where they are fewer',
    options: { retain: { events: 4 } },
    run: async ({ backplane }) => {
      for (const data of ['1', '2', '3', '4']) {
        await backplane.append(event('a', data))
        await backplane.append(event('b', data))
      }
      const last = async (count: number): Promise<readonly string[]> =>
        dataOf(await backplane.read('a', { after: await backplane.locate('a', { last: count }), upTo: everything, limit: 100 }))
      expectEqual(await last(0), [], 'the last 0')
      expectEqual(await last(1), ['4'], 'the last one')
      expectEqual(await last(3), ['2', '3', '4'], 'the last three')
      expectEqual(await last(4), ['1', '2', '3', '4'], 'the last four')
      expectEqual(await last(5), ['1', '2', '3', '4'], 'the last five, of four')
      expectEqual(await last(Number.MAX_SAFE_INTEGER), ['1', '2', '3', '4'], 'as many as there are')
      await backplane.append(end('a', 'end'))
      expectEqual(await last(1), ['4', 'end'], 'the last event of a topic that has ended, and its end')
    },
  },
  {
    name: 'what was appended from a time on comes after where it locates it',
    run: async ({ backplane, clock }) => {
      const start = clock.now
      for (const data of ['0', '1', '2']) {
        await backplane.append(event('a', data))
        clock.now += 1_000
      }
      const since = async (time: number): Promise<readonly string[]> =>
        dataOf(await backplane.read('a', { after: await backplane.locate('a', { since: time }), upTo: everything, limit: 100 }))
      expectEqual(await since(0), ['0', '1', '2'], 'since before the first')
      expectEqual(await since(start + 1_000), ['1', '2'], 'since exactly the second')
      expectEqual(await since(start + 1_001), ['2'], 'since just after it')
      expectEqual(await since(start + 2_001), [], 'since after the last')
    },
  },
  {
    name: 'where there is nothing to locate, it is where the shard is',
    options: { retain: { seconds: 10 } },
    run: async ({ backplane, clock }) => {
      await backplane.append(event('a'))
      clock.now += 10_000
      const { position } = await backplane.append(event('b'))
      const located = await Promise.all([
        backplane.locate('never', { last: 3 }),
        backplane.locate('never', { since: 0 }),
        backplane.locate('a', { last: 3 }),
        backplane.locate('a', { since: 0 }),
      ])
      expectEqual(located, [position, position, position, position], 'positions')
    },
  },
]
