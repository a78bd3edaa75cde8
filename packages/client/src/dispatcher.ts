import { type AnyEvents, fromJson } from '@sse/schema'
import { both, type Callbacks, type Outcome } from './callbacks.js'
import { HandlerError, isOurs } from './errors.js'
import type { Consumer } from './loop.js'
import type { ListenOptions, UnknownEvent } from './options.js'

/** What decodes: events, whatever their types. */
export type Decoder = Pick<AnyEvents, 'types' | 'decode'>

/** Decodes events and hands them over to everybody who listens. */
export interface Dispatcher<Event> {
  /** How many listen. */
  count(): number
  /** Returns the function that ends it. */
  add(consumer: Consumer<Event>): () => void
  /** A promise for as long as somebody is busy with the event: the slowest sets the pace. False where somebody failed. */
  take(event: UnknownEvent, isText: boolean | undefined): Outcome
  /** No more comes. True if somebody throws the error. */
  end(error: Error | undefined): boolean
}

export function createDispatcher<Event>(
  events: Decoder | undefined,
  options: ListenOptions,
  { call, report }: Callbacks,
): Dispatcher<Event> {
  const consumers = new Set<Consumer<Event>>()

  return {
    count: () => consumers.size,
    add: (consumer) => {
      consumers.add(consumer)
      return () => consumers.delete(consumer)
    },
    take: (event, isText) => {
      const { type, data } = event
      if (events && !events.types.includes(type)) return call(options.onUnknown, event)
      let outcome: Outcome
      try {
        const decoded = events ? events.decode(type, data) : isText || options.format === 'text' ? data : fromJson(type, data)
        // The one place where data gets its type: `events` has checked it, or the type argument vouches for the server.
        for (const consumer of consumers) outcome = both(outcome, consumer.take({ ...event, data: decoded } as Event))
      } catch (thrown) {
        // Consumers do not throw. A schema that does may quote the data, which may be secret.
        report(isOurs(thrown) ? thrown : new HandlerError(`schema of ${type} threw`, { cause: thrown }))
      }
      return outcome
    },
    end: (error) => {
      let thrown = false
      for (const { end } of consumers) {
        if (!end) continue
        end(error)
        thrown = true
      }
      // An event that is being handed over reaches no further consumer, nor waits for a loop that has ended.
      consumers.clear()
      return thrown
    },
  }
}
