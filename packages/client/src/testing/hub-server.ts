import { formatPosition } from '@sse/schema/wire'
import { type Exchange, type RawServer, startServer } from './raw-server.js'
import { control, event, ready } from './wire.js'

/** What a request asks for, in its order: `orders/1@1.e.4`. */
export function topicsOf({ request }: Pick<Exchange, 'request'>): readonly string[] {
  const { searchParams } = new URL(request.target, 'http://sse.test/')
  return request.body === '' ? searchParams.getAll('topic') : topicsIn(JSON.parse(request.body))
}

/** The client that asks. */
export function clientOf({ request }: Pick<Exchange, 'request'>): string | null {
  return new URL(request.target, 'http://sse.test/').searchParams.get('sse.client')
}

/** The next request, answered as a hub does: it is live at once. */
export async function hubStream(server: RawServer, at: number, ...more: readonly string[]): Promise<Exchange> {
  const exchange = await server.next()
  const names = topicsOf(exchange).map((topic) => topic.split('@')[0] ?? '')
  return exchange.open().send(ready() + live(at, names) + more.join(''))
}

export function live(at: number, topics: readonly string[]): string {
  const position = formatPosition('e', at)
  return control({ type: 'sse.live', topics, resumed: true, position }, position)
}

/** An event of a topic at a position, after another of its topic; its data is the position. */
export function made(topic: string, at: number, previous?: number): string {
  return event(`${topic}#made`, at, formatPosition('e', at, previous))
}

export { type Exchange, startServer }

function topicsIn(body: unknown): string[] {
  const topics = typeof body === 'object' && body !== null && 'topics' in body ? body.topics : undefined
  return Array.isArray(topics) ? topics.map(String) : []
}
