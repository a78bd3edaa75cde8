// A hub over a SQLite file that outlives it. Requests tell it what to publish; every publish has its number as key, so that
// who does not know what was stored before a crash publishes all of it again. Prints its URL as the first line.
import { parseArgs } from 'node:util'
import { createHub, type NodeRequest, type NodeResponse, nodeHandler, respond } from '@sse/server/node'
import { sqliteBackplane } from '@sse/server/sqlite'
import { contract } from './hub-contract.ts'
import { listen } from './listen.ts'
import { servePage } from './page.ts'

const { values } = parseArgs({
  options: {
    path: { type: 'string', default: '' },
    port: { type: 'string', default: '0' },
    tls: { type: 'boolean', default: false },
    /** How many seconds are kept of each order. */
    seconds: { type: 'string', default: '3600' },
    /** How many seconds its clock is ahead. */
    ahead: { type: 'string', default: '0' },
    /** How many streams there may be. */
    streams: { type: 'string', default: '1000' },
    /** The origin that may read from elsewhere. */
    cors: { type: 'string' },
    /** Over how many milliseconds it is drained. */
    within: { type: 'string', default: '1000' },
  },
})

let ahead = Number(values.ahead)
const retain = { events: 100_000, bytes: Number.POSITIVE_INFINITY, seconds: Number(values.seconds) }
const backplane = sqliteBackplane({ path: values.path, retain, now: () => Date.now() + ahead * 1_000 })
const hub = createHub({ contract, backplane, channels: { room: { presence: true } }, limits: { streams: Number(values.streams) } })
const streams = { heartbeat: 2_000, retry: 100 }
/** Methods and queries, as they came. */
const requests: string[] = []

const serveEvents = nodeHandler(hub, {
  ...streams,
  ...(values.cors === undefined ? {} : { cors: { origin: values.cors } }),
  authorize: ({ request, topics, subtrees }) => ({
    allow: [...topics.filter(({ channel }) => channel !== 'secret'), ...subtrees],
    identity: urlOf(request).searchParams.get('as') ?? undefined,
  }),
})

async function handle(request: NodeRequest, response: NodeResponse): Promise<void> {
  const { pathname, searchParams, search } = urlOf(request)
  const orders = searchParams.getAll('order').map((orderId) => contract.order({ orderId }))
  const number = (name: string, fallback: number): number => Number(searchParams.get(name) ?? fallback)
  switch (pathname) {
    case '/events':
      requests.push(`${request.method} ${search}`)
      return serveEvents(request, response)
    case '/order':
      return respond(request, response, streams, (stream) => hub.subscribe(stream, orders))
    case '/publish': {
      const padding = 'x'.repeat(number('size', 0))
      /** What waited at most for one reader. */
      let largest = 0
      for (let n = number('from', 1); n <= number('to', 0); n++) {
        const event = { type: 'shipped', data: { n, at: new Date(), padding } } as const
        await Promise.all(orders.map((order) => hub.publish(order, event, { key: String(n) })))
        largest = Math.max(largest, hub.stats().outboxes.largest)
        const every = number('every', 0)
        if (every > 0) await new Promise((resolve) => setTimeout(resolve, every))
      }
      return answer(response, { largest })
    }
    case '/end':
      for (const order of orders) await hub.end(order)
      return answer(response, {})
    case '/disconnect':
      return answer(response, { count: orders.reduce((count, topic) => count + hub.disconnect({ topic }), 0) })
    case '/clock':
      ahead = number('ahead', 0)
      return answer(response, {})
    case '/stats':
      return answer(response, { ...hub.stats(), requests })
    default:
      return servePage(pathname, response)
  }
}

function urlOf(request: NodeRequest): URL {
  return new URL(request.url ?? '/', 'http://localhost')
}

function answer(response: NodeResponse, json: object): void {
  if ('stream' in response) response.end(JSON.stringify(json))
  else response.end(JSON.stringify(json))
}

const server = await listen(values, handle)

// Nothing exits: the process is over when `close` has let go of everything.
process.once('SIGTERM', async () => {
  await hub.drain({ within: Number(values.within) })
  await new Promise((resolve) => server.close(resolve))
  await hub.close()
  await backplane.close()
})
