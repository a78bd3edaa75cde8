import { Agent } from 'node:http'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { askHttp } from '../testing/adapters.js'
import { type Built, build } from '../testing/children.js'
import { Reading } from '../testing/reading.js'

// F15: a process that may open no more files or sockets.

let built: Built
beforeAll(async () => {
  built = await build(new URL('../testing/hub-child.ts', import.meta.url))
}, 60_000)
afterAll(() => built.remove())

const numbersOf = ({ events }: Reading): number[] => events.map(({ data }) => JSON.parse(data).n)

describe.skipIf(process.platform === 'win32')('F15 a server whose file descriptors are exhausted', () => {
  test('goes on with the readers that it has, and serves new ones, from where they were, once some are free', async () => {
    const child = built.start([], ['sh', '-c', 'ulimit -n 96 && exec "$@"', 'sh'])
    await child.said(1)
    const port = Number(child.lines[0])
    const agent = new Agent()
    const publish = async (n: number): Promise<void> => {
      const said = child.lines.length
      child.process.stdin.write(`${n}\n`)
      await child.said(said + 1)
    }
    const open = async (cursor?: string): Promise<Reading> =>
      new Reading(
        await askHttp(port, agent, { path: '/?topic=orders/42', headers: cursor === undefined ? {} : { 'last-event-id': cursor } }),
      )
    const [stays, leaves] = [await open(), await open()]
    await Promise.all([stays.live(), leaves.live()])
    await publish(1)
    await leaves.take(1)
    leaves.leave()
    // More than it can hold: it closes those for which it has none left.
    const crowd: Socket[] = []
    const refused = new Promise<void>((resolve) => {
      for (let n = 0; n < 200; n++) {
        const socket = connect(port, '127.0.0.1')
        socket.on('error', () => {}).on('close', () => resolve())
        crowd.push(socket)
      }
    })
    await refused
    await publish(2)
    await publish(3)
    await stays.take(3)
    expect(numbersOf(stays)).toEqual([1, 2, 3])
    for (const socket of crowd) socket.destroy()
    // It tries again until the server has let go of the others, as readers do.
    const again = await vi.waitFor(() => open(leaves.cursor), { timeout: 15_000 })
    await again.take(2)
    await publish(4)
    await Promise.all([stays.take(4), again.take(3)])
    expect([numbersOf(stays), numbersOf(again)]).toEqual([
      [1, 2, 3, 4],
      [2, 3, 4],
    ])
    expect([...stays.controls, ...again.controls].map(({ type }) => type)).not.toContain('sse.gap')
    agent.destroy()
    child.process.stdin.end()
    expect(await child.ended).toBe(0)
  }, 30_000)
})
