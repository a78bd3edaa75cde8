// A hub behind a server, as another process. It is built before it runs, as the published package is.

import { createServer } from 'node:http'
import { createInterface } from 'node:readline'
import { channel, defineContract } from '@sse/schema'
import { z } from 'zod'
import { nodeHandler } from '../adapters/node-handler.js'
import { createHub, memoryBackplane } from '../index.js'
import { sqliteBackplane } from '../sqlite.js'

function say(line: string | number): void {
  process.stdout.write(`${line}\n`)
}

const contract = defineContract({ order: channel('orders/:orderId', { created: z.object({ n: z.number() }) }) })
const path = process.argv[2]
const backplane = path === undefined ? memoryBackplane() : sqliteBackplane({ path })
const hub = createHub({ contract, backplane })
const server = createServer(nodeHandler(hub, { authorize: ({ topics }) => ({ allow: topics }) }))
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  say(typeof address === 'object' && address !== null ? address.port : '')
})

// Publishes each number that it is given, or ends the topic, and says the position.
const order = contract.order({ orderId: 42 })
for await (const line of createInterface(process.stdin)) {
  const { position } = await (line === 'end' ? hub.end(order) : hub.publish(order, { type: 'created', data: { n: Number(line) } }))
  say(position)
}
process.exit()
