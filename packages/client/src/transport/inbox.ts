import type { Message } from '@sse/schema/wire'
import { ConnectionError } from '../errors.js'
import type { OpenConnection } from './transport.js'

/** The most messages that may wait where a sender cannot be slowed: past it the connection is made anew, from where the reader is. */
export const maxWaiting = 10_000

/** A connection whose messages are pushed: those that have come and were not read yet. */
export interface Inbox extends OpenConnection {
  /** False if there are too many, which has ended it. */
  push(messages: readonly Message[]): boolean
  /** What was pushed is still read; then it throws this. */
  end(error: unknown): void
}

export function createInbox(): Inbox {
  let messages: Message[] = []
  let ended: { readonly error: unknown } | undefined
  let wake = (): void => {}
  const end = (error: unknown): void => {
    ended ??= { error }
    wake()
  }
  return {
    push: (more) => {
      messages.push(...more)
      wake()
      if (messages.length <= maxWaiting) return true
      end(new ConnectionError(`more than ${maxWaiting} messages were waiting: connecting anew, from where the reader is`))
      return false
    },
    end,
    read: async () => {
      if (!messages.length && !ended) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      const read = messages
      messages = []
      if (!read.length && ended) throw ended.error
      return read
    },
  }
}
