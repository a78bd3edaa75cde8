import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import { createHub, memoryBackplane } from '../index.js'
import { portOf, servedHttp } from '../testing/adapters.js'
import { deferred, turns } from '../testing/deferred.js'
import { type Follower, follow } from '../testing/following.js'
import {
  contract,
  everybody,
  type HubAdapter,
  type HubServer,
  type HubServerOptions,
  hubAdapters,
  nodeListener,
  serveHub,
  type TestChannels,
} from '../testing/hub.js'
import { rawRequest } from '../testing/raw.js'
import { Reading } from '../testing/reading.js'

// F8: events larger than an outbox among small ones, to fast readers and to slow ones, over real sockets.

const order = contract.order({ orderId: 42 })
const large = 10_000_000
/** Of the outbox, unless a test says otherwise. */
const bound = 1_048_576

const overHttp: HubAdapter = { name: 'node:http', serve: (hub, options) => servedHttp(createServer(nodeListener(hub, options))) }

interface Serving extends HubServerOptions {
  readonly adapter?: HubAdapter
}

async function serve({ adapter = overHttp, handler = {}, hub }: Serving = {}): Promise<HubServer> {
  const backplane = memoryBackplane({ retain: { bytes: 100_000_000 } })
  return serveHub(adapter, { hub: { backplane, maxEventBytes: 2 * large, ...hub }, handler })
}

/** Publishes in this order: numbers as they are, and texts of so many characters. */
async function publish({ hub, order: publishNumber }: HubServer, events: readonly (number | { readonly size: number })[]): Promise<void> {
  for (const event of events) {
    if (typeof event === 'number') await publishNumber(42, event)
    else await hub.publish(order, { type: 'note', data: { text: 'x'.repeat(event.size) } })
  }
}

function reader(server: HubServer, pace?: () => Promise<unknown>): Promise<Follower> {
  return follow((cursor) => server.get(['orders/42'], cursor === undefined ? {} : { headers: { 'last-event-id': cursor } }), pace)
}

/** What came, in short: numbers as they are, and texts by their size. */
function inBrief({ data }: Follower): readonly (number | { readonly size: number })[] {
  return data.map((one) => {
    const { n, text }: { n?: number; text?: string } = JSON.parse(one)
    return n ?? { size: text?.length ?? 0 }
  })
}

const gapsOf = ({ readings }: Follower): number =>
  readings.flatMap(({ controls }) => controls.filter(({ type }) => type === 'sse.gap')).length

describe.each(hubAdapters)('F8 an event larger than the outbox, $name', (adapter) => {
  test('with others before and behind it is nothing that a fast reader would notice', async () => {
    await using server = await serve({ adapter })
    const readers = await Promise.all(Array.from({ length: 3 }, () => reader(server)))
    await Promise.all(readers.map(({ readings: [first] }) => first?.live()))
    const events = [1, 2, { size: large }, 3, 4, 5]
    await publish(server, events)
    await Promise.all(readers.map((each) => each.take(events.length)))
    for (const each of readers) expect([inBrief(each), each.readings.length, gapsOf(each)]).toEqual([events, 1, 0])
    expect(server.hub.stats().overflows.disconnected).toBe(0)
  })

  test('passes, part by part, to a reader that is slow but reads, while others come behind it', async () => {
    await using server = await serve({ adapter })
    const [fast, slow] = [await reader(server), await reader(server, () => turns(3))]
    await Promise.all([fast, slow].map(({ readings: [first] }) => first?.live()))
    const events = [1, { size: large }, ...Array.from({ length: 200 }, (_, index) => index + 2)]
    const reading = Promise.all([fast, slow].map((each) => each.take(events.length)))
    for (const event of events) {
      await publish(server, [event])
      await turns()
    }
    await reading
    for (const each of [fast, slow]) expect([inBrief(each), each.readings.length, gapsOf(each)]).toEqual([events, 1, 0])
  })
})

describe('F8 an event larger than the outbox', () => {
  test('costs a reader that takes nothing no more than one such event beside the bound; it comes back and gets everything', async () => {
    await using server = await serve()
    const goesOn = deferred<void>()
    const [fast, stopped] = [await reader(server), await reader(server, () => goesOn.promise)]
    await Promise.all([fast, stopped].map(({ readings: [first] }) => first?.live()))
    const events = [{ size: large }, ...Array.from({ length: 300 }, () => ({ size: 10_000 })), 1, { size: large }, 2]
    let most = 0
    for (const [index, event] of events.entries()) {
      await publish(server, [event])
      most = Math.max(most, server.hub.stats().outboxes.largest)
      await fast.take(index + 1)
    }
    goesOn.resolve()
    await stopped.take(events.length)
    expect(most).toBeGreaterThan(1_000_000)
    expect(most).toBeLessThan(bound + large + 1_000)
    expect([inBrief(fast), fast.readings.length, gapsOf(fast)]).toEqual([events, 1, 0])
    expect([inBrief(stopped), gapsOf(stopped)]).toEqual([events, 0])
    expect(stopped.readings.length).toBeGreaterThan(1)
  }, 20_000)

  test('several at once cost even a fast reader its connection at most once: in a replay each waits for the one before', async () => {
    await using server = await serve()
    const fast = await reader(server)
    await fast.readings[0]?.live()
    const events = [{ size: large }, { size: large }, 1, { size: 2_000_000 }, { size: 2_000_000 }, 2, { size: large }, 3]
    await publish(server, events)
    await fast.take(events.length)
    expect([inBrief(fast), gapsOf(fast)]).toEqual([events, 0])
    expect(fast.readings.length).toBeLessThanOrEqual(2)
  })

  test('in a replay passes a small outbox, on the first connection that asks for it', async () => {
    await using server = await serve({ handler: { outbox: { maxBytes: 20_000 } } })
    const away = await reader(server)
    await away.readings[0]?.live()
    away.readings[0]?.leave()
    const events = [1, { size: large }, 2, { size: 300_000 }, { size: 300_000 }, 3]
    await publish(server, events)
    await away.take(events.length)
    expect([inBrief(away), gapsOf(away), away.readings.length]).toEqual([events, 0, 2])
  })

  test('costs a reader that takes a byte at a time no more than its bounds: it is let go, and the fast ones do not notice', async () => {
    const closes: string[] = []
    const hub = createHub<TestChannels>({
      contract,
      backplane: memoryBackplane({ retain: { bytes: 100_000_000 } }),
      maxEventBytes: 2 * large,
    })
    const listener = nodeListener(hub, { authorize: everybody, onError: () => {}, onClose: ({ reason }) => closes.push(reason) })
    const server = createServer(listener)
    await using running = await servedHttp(server)
    const path = '/events?topic=orders/42'
    const fast = new Reading(await running.ask({ path }))
    const slow = connect(portOf(server), '127.0.0.1')
    slow.on('error', () => {})
    slow.write(rawRequest('GET', '1.1').replace('/events', path))
    await Promise.all([fast.live(), once(slow, 'readable')])
    // Not `once`, which rejects where the connection is reset.
    const isOver = new Promise((resolve) => slow.on('close', resolve))
    const byteByByte = setInterval(() => slow.read(1), 5)
    const sizes: number[] = []
    let most = 0
    // As many as its kernel takes, and its outbox.
    while (closes.length === 0 && sizes.length < 5_000) {
      sizes.push(sizes.length === 0 ? large : 10_000)
      await hub.publish(order, { type: 'note', data: { text: 'x'.repeat(sizes.at(-1) ?? 0) } })
      most = Math.max(most, hub.stats().outboxes.largest)
      await fast.take(sizes.length)
    }
    expect(fast.events.map(({ data }) => JSON.parse(data).text.length)).toEqual(sizes)
    expect(closes).toEqual(['overflow'])
    expect(most).toBeLessThan(bound + large + 1_000)
    clearInterval(byteByByte)
    slow.destroy()
    await isOver
    fast.leave()
    await hub.close()
  })

  test('that is not retained is a gap for who comes back, and comes to who is there', async () => {
    const backplane = memoryBackplane({ retain: { bytes: 1_000_000 } })
    await using server = await serve({ hub: { backplane } })
    const [there, away] = [await reader(server), await reader(server)]
    await Promise.all([there, away].map(({ readings: [first] }) => first?.live()))
    away.readings[0]?.leave()
    await publish(server, [1, { size: large }, 2])
    await Promise.all([there.take(3), away.take(1)])
    expect([inBrief(there), gapsOf(there)]).toEqual([[1, { size: large }, 2], 0])
    expect([inBrief(away), gapsOf(away)]).toEqual([[2], 1])
  })
})
