// A hub over a SQLite file that outlives it. Requests tell it what to publish; every publish has its number as key, so that
// who does not know what was stored before a crash publishes all of it again. Prints its URL as the first line.
import { json } from 'node:stream/consumers'
import { parseArgs } from 'node:util'
import { parseTopic } from '@sse/schema'
import { createHub, type NodeRequest, type NodeResponse, nodeHandler, OverflowError, respond } from '@sse/server/node'
import { sqliteBackplane } from '@sse/server/sqlite'
import { command, type Told } from './hub-command.ts'
import { contract } from './hub-contract.ts'
import { listen } from './listen.ts'
import { servePage } from './page.ts'

const { values } = parseArgs({
  options: {
    path: { type: 'string', default: '' },
    port: { type: 'string', default: '0' },
    tls: { type: 'boolean', default: false },
    /** How many seconds are kept of each topic. */
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
const backplane = sqliteBackplane({
  path: values.path,
  retain: { events: 100_000, bytes: Number.POSITIVE_INFINITY, seconds: Number(values.seconds) },
  now: () => Date.now() + ahead * 1_000,
})
const hub = createHub({
  contract,
  backplane,
  channels: { price: { conflate: () => 'latest' }, log: { overflow: 'drop-oldest' }, room: { presence: true } },
  limits: { streams: Number(values.streams) },
  // Longer than any test: what is lost on the way must not be mended by the next look at what there is.
  verifyInterval: 300_000,
})
const streams = {
  heartbeat: 2_000,
  retry: 100,
  onError: (error: unknown) => {
    // It is in the stats.
    if (!(error instanceof OverflowError)) console.error(error)
  },
}
/** Methods and queries, as they came. */
const requests: string[] = []

const serveEvents = nodeHandler(hub, {
  ...streams,
  ...(values.cors === undefined ? {} : { cors: { origin: values.cors } }),
  authorize: ({ request, topics, subtrees }) => ({
    allow: [...topics.filter(({ channel }) => channel !== 'secret'), ...subtrees],
    identity: urlOf(request).searchParams.get('as') ?? undefined,
    expires: expiryOf(request.headers.authorization),
  }),
})

async function handle(request: NodeRequest, response: NodeResponse): Promise<void> {
  const { pathname, search, searchParams } = urlOf(request)
  switch (pathname) {
    case '/events':
      requests.push(`${request.method} ${search}`)
      return serveEvents(request, response)
    case '/chosen': {
      const topics = searchParams.getAll('topic').map(countedTopic)
      return respond(request, response, streams, (stream) => hub.subscribe(stream, topics))
    }
    case '/publish':
      return answer(response, { largest: await publish(await commandOf(request)) })
    case '/end':
      for (const topic of (await commandOf(request)).topics) await hub.end(countedTopic(topic))
      return answer(response, {})
    case '/disconnect': {
      const { identity, topics } = await commandOf(request)
      const whom = identity === undefined ? topics.map((topic) => ({ topic: countedTopic(topic) })) : [{ identity }]
      return answer(response, { count: whom.reduce((count, where) => count + hub.disconnect(where, 'Come back, please.'), 0) })
    }
    case '/clock':
      ahead = (await commandOf(request)).ahead
      return answer(response, {})
    case '/stats':
      return answer(response, { ...hub.stats(), requests })
    default:
      return servePage(pathname, response)
  }
}

/** Returns the most bytes that waited for one reader. */
async function publish({ topics, from, to, every, size }: Told): Promise<number> {
  const padding = 'x'.repeat(size)
  let largest = 0
  for (let n = from; n <= to; n++) {
    const event = { type: 'counted', data: { n, at: new Date(), padding } } as const
    await Promise.all(topics.map((topic) => hub.publish(countedTopic(topic), event, { key: String(n) })))
    largest = Math.max(largest, hub.stats().outboxes.largest)
    if (every > 0) await new Promise((resolve) => setTimeout(resolve, every))
  }
  return largest
}

function countedTopic(name: string) {
  const topic = parseTopic(contract, name)
  if (topic?.channel === 'order' || topic?.channel === 'price' || topic?.channel === 'log') return topic
  throw new Error(`${name} is no topic of numbers`)
}

/** A token is the time when it expires. */
function expiryOf(authorization: string | undefined): Date | undefined {
  return authorization === undefined ? undefined : new Date(Number(authorization.replace('Bearer ', '')))
}

async function commandOf(request: NodeRequest): Promise<Told> {
  return command.parse(await json(request))
}

function urlOf(request: NodeRequest): URL {
  return new URL(request.url ?? '/', 'http://localhost')
}

function answer(response: NodeResponse, body: object): void {
  if ('stream' in response) response.end(JSON.stringify(body))
  else response.end(JSON.stringify(body))
}

const server = await listen(values, handle)

// Nothing exits: the process is over when `close` has let go of everything.
process.once('SIGTERM', async () => {
  await hub.drain({ within: Number(values.within) })
  await new Promise((resolve) => server.close(resolve))
  await hub.close()
  await backplane.close()
})
