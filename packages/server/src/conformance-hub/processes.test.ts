import { once } from 'node:events'
import { Agent, createServer } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Hub } from '../hub.js'
import { createHub } from '../index.js'
import { sqliteBackplane } from '../sqlite.js'
import { askHttp, listen } from '../testing/adapters.js'
import { type Built, build, type Child } from '../testing/children.js'
import { type Follower, follow } from '../testing/following.js'
import { contract, everybody, nodeListener, type TestChannels } from '../testing/hub.js'
import { Reading } from '../testing/reading.js'
import { rejection } from '../testing/session.js'
import { inDirectory } from '../testing/temporary-directory.js'

// Hubs of several processes over one file, of which some are killed.

let built: Built
beforeAll(async () => {
  built = await build(new URL('../testing/hub-child.ts', import.meta.url))
}, 60_000)
afterAll(() => built.remove())

const order = contract.order({ orderId: 42 })
const upTo = (count: number, from = 1): number[] => Array.from({ length: count }, (_, index) => index + from)
const numbersOf = ({ data }: Follower): number[] => data.map((one) => JSON.parse(one).n)
const gapsOf = ({ readings }: Follower): unknown[] => readings.flatMap(({ controls }) => controls.filter(({ type }) => type === 'sse.gap'))

/** A hub's process that serves the file. */
async function startNode(path: string): Promise<{ readonly child: Child; readonly port: number }> {
  const child = built.start([path])
  await child.said(1)
  return { child, port: Number(child.lines[0]) }
}

/** Tells it what to publish, and waits for the answers. */
async function publish(child: Child, what: readonly (number | 'end')[]): Promise<void> {
  const said = child.lines.length
  child.process.stdin.write(what.map((one) => `${one}\n`).join(''))
  await child.said(said + what.length)
}

function reader(portOf: () => number): Promise<Follower> {
  const agent = new Agent()
  return follow(async (cursor) => {
    const headers = cursor === undefined ? {} : { 'last-event-id': cursor }
    return new Reading(await askHttp(portOf(), agent, { path: '/?topic=orders/42', headers }))
  })
}

test('F3 a node that is killed in the midst of a broadcast: its readers go on at another, with every event once and in order', async () => {
  await inDirectory(async (path) => {
    const [first, second] = [await startNode(path), await startNode(path)]
    let port = first.port
    const readers = await Promise.all(Array.from({ length: 5 }, () => reader(() => port)))
    await Promise.all(readers.map(({ readings: [reading] }) => reading?.live()))
    await publish(first.child, upTo(50))
    await Promise.all(readers.slice(0, 3).map((each) => each.take(20)))
    // More is under way: of it nobody knows what was stored.
    first.child.process.stdin.write(upTo(50, 51).join('\n'))
    port = second.port
    first.child.process.kill('SIGKILL')
    await first.child.ended
    await publish(second.child, [1_000])
    const reference = new Reading(await askHttp(port, new Agent(), { path: '/?topic=orders/42@last:1000' }))
    await reference.live()
    const stored = reference.events.map(({ data }) => JSON.parse(data).n)
    expect(stored).toEqual([...upTo(stored.length - 1), 1_000])
    expect(stored.length).toBeGreaterThan(50)
    await Promise.all(readers.map((each) => each.take(stored.length)))
    for (const each of readers) expect([numbersOf(each), gapsOf(each)]).toEqual([stored, []])
    second.child.process.stdin.end()
    reference.leave()
    await second.child.ended
  })
}, 30_000)

test('E63 what another process publishes, and the end that it gives a topic, reach the readers of this one', async () => {
  await inDirectory(async (path) => {
    const [first, second] = [await startNode(path), await startNode(path)]
    const here = await reader(() => first.port)
    await here.readings[0]?.live()
    await publish(second.child, [1, 2])
    await publish(first.child, [3])
    await publish(second.child, [4, 'end'])
    await here.readings[0]?.all()
    expect([numbersOf(here), here.readings[0]?.controls.at(-1)?.type]).toEqual([[1, 2, 3, 4], 'sse.end'])
    for (const { child } of [first, second]) {
      child.process.stdin.end()
      await child.ended
    }
  })
})

describe('F2 an answer that is lost after the commit, over SQLite', () => {
  test('published again with the same key, here or by another hub of the file, it is one event', async () => {
    await inDirectory(async (path) => {
      const [backplane, other] = [sqliteBackplane({ path }), sqliteBackplane({ path })]
      const append: typeof backplane.append = async (entry) => {
        await backplane.append(entry)
        throw new Error('the connection broke')
      }
      const hubs: Hub<TestChannels>[] = [{ ...backplane, append }, backplane, other].map((each) =>
        createHub<TestChannels>({ contract, backplane: each }),
      )
      const [losing, here, elsewhere] = hubs
      if (losing === undefined || here === undefined || elsewhere === undefined) throw new Error('no hub')
      const server = createServer(nodeListener(elsewhere, { authorize: everybody }))
      const port = await listen(server)
      const following = await reader(() => port)
      await following.readings[0]?.live()
      for (const n of upTo(4)) {
        const publishTo = (hub: Hub<TestChannels>) => hub.publish(order, { type: 'created', data: { n } }, { key: `request ${n}` })
        expect(await rejection(publishTo(losing))).toMatchObject({ message: 'the connection broke' })
        expect(await publishTo(n % 2 === 0 ? here : elsewhere)).toMatchObject({ duplicate: true })
      }
      await elsewhere.publish(order, { type: 'created', data: { n: 5 } })
      await following.take(5)
      expect([numbersOf(following), gapsOf(following)]).toEqual([upTo(5), []])
      following.readings[0]?.leave()
      server.close()
      await once(server, 'close')
      for (const hub of hubs) await hub.close()
      await Promise.all([backplane.close(), other.close()])
    })
  })
})
