import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { Agent } from 'node:http'
import { connect, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { askHttp } from '../testing/adapters.js'
import { startHubProcess } from '../testing/processes.js'
import { rawRequest } from '../testing/raw.js'
import { Reading } from '../testing/reading.js'

// What an operating system does to a process: it can only be shown in one that is nobody else's.

const path = '/events?topic=orders/42'
const canLimit = spawnSync('prlimit', ['--version']).status === 0
const canUnplug = spawnSync('unshare', ['-rn', 'ip', 'link', 'set', 'lo', 'up']).status === 0

/** A connection that asks for a stream, and how it went: false where it was closed without an answer. */
async function knock(port: number): Promise<{ readonly socket: Socket; readonly answered: boolean }> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write(rawRequest('GET', '1.1').replace('/events', path))
  const answered = await Promise.race([once(socket, 'data').then(() => true), once(socket, 'close').then(() => false)])
  return { socket, answered }
}

test.runIf(canLimit)('F15 file descriptors run out and are freed: who is there stays, and who comes back missed nothing', async () => {
  await using child = await startHubProcess(['prlimit', '--nofile=64'], ['serve'])
  const port = Number((await child.said('port'))['port'])
  const agent = new Agent()
  const ask = async (headers: Readonly<Record<string, string>> = {}): Promise<Reading> =>
    new Reading(await askHttp(port, agent, { path, headers }))
  const [stays, leaves] = [await ask(), await ask()]
  const cursor = (await leaves.live()).id ?? ''
  await stays.live()
  leaves.leave()
  const knocks = await Promise.all(Array.from({ length: 120 }, () => knock(port)))
  // Too many for it, and it said so by closing them.
  expect(knocks.filter(({ answered }) => !answered).length).toBeGreaterThan(20)
  expect(knocks.filter(({ answered }) => answered).length).toBeGreaterThan(5)
  child.write(1)
  expect(await child.said('published')).toMatchObject({ published: 1 })
  await stays.take(1)
  const freed = performance.now()
  for (const { socket } of knocks) socket.destroy()
  let back: Reading | undefined
  // A reader comes back until it is let in.
  while (back === undefined) back = await ask({ 'last-event-id': cursor }).catch(() => undefined)
  await back.take(1)
  // To recover takes no longer than it takes to notice.
  expect(performance.now() - freed).toBeLessThan(10_000)
  child.write(2)
  await Promise.all([stays.take(2), back.take(2)])
  for (const reading of [stays, back]) expect(reading.seen).toEqual(['orders/42#created {"n":1}', 'orders/42#created {"n":2}'])
  agent.destroy()
})

test.runIf(canUnplug)('D49 F4 a peer that is gone without a word is found before the next heartbeat', async () => {
  await using child = await startHubProcess(['unshare', '-rn'], ['half-open', '8000'])
  const { closed, milliseconds, streams } = await child.said('closed')
  // Probed after 2 s, then three times a second apart. Node before 26.4 probes ten times.
  expect({ closed, streams }).toEqual({ closed: 'left', streams: expect.any(Number) })
  expect(Number(milliseconds)).toBeLessThan(16_000)
})
