// What the tests of the hooks render, in the page and on its server. Without JSX, which Node does not run.
import { type Client, type ClientSnapshot, createClient } from '@sse/client'
import { createHooks } from '@sse/react'
import * as React from 'react'
import type { contract } from '../servers/hub-contract.ts'

const { Activity, Component, createElement: h, StrictMode } = React
const { Provider, useSubscription, useEvents, useConnectionState } = createHooks<typeof contract>()

/** What is on the page. A test changes it. */
export interface View {
  /** Orders whose numbers are listed, with how many are kept. */
  readonly lists?: readonly { readonly order: string; readonly limit?: number; readonly start?: `last:${number}` | 'now' }[]
  /** Orders whose even numbers are listed. */
  readonly evens?: readonly string[]
  /** Orders whose numbers are summed up, until the sum is 10 or more. */
  readonly sums?: readonly string[]
  /** Orders that are only followed, by a handler that is another one at each render; it tells this word. */
  readonly follows?: readonly { readonly order: string | undefined; readonly word: string; readonly isManual?: boolean }[]
  /** An order whose numbers one component lists, whichever order it is. */
  readonly turned?: string
  readonly secret?: boolean
  /** Whether the components are there, but not shown. */
  readonly isHidden?: boolean
  readonly hasNoProvider?: boolean
}

/** How often each component has rendered. */
export const renders: Record<string, number> = {}
/** What handlers were told. */
export const told: string[] = []

function count(name: string): void {
  renders[name] = (renders[name] ?? 0) + 1
}

function line(id: string, state: string, ...words: readonly unknown[]): React.ReactElement {
  return h('p', { id, 'data-state': state }, words.join(' '))
}

function List({ order, limit, start }: NonNullable<View['lists']>[number]): React.ReactElement {
  count(`list ${order}`)
  const [numbers, { state }] = useEvents(['orders/:orderId', { orderId: order }], { limit, start, select: ({ data }) => data.n })
  return line(`list-${order}`, state, state, numbers.join())
}

function Evens({ order }: { order: string }): React.ReactElement {
  count(`evens ${order}`)
  const [numbers, { state }] = useEvents(['orders/:orderId', { orderId: order }], {
    select: ({ data }) => (data.n % 2 ? undefined : data.n),
  })
  return line(`evens-${order}`, state, numbers.join())
}

function Sum({ order }: { order: string }): React.ReactElement {
  count(`sum ${order}`)
  const [sum, { state }] = useEvents(['orders/:orderId', { orderId: order }], {
    initial: 0,
    reduce: (sum, { data }) => (sum < 10 ? sum + data.n : sum),
  })
  return line(`sum-${order}`, state, sum)
}

function Follow({ order, word, isManual }: NonNullable<View['follows']>[number]): React.ReactElement {
  const { state, reason, reached } = useSubscription(order && ['orders/:orderId', { orderId: order }], {
    ack: isManual ? 'manual' : 'auto',
    onEvent: ({ data, id }) => {
      told.push(`${word} ${data.n}`)
      if (data.n === 1 && !isManual) void reached(id).then((isThere) => told.push(`${word} reached ${isThere}`))
    },
    onEnd: ({ reason: why }) => void told.push(`${word} end ${why}`),
  })
  return line(`follow-${order}`, state, state, reason)
}

function Turned({ order }: { order: string }): React.ReactElement {
  const [numbers, { state }] = useEvents(['orders/:orderId', { orderId: order }], {
    select: ({ data, topic }) => {
      if (topic !== `orders/${order}`) told.push(`${topic} in place of orders/${order}`)
      return data.n
    },
  })
  return line('turned', state, order, numbers.join())
}

function Secret(): React.ReactElement {
  const { state, error } = useSubscription(['secrets/:name', { name: 'x' }], { onError: ({ code }) => void told.push(code) })
  return line('secret', state, state, error?.message)
}

function Status(): React.ReactElement {
  count('status')
  const state = useConnectionState((connection: ClientSnapshot) => connection.state)
  return line('status', state, state)
}

class Boundary extends Component<{ readonly children: React.ReactNode }> {
  override state: { message?: string } = {}
  static getDerivedStateFromError = ({ message }: Error): { message: string } => ({ message })
  override render(): React.ReactNode {
    return this.state.message === undefined ? this.props.children : line('error', 'failed', this.state.message)
  }
}

/** @param client a client; or how it is made, where the page's server renders it. */
export function app(view: View, client: Client<typeof contract> | (() => Client<typeof contract>) = makeClient): React.ReactElement {
  const { lists = [], evens = [], sums = [], follows = [], turned, secret = false, isHidden = false, hasNoProvider = false } = view
  const children = [
    h(Status, { key: 'status' }),
    ...lists.map((list) => h(List, { key: `list ${list.order}`, ...list })),
    ...evens.map((order) => h(Evens, { key: `evens ${order}`, order })),
    ...sums.map((order) => h(Sum, { key: `sum ${order}`, order })),
    ...follows.map((follow, index) => h(Follow, { key: `follow ${index}`, ...follow })),
    turned !== undefined && h(Turned, { key: 'turned', order: turned }),
    secret && h(Secret, { key: 'secret' }),
  ]
  const shown = h(Activity, { mode: isHidden ? 'hidden' : 'visible', children })
  return h(StrictMode, null, h(Boundary, null, hasNoProvider ? shown : h(Provider, { client }, shown)))
}

/** In milliseconds. */
let linger = 300

/** For clients that are made from now on. */
export function setLinger(milliseconds: number): void {
  linger = milliseconds
}

/** Its URL is good only in a page. */
function makeClient(): Client<typeof contract> {
  return createClient<typeof contract>({ url: '/events', linger, reconnect: { baseDelay: 20, maxDelay: 200 } })
}
