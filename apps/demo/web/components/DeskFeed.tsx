import { type Gap, type Presence, ServerError } from '@sse/client'
import { createHooks } from '@sse/react'
import { type ReactElement, useEffect } from 'react'
import { contract, type DeskEvent, type User } from '../../contract.js'
import { setConnection } from '../lib/connections.js'
import { takeEvent, takeGap, takePresence } from '../lib/desk.js'
import { desks, openClient, otherThan } from '../lib/desks.js'
import { logWire } from '../lib/wire-log.js'

const { Provider, useSubscription } = createHooks<typeof contract>()

interface DeskFeedProps {
  readonly user: User
  /** Also asks for the other's inbox, which is denied. */
  readonly isCurious: boolean
}

/** A user's connection, for as long as it is there. It shows nothing: what comes is kept in the user's desk. */
export function DeskFeed({ user, isCurious }: DeskFeedProps): ReactElement {
  return (
    <Provider client={() => openClient(user)}>
      <Topics user={user} isCurious={isCurious} />
    </Provider>
  )
}

/**
 * Inbox, activity and figures are three topics of the one connection. A user who was here before goes on after the last event of each;
 * the others begin with the last ones that are kept.
 */
function Topics({ user, isCurious }: DeskFeedProps): null {
  const desk = desks[user]
  const optionsFor = (topic: { readonly name: string }, last: number) => ({
    start: desk.get().cursors[topic.name] ?? `last:${last}`,
    onEvent: (event: DeskEvent & { readonly id: string; readonly topic: string | undefined }) => {
      const { id, topic = '' } = event
      desk.set(takeEvent(desk.get(), event, { id, topic }))
    },
    onGap: (gap: Gap) => desk.set(takeGap(desk.get(), user, gap)),
    onPresence: (presence: Presence) => desk.set(takePresence(desk.get(), presence)),
    onError: (error: Error) => {
      logWire(user, 'failure', `! ${error.name}: ${error.message}`)
      if (error instanceof ServerError && error.reason === 'denied') desk.set({ ...desk.get(), denied: error.message })
    },
  })
  const [inbox, others] = [contract.inbox({ userId: user }), contract.inbox({ userId: otherThan(user) })]
  const [activity, figures] = [contract.activity(), contract.figures()]
  useSubscription(inbox, optionsFor(inbox, 50))
  useSubscription(activity, optionsFor(activity, 30))
  useSubscription(figures, optionsFor(figures, 1))
  useSubscription(isCurious && others, optionsFor(others, 50))
  useEffect(() => () => setConnection(user, undefined), [user])
  return null
}
