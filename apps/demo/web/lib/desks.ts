import { type Client, createClient } from '@sse/client'
import { type contract, credentialOf, type User } from '../../contract.js'
import { type Desk, emptyDesk } from './desk.js'
import { createStore, type Store } from './store.js'
import { watchStream } from './watch.js'

/** What each user has, kept while they are away. */
export const desks: Readonly<Record<User, Store<Desk>>> = { ana: createStore(emptyDesk), ben: createStore(emptyDesk) }

export function otherThan(user: User): User {
  return user === 'ana' ? 'ben' : 'ana'
}

export function nameOf(user: User): string {
  return `${user.charAt(0).toUpperCase()}${user.slice(1)}`
}

/** A user's one connection to the hub, which all tabs of the browser share. */
export function openClient(user: User): Client<typeof contract> {
  const { fetch, reconnect, onStateChange } = watchStream(user)
  const client = createClient<typeof contract>({
    url: '/api/hub',
    headers: { authorization: credentialOf(user) },
    shared: { identity: user },
    fetch,
    reconnect,
  })
  client.onChange(() => onStateChange(client.getSnapshot()))
  return client
}
