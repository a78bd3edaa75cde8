/// <reference lib="esnext.disposable" preserve="true" />
import type { AnyEvents } from '@sse/schema'
import type { Control } from '@sse/schema/wire'
import { createCallbacks } from './callbacks.js'
import { createConnection } from './connection.js'
import { createDispatcher } from './dispatcher.js'
import { GapError, ServerError, type SubscriptionError } from './errors.js'
import { type Consumer, createLoop } from './loop.js'
import type { ConnectOptions } from './options.js'
import type { Snapshot, State, StateReason } from './state.js'

/** An event as it is received: what was sent, where the stream stood, and the topic where there are several. */
export type EventIn<Payloads, Type extends keyof Payloads = keyof Payloads> = {
  [K in Type & string]: {
    type: K
    data: Payloads[K]
    /** The last event ID as of this event; empty where the server gives none. */
    id: string
    topic: string | undefined
  }
}[Type & string]

/** A client's interest in a stream. It outlives connections: it reconnects and resumes until it is closed or over. */
export interface Subscription<Payloads extends object> extends AsyncIterable<EventIn<Payloads>, undefined>, AsyncDisposable {
  /**
   * Calls the handler with each event of that type from here on. An asynchronous handler's promise holds the next event
   * back. What it throws goes to `onError`, and does not keep the event from others. Returns the function that ends it.
   *
   * While nobody listens nothing is read: nothing is lost, and the server waits.
   */
  on<Type extends keyof Payloads & string>(type: Type, handler: (event: EventIn<Payloads, Type>) => unknown): () => void
  /**
   * A loop over all events from here on. It ends on the server's end, `close()` or abort, and throws on a failure that no
   * further attempt would mend. Leaving it closes the subscription if nobody else listens.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<EventIn<Payloads>, undefined>
  readonly state: State
  /** The state with its circumstances; the same object until something changes, for UI bindings. */
  getSnapshot(): Snapshot
  /**
   * Where the reader is, empty at its beginning: what a later subscription's `lastEventId` option takes to go on from here.
   *
   * It moves past an event when everybody is done with it: a handler when its promise settles, a loop when it asks for the
   * next event or is left. Done is done, also where the handler or the loop's body threw: whoever must not miss what
   * failed keeps the `id` of the last event that did not.
   */
  readonly lastEventId: string
  /** Closes for good. What was not yet handed over is dropped. */
  close(): void
  /** Closes, and resolves when the connection is gone. It waits for no handler: it may be awaited inside of one. */
  [Symbol.asyncDispose](): Promise<void>
}

export function createSubscription<Payloads extends object>(
  url: URL,
  options: ConnectOptions,
  events: AnyEvents | undefined,
): Subscription<Payloads> {
  const { signal, endOn, onError, onGap } = options
  const callbacks = createCallbacks(onError)
  const { call, report } = callbacks
  const dispatcher = createDispatcher<EventIn<Payloads>>(events, options, callbacks)
  const types = new Set(events?.types)

  const close = (reason: StateReason, error?: SubscriptionError): undefined => {
    if (!connection.close(reason, error)) return
    signal?.removeEventListener('abort', onAbort)
    const thrown = dispatcher.end(error)
    // A loop throws it; only where there is none would nobody hear of it.
    if (error && (onError || !thrown)) report(error)
  }

  const onAbort = (): undefined => close('aborted')

  const end = (reason: string, topics?: readonly string[]): undefined => {
    call(options.onEnd, { reason, topics })
    if (!topics) close('ended')
  }

  const takeControl = (control: Control): Promise<unknown> | undefined => {
    if (control.type === 'sse.end') end(control.reason, control.topics)
    if (control.type === 'sse.error') {
      const error = new ServerError(control.code, control.message)
      if (control.retry || control.topics) report(error)
      else close('failed', error)
    }
    if (control.type === 'sse.presence') {
      const { topic, count, joined, left, reset } = control
      call(options.onPresence, { topic, count, joined, left, reset })
    }
    if (control.type !== 'sse.gap') return undefined
    const { reason, topics } = control
    return onGap ? call(onGap, { reason, topics }) : report(new GapError(reason, topics))
  }

  const connection = createConnection(url, options, {
    count: dispatcher.count,
    types,
    take: ({ control, event, isText }) => {
      if (control) return takeControl(control)
      if (!event) return undefined
      return event.data === endOn ? end(endOn) : dispatcher.take(event, isText)
    },
    onChange: (snapshot) => call(options.onStateChange, snapshot),
    onOver: (error) => (error ? close('failed', error) : end('ended')),
  })

  const listen = (consumer: Consumer<EventIn<Payloads>>): (() => void) => {
    const leave = dispatcher.add(consumer)
    connection.wake()
    return leave
  }

  signal?.addEventListener('abort', onAbort)
  // Whoever subscribes can first attach handlers and look at the state.
  queueMicrotask(() => {
    if (signal?.aborted) onAbort()
    connection.run()
  })

  return {
    getSnapshot: connection.getSnapshot,
    get state() {
      return connection.getSnapshot().state
    },
    get lastEventId() {
      return connection.lastEventId
    },
    on: (type, handler) => {
      types.add(type)
      return listen({ take: (event) => (isOf(event, type) ? call(handler, event) : undefined) })
    },
    close: () => close('closed'),
    [Symbol.asyncIterator]: () => {
      const loop = createLoop<EventIn<Payloads>>(() => {
        leave()
        if (dispatcher.count() === 0) close('closed')
      })
      const leave = listen(loop)
      const { state, error } = connection.getSnapshot()
      if (state === 'closed') loop.end(error)
      return loop.iterator
    },
    [Symbol.asyncDispose]: async () => {
      close('closed')
      await connection.settled()
    },
  }
}

function isOf<Payloads, Type extends keyof Payloads>(event: EventIn<Payloads>, type: Type): event is EventIn<Payloads, Type> {
  return event.type === type
}
