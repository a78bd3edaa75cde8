import { type Control, formatPosition, type Position, parsePosition, subtreeOf } from '@sse/schema/wire'
import { ConnectionError, ServerError, type SubscriptionError } from './errors.js'
import type { Reading } from './session.js'

/** Whom a topic's reader hands over to. */
export interface Sink {
  /** A promise for as long as it is busy with it. */
  take(reading: Reading): Promise<unknown> | undefined
  /** The topic is over, or has failed. */
  over(error?: SubscriptionError): void
}

/**
 * One subscription's part of a connection that many share: its topic, or subtree, and how far it is. It may be served by two
 * connections at once, an old and a new one: what it had comes once.
 */
export interface TopicReader {
  readonly name: string
  /** Where a connection that is to serve it begins: a position, `last:n`, or empty for now. */
  start(): string
  /** Begins at a position up to which a connection that is already there is complete. */
  joinAt(position: Position): void
  /**
   * Takes what a connection has read, if it is about its topics.
   *
   * @param position its own, read; undefined where it has none.
   * @throws ConnectionError where the connection has left out an event: the next one is to begin at `start()`.
   */
  take(reading: Reading, position: Position | undefined): Promise<unknown> | undefined
  over(error?: SubscriptionError): void
}

export function createTopicReader(name: string, begin: string, sink: Sink): TopicReader {
  const isSubtree = name.endsWith('*')
  let epoch = ''
  /** All up to here was sent, by a server's word. */
  let vouched = 0
  /** The last event that it had, of each topic, above what is vouched for: it is asked for again only where one before it is missing. */
  const had = new Map<string, number>()
  /** Whether links say nothing: it begins at something unknown, or events are known to be missing. */
  let isLoose = true
  /** Whether it was told that what it begins at is worth nothing. */
  let isReset: boolean | undefined
  /** The event that broke a chain last. */
  let broken = 0
  /** The furthest position that was handed over. */
  let told = -1
  let busy: Promise<unknown> | undefined

  const has = (topic: string): boolean => topic === name || subtreeOf(topic) === name

  const enter = (position: Position | undefined): position is Position => {
    if (position && position.epoch !== epoch) {
      epoch = position.epoch
      reset()
    }
    return !!position
  }

  const reset = (): void => {
    had.clear()
    vouched = broken = 0
    told = -1
    isLoose = true
  }

  const last = (topic: string): number => Math.max(vouched, had.get(topic) ?? 0)

  /** One after the other, whichever connection they come from. */
  const pass = (reading: Reading): Promise<unknown> | undefined => {
    const result = busy ? busy.then(() => sink.take(reading)) : sink.take(reading)
    const mine = result?.then(() => {
      if (busy === mine) busy = undefined
    })
    busy = mine ?? busy
    return mine
  }

  /** The server vouches for all up to there. */
  const vouch = (position: Position): Promise<unknown> | undefined => {
    vouched = Math.max(vouched, position.at)
    isLoose = false
    for (const [topic, at] of had) if (at <= vouched) had.delete(topic)
    if (vouched <= told) return undefined
    told = vouched
    return pass({ position: formatPosition(epoch, vouched) })
  }

  const takeEvent = (topic: string, position: Position, reading: Reading): Promise<unknown> | undefined => {
    const { at, previous = 0 } = position
    if (at <= last(topic)) return undefined
    if (!isLoose && previous > last(topic)) {
      if (broken !== at) {
        broken = at
        throw new ConnectionError(`an event of ${topic} before ${reading.position} was left out`)
      }
      // It is missing in the history, too.
      void pass({ control: { type: 'sse.gap', topics: [topic], reason: 'trimmed' } })
    }
    had.set(topic, at)
    told = at
    return pass(reading)
  }

  const takeControl = (control: Control, own: Position | undefined): Promise<unknown> | undefined => {
    if (control.type === 'sse.ready') return undefined
    if (control.type === 'sse.presence') return has(control.topic) ? pass({ control }) : undefined
    const topics = control.topics?.filter(has)
    const isMine = topics?.includes(name)
    if (control.type === 'sse.live') {
      const position = parsePosition(control.position)
      if ((control.topics.length && !topics?.length) || !enter(position)) return undefined
      // It was to begin in the future of the same epoch. What a server has sent is not: another connection tells the same reset.
      if (isReset && told < 0) vouched = 0
      return vouch(position)
    }
    if (topics && !topics.length) return undefined
    if (control.type === 'sse.error' && isMine && !control.retry)
      return void sink.over(new ServerError(control.code, control.message, topics))
    if (control.type === 'sse.gap') {
      isReset = isMine && control.reason === 'reset'
      isLoose = true
    }
    const [topic] = topics ?? []
    // The end of a subtree's topic is an entry like its events, and comes again with them.
    if (control.type === 'sse.end' && topic && !isMine && enter(own)) {
      if (own.at <= last(topic)) return undefined
      had.set(topic, own.at)
    }
    // What is over for good is the subscription then, not only a topic of it.
    if (control.type === 'sse.end' && isMine) return pass({ control: { type: control.type, reason: control.reason } })
    return pass({ control: control.type === 'sse.gap' ? { ...control, topics: topics ?? [] } : { ...control, topics } })
  }

  enter(parsePosition(begin))
  vouched = parsePosition(begin)?.at ?? 0
  isLoose = !epoch

  return {
    name,
    start: () => (epoch ? formatPosition(epoch, isSubtree ? vouched : last(name)) : begin),
    joinAt: (position) => {
      enter(position)
      void vouch(position)
    },
    take: (reading, position) => {
      const { control, event } = reading
      if (control) return takeControl(control, position)
      // What comes before it is live was replayed for others.
      if (event && (!has(event.topic ?? '') || (position && !begin && !epoch))) return undefined
      // Only what has an id of its own has a place in the order.
      if (!enter(position)) return event && pass(reading)
      return event ? takeEvent(event.topic ?? '', position, reading) : vouch(position)
    },
    over: sink.over,
  }
}
