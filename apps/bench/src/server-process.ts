import { createServer } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { answerRequests, say } from './child.ts'
import { type ServerRequest, serverRequest } from './messages.ts'
import { isPeer, peers } from './servers/peers.ts'
import { tickOf } from './tick.ts'

const [, , name] = process.argv
if (!isPeer(name)) throw new Error(`There is no server ${name}: only ${Object.keys(peers).join(', ')}`)
const { path, listener, flush } = await peers[name]()
let last = 0

async function answer(request: ServerRequest): Promise<object> {
  if (request.ask === 'usage') return process.cpuUsage()
  if (request.ask === 'memory') {
    globalThis.gc?.()
    return { rss: process.memoryUsage.rss() }
  }
  const { flushes, batch, bytes, rate } = request
  const start = performance.now()
  for (let number = 0; number < flushes; number++) {
    // By the clock of the beginning: late flushes do not make all that follow late, too.
    await pause(Math.max(0, start + (number / rate) * 1_000 - performance.now()))
    await flush(Array.from({ length: batch }, () => tickOf(++last, bytes)))
  }
  return { last }
}

answerRequests(serverRequest, answer)
const server = createServer(listener).listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address !== null && typeof address === 'object') say({ port: address.port, path })
})
