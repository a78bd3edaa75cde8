// A server whose stream is a function of the position alone, so that it can be killed and started again, and a reader's
// sequence be compared with what was sent. Prints its URL as the first line.
import { parseArgs } from 'node:util'
import type { EventOf } from '@sse/schema'
import { type NodeRequest, type NodeResponse, respond } from '@sse/server/node'
import { sequenceEvents } from './events.ts'
import { listen } from './listen.ts'
import { servePage } from './page.ts'

const { values } = parseArgs({ options: { port: { type: 'string', default: '0' }, tls: { type: 'boolean', default: false } } })

/** How many producers are at work, to see that they stop. */
let running = 0

async function* numbers(
  from: number,
  to: number,
  every: number,
  signal: AbortSignal,
): AsyncGenerator<EventOf<typeof sequenceEvents> & { id: string }> {
  running++
  try {
    for (let n = from + 1; n <= to && !signal.aborted; n++) {
      yield { type: 'number', data: { n, at: new Date() }, id: String(n) }
      if (every > 0) await pause(every, signal)
    }
  } finally {
    running--
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}

async function handle(request: NodeRequest, response: NodeResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost')
  const parameter = (name: string, fallback: number): number => Number(url.searchParams.get(name) ?? fallback)
  switch (url.pathname) {
    case '/numbers':
      return respond(request, response, { events: sequenceEvents, heartbeat: 2_000 }, (stream) =>
        stream.sendAll(numbers(Number(stream.lastEventId ?? 0), parameter('to', 1e9), parameter('every', 0), stream.signal)),
      )
    case '/words': {
      let prompt = ''
      for await (const chunk of request) prompt += String(chunk)
      return respond(request, response, { events: sequenceEvents }, (stream) =>
        stream.sendAll(prompt.split(/(?<= )/), (word) => ({ type: 'token', data: word })),
      )
    }
    case '/running': {
      const json = JSON.stringify({ running })
      if ('stream' in response) response.end(json)
      else response.end(json)
      return
    }
    default:
      return servePage(url.pathname, response)
  }
}

await listen(values, handle)
