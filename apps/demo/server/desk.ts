import type { z } from 'zod'
import { contract, type noteRequest, room, type User } from '../contract.js'
import type { DemoHub } from './hub.js'

/** What users do: each is an event in somebody's inbox, and news for the room. */
export class Desk {
  readonly #hub: DemoHub

  constructor(hub: DemoHub) {
    this.#hub = hub
  }

  /** Sends a note. Twice with one key is once: whoever never heard that it arrived just sends it again. */
  async send(from: User, { to, text, key }: z.infer<typeof noteRequest>): Promise<{ readonly duplicate: boolean }> {
    const id = `${from}-${key}`
    const note = { id, from, text, at: new Date() }
    const { duplicate } = await this.#hub.publish(contract.inbox({ userId: to }), { type: 'note', data: note }, { key: id })
    await this.tell(nameOf(from), `sent ${nameOf(to)} a notification.`, id)
    return { duplicate }
  }

  /** That note of the user's inbox, and all before it, count as read in all of the user's tabs. */
  async read(user: User, upTo: string): Promise<void> {
    await this.#hub.publish(contract.inbox({ userId: user }), { type: 'read', data: { upTo } }, { key: `read-${upTo}` })
    await this.tell(nameOf(user), 'has read everything.', `read-${upTo}`)
  }

  /** A line in the activity feed. */
  async tell(who: string, what: string, key?: string): Promise<void> {
    await this.#hub.publish(contract.activity({ room }), { type: 'happened', data: { who, what, at: new Date() } }, { key })
  }
}

export function nameOf(user: User): string {
  return `${user.charAt(0).toUpperCase()}${user.slice(1)}`
}
