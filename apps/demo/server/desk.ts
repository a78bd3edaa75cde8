import type { z } from 'zod'
import { type activityRequest, contract, type noteRequest, type readRequest, type User } from '../contract.js'
import type { DemoHub } from './hub.js'

/** What users do: each is an event in somebody's inbox, or in the activity that all see. */
export class Desk {
  readonly #hub: DemoHub

  constructor(hub: DemoHub) {
    this.#hub = hub
  }

  /** Sends a note. Twice with one key is once: whoever never heard that it arrived just sends it again. */
  async send(from: User, { to, text, key }: z.infer<typeof noteRequest>): Promise<void> {
    const id = `${from}-${key}`
    await this.#hub.publish(contract.inbox({ userId: to }), { type: 'note', data: { id, from, text, at: new Date() } }, { key: id })
    await this.tell(nameOf(from), `sent ${nameOf(to)} a notification.`, id)
  }

  /** That note of the user's inbox, and all before it, count as read in all of the user's tabs. */
  async read(user: User, { upTo }: z.infer<typeof readRequest>): Promise<void> {
    await this.#hub.publish(contract.inbox({ userId: user }), { type: 'read', data: { upTo } }, { key: `read-${upTo}` })
  }

  /** Lines in the activity feed, numbered where they are several. */
  async post(user: User, { text, times }: z.infer<typeof activityRequest>): Promise<void> {
    const lines = times === 1 ? [text] : Array.from({ length: times }, (_, index) => `${text} (${index + 1} of ${times})`)
    await Promise.all(lines.map((line) => this.tell(nameOf(user), line)))
  }

  /** A line in the activity feed. */
  async tell(who: string, what: string, key?: string): Promise<void> {
    await this.#hub.publish(contract.activity(), { type: 'happened', data: { who, what, at: new Date() } }, { key })
  }
}

function nameOf(user: User): string {
  return `${user.charAt(0).toUpperCase()}${user.slice(1)}`
}
