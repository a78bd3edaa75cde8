import { parsePosition } from '@sse/schema/wire'
import type { Start } from './cursor.js'

/** What a request asks for is written wrongly. */
export class MalformedError extends Error {
  constructor(
    readonly status: 400 | 413,
    message: string,
  ) {
    super(message)
  }
}

/** A topic or subtree by name, and where it is to begin. */
export interface AskedTopic {
  readonly name: string
  readonly start: Start
}

/** A request's topics, as they were written. */
export interface Asked {
  /** `name`, or `name@start`. */
  readonly topics: readonly string[]
  /** From the header, which only a reader that comes back sends. */
  readonly reconnectedAt: string | undefined
  /** From the query or the body: it was written together with the topics. */
  readonly cursor: string | undefined
}

/** Clients that carry many topics name themselves, at random. What looks otherwise is nobody's name. */
export function clientNamed(given: string | null): string | undefined {
  return given !== null && /^[\w-]{8,64}$/.test(given) ? given : undefined
}

/** The longest name of a topic, in characters: URLs of more are refused by proxies. */
const longestName = 2_048
/** Of a topic's last events. */
const mostLast = 100_000

/**
 * Reads what is asked for.
 *
 * A reader that comes back has its cursor in the header, and goes on from there with every topic: the starts in its URL are
 * where it began. Without that header a topic begins where it says itself, else at the cursor beside it, else now.
 *
 * @throws MalformedError naming the culprit.
 */
export function askedTopics({ topics, reconnectedAt, cursor }: Asked, most: number): readonly AskedTopic[] {
  if (topics.length === 0) throw new MalformedError(400, 'There is no topic: ask for one or more, as ?topic=orders/42&topic=users/7/inbox')
  if (topics.length > most) throw new MalformedError(400, `There are ${topics.length} topics: a stream takes ${most}`)
  const shared: Start = cursorStart(reconnectedAt ?? cursor) ?? 'now'
  const starts = new Map<string, Start>()
  for (const written of topics) {
    const at = written.indexOf('@')
    const name = at < 0 ? written : written.slice(0, at)
    if (name === '' || name.length > longestName)
      throw new MalformedError(400, `topic ${shown(written)} has no name, or one that is too long`)
    const own = at < 0 ? undefined : startOf(written, name, written.slice(at + 1))
    if (starts.has(name)) throw new MalformedError(400, `topic ${shown(name)} is there twice: ask for it once`)
    starts.set(name, reconnectedAt === undefined ? (own ?? shared) : shared)
  }
  return [...starts].map(([name, start]) => ({ name, start }))
}

/** The start that a cursor gives; whatever is no position is a cursor that was good for something once. */
export function cursorStart(cursor: string | undefined): Start | undefined {
  if (cursor === undefined) return undefined
  return { after: parsePosition(cursor) ?? 'unknown' }
}

function startOf(written: string, name: string, start: string): Start {
  if (start === 'now') return 'now'
  const last = /^last:(0|[1-9]\d{0,5})$/.exec(start)?.[1]
  if (last !== undefined && Number(last) <= mostLast) {
    if (name.endsWith('*'))
      throw new MalformedError(400, `topic ${shown(written)}: a subtree cannot begin with its last events; give a position`)
    return { last: Number(last) }
  }
  const after = parsePosition(start)
  if (after !== undefined) return { after }
  throw new MalformedError(400, `topic ${shown(written)} begins nowhere: write @now, @last:10 or @ and a position`)
}

/** As much of what was written as fits into a line. */
export function shown(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text)
}

/**
 * The topics in a body, `{ "topics": ["orders/42@last:5"], "lastEventId": "…" }`.
 *
 * @throws MalformedError
 */
export function askedInBody(body: unknown): Pick<Asked, 'topics' | 'cursor'> {
  const json = typeof body === 'string' ? parsed(body) : body
  if (typeof json !== 'object' || json === null || !('topics' in json)) {
    throw new MalformedError(400, 'The body has no topics: send JSON as {"topics":["orders/42"]}')
  }
  const { topics } = json
  if (!Array.isArray(topics)) throw new MalformedError(400, 'In the body "topics" is no list: send JSON as {"topics":["orders/42"]}')
  const names = topics.map((topic: unknown, index) => {
    if (typeof topic === 'string') return topic
    throw new MalformedError(400, `In the body "topics" holds something else than texts, at ${index}`)
  })
  const cursor: unknown = 'lastEventId' in json ? json.lastEventId : undefined
  if (cursor !== undefined && typeof cursor !== 'string') throw new MalformedError(400, 'In the body "lastEventId" is no text')
  return { topics: names, cursor: cursor || undefined }
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    throw new MalformedError(400, 'The body is no JSON: send it as {"topics":["orders/42"]}')
  }
}
