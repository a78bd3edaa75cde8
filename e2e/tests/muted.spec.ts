import { expect, test } from '@playwright/test'
import { HttpProxy } from '../servers/http-proxy.ts'
import { hubServer } from '../servers/process.ts'
import { Storage } from '../servers/storage.ts'
import { follow, receivedBy, toldTo, untilAt } from './following.ts'
import { poll, publish, whole } from './watching.ts'

const topics = ['orders/1', 'orders/2']

for (const [whose, options] of [
  ['a page', {}],
  ['tabs that share it', { shared: { identity: 'anna' } }],
] as const) {
  test(`a proxy that holds back all that comes of a connection, and keeps it open, costs ${whose} no event`, async ({
    context,
    request,
  }) => {
    await using storage = await Storage.make()
    await using server = await hubServer(storage.path)
    await using proxy = await HttpProxy.start(server.url)
    const pages = [await context.newPage(), ...('shared' in options ? [await context.newPage()] : [])]
    for (const page of pages) await follow(page, proxy.url, ['1', '2'], options)
    await publish(request, server, topics, { to: 5 })
    for (const page of pages) await untilAt(page, 5)
    expect(proxy.mute()).toBe(1)
    await publish(request, server, topics, { from: 6, to: 9 })
    // Nothing of it came through, and nobody was told that anything is wrong.
    for (const page of pages) expect(await receivedBy(page)).toEqual(whole(topics, 5))
    expect(proxy.muted).toBe(1)
    for (const page of pages) {
      await untilAt(page, 9)
      expect(await receivedBy(page)).toEqual(whole(topics, 9))
      expect(await toldTo(page)).toEqual([])
    }
    await expect.poll(() => proxy.muted, poll).toBe(0)
    const states = await Promise.all(pages.map((page) => page.evaluate(() => window.sse.follower().states)))
    // Two heartbeats without a byte, and no error of the network's.
    expect(states.flat().filter((state) => /waiting/.test(state))).toContainEqual(expect.stringMatching(/ waiting silent$/))
  })
}
