import { type Client, createClient, ServerError, type TopicOptions } from '@sse/client'
import type { AnyTopic } from '@sse/schema'
import { contract, credentialOf, type DeskEvent, type User } from '../../contract.js'
import type { WatchOptions } from '../hooks/use-subscription.js'
import { type Desk, emptyDesk, takeEvent, takeGap, takePresence } from './desk.js'
import { createStore, type Store } from './store.js'

/** What each user has, kept while they are away. */
export const desks: Readonly<Record<User, Store<Desk>>> = { ana: createStore(emptyDesk), ben: createStore(emptyDesk) }

export function otherThan(user: User): User {
  return user === 'ana' ? 'ben' : 'ana'
}

export function nameOf(user: User): string {
  return `${user.charAt(0).toUpperCase()}${user.slice(1)}`
}

/**
 * Opens a user's one connection, which all tabs of the browser share: inbox, activity and figures are three topics of it. A user who
 * was here before goes on after the last event of each; the others begin with the last ones that are kept.
 *
 * @param isCurious also asks for the other's inbox, which is denied.
 */
export function openDesk(user: User, isCurious: boolean, watch: WatchOptions): Client<typeof contract> {
  const desk = desks[user]
  const client = createClient<typeof contract>({
    url: '/api/hub',
    headers: { authorization: credentialOf(user) },
    shared: { identity: user },
    fetch: watch.fetch,
    reconnect: watch.reconnect,
  })
  client.onChange(() => watch.onStateChange(client.getSnapshot()))
  const told: Omit<TopicOptions, 'start'> = {
    onGap: (gap) => desk.set(takeGap(desk.get(), user, gap)),
    onPresence: (presence) => desk.set(takePresence(desk.get(), presence)),
    onError: (error) => {
      watch.onError(error)
      if (error instanceof ServerError && error.reason === 'denied') desk.set({ ...desk.get(), denied: error.message })
    },
  }
  const from = (topic: AnyTopic, last: number): TopicOptions => ({ ...told, start: desk.get().cursors[topic.name] ?? `last:${last}` })
  const take = (event: DeskEvent & { readonly id: string; readonly topic: string | undefined }): void => {
    const { id, topic = '' } = event
    desk.set(takeEvent(desk.get(), event, { id, topic }))
  }
  const [inboxTopic, activityTopic, figuresTopic] = [contract.inbox({ userId: user }), contract.activity(), contract.figures()]
  const inbox = client.subscribe(inboxTopic, from(inboxTopic, 50))
  inbox.on('note', take)
  inbox.on('read', take)
  client.subscribe(activityTopic, from(activityTopic, 30)).on('happened', take)
  client.subscribe(figuresTopic, from(figuresTopic, 1)).on('figures', take)
  if (isCurious) client.subscribe(contract.inbox({ userId: otherThan(user) }), told).on('note', take)
  return client
}
