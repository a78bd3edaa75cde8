import { controlMessage, lastEventIdParam, type Message, readControl, reservedPrefix } from '@sse/schema/wire'
import { ConnectionError, OptionError, RefusedError } from '../errors.js'
import { refusalOf } from './fetch.js'
import { createInbox } from './inbox.js'
import { type ConnectRequest, nameOf, type Transport } from './transport.js'

/** What the transport needs of an EventSource: the platform's and the `eventsource` package's have it. */
export interface EventSourceLike {
  readonly readyState: number
  onopen: ((event: Event) => unknown) | null
  onerror: ((event: Event) => unknown) | null
  addEventListener(type: string, listener: (event: MessageEvent) => void): void
  close(): void
}

/** Makes an EventSource for a request. One that sees the response tells it, before the EventSource does. */
export type EventSourceMaker = (
  url: URL,
  withCredentials: boolean,
  request: ConnectRequest,
  answered: (response: Response) => void,
) => EventSourceLike

/** How the EventSource transport listens. */
export interface EventSourceOptions {
  /** More types to listen to by name. */
  readonly types?: readonly string[] | undefined
}

/** WHATWG HTML §9.2.2. */
const closed = 2

const controlTypes = ['ready', 'live', 'gap', 'error', 'end', 'presence'].map((name) => reservedPrefix + name)

/**
 * A transport over EventSource, whose limits it has: GET only, no headers, no status, no heartbeat to be seen, and only
 * events of types known by name: those of `events`, of handlers that are attached before it connects, and of `types`.
 * Reconnecting stays the subscription's, so that backoff and resume are the same as with fetch.
 */
export function eventSourceTransport(make: EventSourceMaker, types: readonly string[]): Transport {
  return (request) => {
    if (request.method !== 'GET') throw new OptionError('EventSource can only GET: use the default transport for a method or a body')
    // Closed while its headers were being made: no abort comes any more that would close the source.
    request.signal.throwIfAborted()
    const url = new URL(request.url)
    // An EventSource's own first request carries no Last-Event-ID.
    if (request.lastEventId !== '') url.searchParams.set(lastEventIdParam, request.lastEventId)
    let answer: Response | undefined
    const source = make(url, request.options.credentials === 'include', request, (response) => {
      answer = response
    })
    const inbox = createInbox()
    const read = messageReader()
    const receive = (event: MessageEvent): void => {
      // It cannot be slowed.
      if (!inbox.push([read(event)])) source.close()
    }
    for (const type of new Set(['message', ...controlTypes, ...request.types, ...types])) source.addEventListener(type, receive)
    return new Promise((resolve, reject) => {
      const end = (error: unknown): void => {
        source.close()
        reject(error)
        inbox.end(error)
      }
      request.signal.addEventListener('abort', () => end(request.signal.reason), { once: true })
      source.onopen = () => resolve(inbox)
      source.onerror = () => {
        if (answer?.status === 204) resolve(undefined)
        const refusal = answer && refusalOf(request, answer)
        if (refusal) end(refusal)
        // An EventSource that gave up was refused. Without the status it is not tried again: it may have been a 204.
        else
          end(
            source.readyState === closed
              ? new RefusedError(`${nameOf(request)} was refused; EventSource does not tell with which status, the default transport does`)
              : new ConnectionError(`${nameOf(request)} could not be reached, or broke off`),
          )
      }
    })
  }
}

/** An EventSource tells the last event ID with every event; it is a message's own only where it has changed. */
function messageReader(): (event: MessageEvent) => Message {
  let last = ''
  return ({ type, data, lastEventId }) => {
    const id = lastEventId === last ? undefined : lastEventId
    last = lastEventId
    return { ...withoutHeartbeat({ event: type, data: String(data) }), id }
  }
}

/** EventSource hides the heartbeats: a watch for those that the server promises would end every quiet stream. */
function withoutHeartbeat(message: Message): Message {
  const control = message.event === 'sse.ready' ? readControl(message, undefined) : undefined
  return control?.type === 'sse.ready' ? controlMessage({ ...control, heartbeat: 0 }, control.key) : message
}
