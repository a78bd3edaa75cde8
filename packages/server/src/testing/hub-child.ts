// A hub in a process of its own, whose limits and network are the test's to spoil. It is told what to do by its arguments,
// and says what happened in lines of JSON.

import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { createHub, memoryBackplane, nodeHandler } from '../node.js'
import { listen } from './adapters.js'
import { contract, everybody, type TestChannels } from './hub.js'

function say(what: object): void {
  process.stdout.write(`${JSON.stringify(what)}\n`)
}

/** Serves, publishes a number for each line that it reads, and says how many streams there are. */
async function serve(): Promise<void> {
  const hub = createHub<TestChannels>({ contract, backplane: memoryBackplane() })
  const handle = nodeHandler(hub, { authorize: everybody })
  const server = createServer((request, response) => void handle(request, response))
  process.on('unhandledRejection', (error) => say({ unhandled: String(error) }))
  say({ port: await listen(server) })
  for await (const line of createInterface({ input: process.stdin })) {
    await hub.publish(contract.order({ orderId: 42 }), { type: 'created', data: { n: Number(line) } })
    say({ published: Number(line), streams: hub.stats().streams })
  }
  process.exit(0)
}

/** Opens a stream to a reader, takes the network away without a word to either, and says how the stream ended. */
async function halfOpen(heartbeat: number): Promise<void> {
  const hub = createHub<TestChannels>({ contract, backplane: memoryBackplane() })
  const handle = nodeHandler(hub, {
    authorize: everybody,
    heartbeat,
    onClose: (close) => {
      say({ closed: close.reason, milliseconds: performance.now() - began, streams: hub.stats().streams })
      setImmediate(() => process.exit(0))
    },
  })
  const server = createServer((request, response) => void handle(request, response))
  execFileSync('ip', ['link', 'set', 'lo', 'up'])
  const socket = connect(await listen(server), '127.0.0.1')
  socket.write('GET /events?topic=orders/42 HTTP/1.1\r\nhost: sse.test\r\n\r\n')
  let text = ''
  while (!text.includes('sse.live')) {
    const [chunk]: unknown[] = await once(socket, 'data')
    text += String(chunk)
  }
  // The kernel's acknowledgement of it must have come: what is on its way is repeated for a quarter of an hour.
  await new Promise((resolve) => setTimeout(resolve, 200))
  execFileSync('ip', ['link', 'set', 'lo', 'down'])
  const began = performance.now()
}

const [task, heartbeat = '15000'] = process.argv.slice(2)
await (task === 'serve' ? serve() : halfOpen(Number(heartbeat)))
