import {
  type Client,
  type ClientOptions,
  type CursorStore,
  createClient,
  type TopicOptions,
  type TopicSubscription,
  webStorage,
} from '@sse/client'
import type { WireEventOf } from '@sse/schema'
import type { contract, countedEvents } from '../servers/hub-contract.ts'

type Payloads = { counted: WireEventOf<typeof countedEvents, 'counted'>['data'] }

/** A client and what came of its subscriptions. */
export interface Followed {
  readonly client: Client<typeof contract>
  readonly subscriptions: Map<string, TopicSubscription<Payloads>>
  /** The numbers of each topic. */
  readonly received: Record<string, number[]>
  /** Everything else that was told, in order. */
  readonly told: string[]
  /** Every state of the connection. */
  readonly states: string[]
}

/** How to follow, as a test can hand it to its page. */
export interface FollowOptions extends Omit<ClientOptions, 'headers' | 'fetch' | 'url'> {
  /** Each attempt brings a token of its own, good for so many milliseconds. */
  readonly tokenLife?: number
  /** Where the cursor of each topic is kept. */
  readonly stored?: 'session' | 'local' | 'indexed'
}

let followed: Followed | undefined
let stored: FollowOptions['stored']

/** The page's client. */
export function follower(): Followed {
  if (!followed) throw new Error('the page follows nothing yet')
  return followed
}

/** Makes the page's client. */
export function follow({ tokenLife, stored: kept, ...options }: FollowOptions = {}): void {
  const client = createClient<typeof contract>({
    url: '/events',
    reconnect: { baseDelay: 20, maxDelay: 200 },
    ...options,
    ...(tokenLife === undefined ? {} : { headers: () => ({ authorization: `Bearer ${Date.now() + tokenLife}` }) }),
  })
  const states: string[] = []
  client.onChange(() => {
    const { state, reason, role } = client.getSnapshot()
    states.push([role, state, reason].join(' '))
  })
  stored = kept
  followed = { client, subscriptions: new Map(), received: {}, told: [], states }
}

function storeOf(kind: NonNullable<FollowOptions['stored']>, key: string): CursorStore {
  if (kind !== 'indexed') return webStorage(kind === 'session' ? sessionStorage : localStorage, key)
  const open = async (mode: IDBTransactionMode): Promise<IDBObjectStore> => {
    const opening = indexedDB.open('cursors')
    opening.onupgradeneeded = () => opening.result.createObjectStore('kept')
    return (await done(opening)).transaction('kept', mode).objectStore('kept')
  }
  return {
    get: async () => done<string | undefined>((await open('readonly')).get(key)),
    set: async (cursor) => done((await open('readwrite')).put(cursor, key)),
  }
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

/** Subscribes to what nobody may read. */
export function secret(): void {
  const { client, told } = follower()
  const options: TopicOptions = { onError: ({ code, message }) => told.push(`${code}: ${message}`) }
  client.subscribe('secrets/:name', { name: 'x' }, options).onEvent(({ type }) => told.push(type))
}

/** Subscribes to orders, by their numbers, and keeps the numbers of their events. */
export function order(orderIds: readonly string[], options: Pick<TopicOptions, 'start'> = {}): void {
  const { client, subscriptions, received, told } = follower()
  for (const orderId of orderIds) {
    const subscription = client.subscribe(
      'orders/:orderId',
      { orderId },
      {
        ...options,
        store: stored && storeOf(stored, `order ${orderId}`),
        onGap: ({ topics, reason }) => void told.push(`gap ${reason} ${topics.join()}`),
        onEnd: ({ reason }) => told.push(`end ${reason}`),
        onError: ({ code, message }) => told.push(`${code}: ${message}`),
      },
    )
    const { topic } = subscription
    received[topic] = []
    subscriptions.set(topic, subscription)
    subscription.on('counted', ({ data }) => received[topic]?.push(data.n))
  }
}
