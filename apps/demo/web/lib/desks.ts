import { checkLinks, ServerError, type Subscription, subscribe } from '@sse/client'
import type { DecodedPayloads } from '@sse/schema'
import { contract, credentialOf, type DeskEvent, deskEvents, type User } from '../../contract.js'
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
 * Opens a user's one connection: inbox, activity and figures are three topics of it. A user who was here before goes on
 * after the last event; the others begin with the last ones that are kept.
 *
 * @param isCurious also asks for the other's inbox, which is denied.
 */
export function openDesk(user: User, isCurious: boolean, watch: WatchOptions): Subscription<DecodedPayloads<typeof deskEvents>> {
  const desk = desks[user]
  const topics = [
    `${contract.inbox({ userId: user }).name}@last:50`,
    `${contract.activity().name}@last:30`,
    `${contract.figures().name}@last:1`,
  ]
  if (isCurious) topics.push(contract.inbox({ userId: otherThan(user) }).name)
  const live = subscribe(`/api/hub?${new URLSearchParams(topics.map((topic) => ['topic', topic]))}`, {
    ...watch,
    events: deskEvents,
    headers: { authorization: credentialOf(user) },
    lastEventId: desk.get().lastEventId,
    transport: checkLinks(),
    onGap: (gap) => desk.set(takeGap(desk.get(), user, gap)),
    onPresence: (presence) => desk.set(takePresence(desk.get(), presence)),
    onError: (error) => {
      watch.onError(error)
      if (error instanceof ServerError && error.reason === 'denied') desk.set({ ...desk.get(), denied: error.message })
    },
  })
  const take = (event: DeskEvent & { readonly id: string }): void => desk.set(takeEvent(desk.get(), event, event.id))
  live.on('note', take)
  live.on('read', take)
  live.on('happened', take)
  live.on('figures', take)
  return live
}
