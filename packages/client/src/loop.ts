import type { Outcome } from './callbacks.js'

/** Takes events, one at a time. */
export interface Consumer<Event> {
  /** A promise for as long as it is busy with the event: the next one waits. False where it failed. */
  take(event: Event): Outcome
  /** No more comes. Only who throws the error to somebody has this. */
  end?(error: Error | undefined): void
}

/** One `for await` over a subscription's events. It ends, or throws the error, when no more comes. */
export interface Loop<Event> extends Consumer<Event> {
  readonly iterator: AsyncIterableIterator<Event, undefined>
  end(error?: Error): void
}

/** @param onLeft called when the loop is left by its own will. */
export function createLoop<Event>(onLeft: () => void): Loop<Event> {
  let next: Event | undefined
  let failure: Error | undefined
  let ended = false
  let wake = (): void => {}
  let done = (): void => {}

  async function* run(): AsyncGenerator<Event, undefined> {
    while (!ended) {
      if (next === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      } else {
        const event = next
        next = undefined
        yield event
        done()
      }
    }
    if (failure) throw failure
  }

  const generator = run()
  const end = (error?: Error): void => {
    if (!ended) failure = error
    ended = true
    wake()
    done()
  }
  const iterator: AsyncIterableIterator<Event, undefined> = {
    next: () => generator.next(),
    return: () => {
      // A generator that waits for its next event would not hear of it.
      end()
      onLeft()
      return generator.return(undefined)
    },
    [Symbol.asyncIterator]: () => iterator,
  }
  return {
    iterator,
    take: (event) => {
      next = event
      wake()
      // Done with it is who asks for the next.
      return new Promise((resolve) => {
        done = () => resolve(undefined)
      })
    },
    end,
  }
}
