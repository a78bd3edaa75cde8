import { fromHeaderValue } from '@sse/schema/wire'
import type { ConnectOptions } from '../options.js'
import { subscribe } from '../subscribe.js'
import { type Chunk, type RawRequest, startServer } from './raw-server.js'

/** An event as a test looks at it. */
export interface Received {
  readonly type: string
  readonly data: string
  readonly id: string
}

/** What a subscription gives for these chunks on one connection, and with which Last-Event-ID it then comes back. */
export async function receive(
  chunks: readonly Chunk[],
  options: ConnectOptions = {},
): Promise<{ readonly events: readonly Received[]; readonly cursor: string | undefined }> {
  const { events, cursors } = await receiveAll([chunks], options)
  return { events, cursor: cursors[1] }
}

/** What it gives for these streams, a connection for each, and with which Last-Event-ID it comes for each and once more. */
export async function receiveAll(
  streams: readonly (readonly Chunk[])[],
  options: ConnectOptions = {},
): Promise<{ readonly events: readonly Received[]; readonly cursors: readonly (string | undefined)[] }> {
  await using server = await startServer()
  const live = subscribe<Record<string, string>>(server.url, { format: 'text', reconnect: { baseDelay: 0 }, ...options })
  const events: Received[] = []
  const reading = (async () => {
    for await (const { type, data, id } of live) events.push({ type, data, id })
  })()
  const cursors: (string | undefined)[] = []
  for (const chunks of streams) {
    const exchange = await server.stream(...chunks)
    exchange.end()
    cursors.push(cursorOf(exchange.request))
  }
  const last = await server.next()
  // Nothing more to come, which ends the loop: whatever it has given until then is all.
  last.answer(204)
  cursors.push(cursorOf(last.request))
  await reading
  return { events, cursors }
}

function cursorOf({ headers }: RawRequest): string | undefined {
  const header = headers.get('last-event-id')
  return header === undefined ? undefined : fromHeaderValue(header)
}

/** The same bytes in chunks of one size. */
export function cut(chunk: Chunk, size: number): Uint8Array[] {
  const bytes = Buffer.from(chunk)
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.subarray(index * size, (index + 1) * size))
}
