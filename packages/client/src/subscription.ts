/// <reference lib="esnext.disposable" preserve="true" />
import type { Control } from '@sse/schema/wire'
import { createCallbacks, type Outcome } from './callbacks.js'
import { createDispatcher, type Decoder } from './dispatcher.js'
import { GapError, ServerError, type SubscriptionError } from './errors.js'
import type { Feed, Reader } from './feed.js'
import { type Consumer, createLoop } from './loop.js'
import type { ListenOptions } from './options.js'
import type { Reading } from './session.js'
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
  /** Calls the handler with each event, whatever its type, as `on` does. */
  onEvent(handler: (event: EventIn<Payloads>) => unknown): () => void
  /**
   * A loop over all events from here on. It ends on the server's end, `close()` or abort, and throws on a failure that no
   * further attempt would mend. Leaving it closes the subscription if nobody else listens.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<EventIn<Payloads>, undefined>
  readonly state: State
  /** The state with its circumstances; the same object until something changes, for UI bindings. */
  getSnapshot(): Snapshot
  /** Calls the listener after each change of the snapshot. Returns the function that ends it. */
  onChange(listener: () => void): () => void
  /**
   * The cursor, empty at the beginning: what a later subscription's `lastEventId` option takes to go on from here.
   *
   * It moves past an event when everybody was successful with it: a handler when its promise resolves, a loop when it asks for
   * the next event or is left. Where a handler throws the cursor stays, until the next event that everybody was successful with.
   * With `ack: 'manual'` it moves when `ack` says so, and, from the first event on, not otherwise.
   */
  readonly lastEventId: string
  /** Moves the cursor to an event that was received: it and all before it are done. */
  ack(event: { readonly id: string }): void
  /** Closes for good. What was not yet handed over is dropped. */
  close(): void
  /** Closes, and resolves when the connection is gone. It waits for no handler: it may be awaited inside of one. */
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * @param open makes the feed that it reads from.
 * @param start where to begin, if the store holds nothing.
 * @param onMoved called whenever the cursor has moved.
 */
export function createSubscription<Payloads extends object>(
  open: (reader: Reader) => Feed,
  options: ListenOptions & { readonly endOn?: string | undefined },
  events: Decoder | undefined,
  start = '',
  onMoved?: () => void,
): Subscription<Payloads> {
  const { signal, endOn, ack = 'auto', store } = options
  const callbacks = createCallbacks(options)
  const { call, report } = callbacks
  const dispatcher = createDispatcher<EventIn<Payloads>>(events, options, callbacks)
  const types = new Set(events?.types)
  const listeners = new Set<() => void>()
  let cursor = start
  let isAuto = true
  let hasFailed = false

  const close = (reason: StateReason, error?: SubscriptionError): undefined => {
    if (!feed.close(reason, error)) return
    signal?.removeEventListener('abort', onAbort)
    queue?.clear()
    const thrown = dispatcher.end(error)
    // A loop throws it; only where there is none would nobody hear of it.
    if (error && (options.onError || !thrown)) report(error)
  }

  const onAbort = (): undefined => close('aborted')

  const end = (reason: string, topics?: readonly string[]): undefined => {
    call(options.onEnd, { reason, topics })
    if (!topics) close('ended')
  }

  const moveTo = (position: string): void => {
    cursor = position
    if (store) call((kept: string) => store.set(kept), position)
    onMoved?.()
  }

  const takeControl = (control: Control): Outcome => {
    if (control.type === 'sse.end') end(control.reason, control.topics)
    if (control.type === 'sse.error') {
      const error = new ServerError(control.code, control.message, control.topics)
      if (control.retry || control.topics) report(error)
      else close('failed', error)
    }
    if (control.type === 'sse.presence') {
      const { topic, count, joined, left, reset } = control
      call(options.onPresence, { topic, count, joined, left, reset })
    }
    if (control.type !== 'sse.gap') return undefined
    const { reason, topics } = control
    const { onGap } = options
    return onGap ? call(onGap, { reason, topics }) : report(new GapError(reason, topics))
  }

  const take = ({ control, event, isText }: Reading): Outcome => {
    if (control) return takeControl(control)
    if (!event) return undefined
    return event.data === endOn ? end(endOn) : dispatcher.take(event, isText)
  }

  const handle = (reading: Reading): Promise<unknown> | undefined => {
    const { position, event } = reading
    // Before its first event there is nothing that could be acknowledged, and whoever began now has its place all the same.
    isAuto &&= ack === 'auto' || !event
    const done = (outcome: false | undefined): void => {
      // A heartbeat's id is no success with the event before it.
      if (event || outcome === false) hasFailed = outcome === false
      if (!hasFailed && position !== undefined && isAuto) moveTo(position)
    }
    const outcome = take(reading)
    if (outcome instanceof Promise) return outcome.then(done)
    done(outcome)
    return undefined
  }

  const queue = options.buffer?.({
    hold: (...why) => feed.hold(...why),
    isListened: () => dispatcher.count() > 0,
    handle,
  })

  const feed = open({
    count: dispatcher.count,
    types,
    take: queue?.take ?? handle,
    onChange: (snapshot) => {
      call(options.onStateChange, snapshot)
      for (const listener of listeners) call(listener, undefined)
    },
    onOver: (error) => (error ? close('failed', error) : end('ended')),
  })

  const listen = (consumer: Consumer<EventIn<Payloads>>): (() => void) => {
    const leave = dispatcher.add(consumer)
    queue?.resume()
    feed.listened()
    return () => {
      leave()
      feed.listened()
    }
  }

  const run = async (): Promise<void> => {
    try {
      if (store) cursor = (await store.get()) || cursor
    } catch (thrown) {
      report(thrown)
    }
    if (signal?.aborted) onAbort()
    await feed.run(cursor)
  }

  signal?.addEventListener('abort', onAbort)
  // Whoever subscribes can first attach handlers and look at the state.
  queueMicrotask(run)

  return {
    getSnapshot: feed.getSnapshot,
    onChange: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    get state() {
      return feed.getSnapshot().state
    },
    get lastEventId() {
      return cursor
    },
    ack: ({ id }) => moveTo(id),
    on: (type, handler) => {
      types.add(type)
      return listen({ take: (event) => (isOf(event, type) ? call(handler, event) : undefined) })
    },
    onEvent: (handler) => listen({ take: (event) => call(handler, event) }),
    close: () => close('closed'),
    [Symbol.asyncIterator]: () => {
      const loop = createLoop<EventIn<Payloads>>(() => {
        leave()
        if (dispatcher.count() === 0) close('closed')
      })
      const leave = listen(loop)
      const { state, error } = feed.getSnapshot()
      if (state === 'closed') loop.end(error)
      return loop.iterator
    },
    [Symbol.asyncDispose]: async () => {
      close('closed')
      await feed.settled()
    },
  }
}

function isOf<Payloads, Type extends keyof Payloads>(event: EventIn<Payloads>, type: Type): event is EventIn<Payloads, Type> {
  return event.type === type
}
