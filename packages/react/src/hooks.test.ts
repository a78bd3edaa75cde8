import { createClient } from '@sse/client'
import { channel, defineContract } from '@sse/schema'
import { createElement, type ReactElement } from 'react'
import { renderToString } from 'react-dom/server'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createHooks } from './hooks.js'

// What a page's server renders. In the browser, they are tested in one: e2e/tests/react.spec.ts.

const contract = defineContract({ order: channel('orders/:orderId', { made: z.number() }) })
const { Provider, useConnectionState, useEvents, useSubscription } = createHooks<typeof contract>()

function Order({ orderId }: { readonly orderId?: string }): ReactElement {
  const [events, { state }] = useEvents(orderId && contract.order({ orderId }))
  const [sum] = useEvents(orderId && ['orders/:orderId', { orderId }], { initial: 7, reduce: (sum, { data }) => sum + data })
  const followed = useSubscription(orderId && contract.order({ orderId }))
  return createElement('p', null, [events.length, state, sum, followed.state, followed.reason, useConnectionState().state].join(' '))
}

/** A client that must not be used: a page's server subscribes to nothing. */
const client = createClient<typeof contract>({
  url: 'https://app.example/events',
  fetch: () => {
    throw new Error('the server connected')
  },
})

describe('on the server', () => {
  test('a client that is only made in the browser is not made: its URL may be relative', () => {
    const make = (): never => {
      throw new Error('it was made')
    }
    const html = renderToString(createElement(Provider, { client: make }, createElement(Order, { orderId: '1' })))
    expect(html).toBe('<p>0 connecting 7 connecting  waiting</p>')
  })

  test('with a client that is there, nothing is subscribed to', () => {
    const html = renderToString(createElement(Provider, { client }, createElement(Order, { orderId: '1' })))
    expect(html).toBe('<p>0 connecting 7 connecting  waiting</p>')
    expect(client.getSnapshot()).toMatchObject({ state: 'waiting', reason: 'idle' })
  })

  test('where nothing is wanted, the state is idle', () => {
    const html = renderToString(createElement(Provider, { client }, createElement(Order)))
    expect(html).toBe('<p>0 waiting 7 waiting idle waiting</p>')
  })

  test('a component without a Provider says what to do', () => {
    expect(() => renderToString(createElement(Order))).toThrow('render the Provider of createHooks above')
  })

  test('the Provider of other hooks does not count', () => {
    const other = createHooks<typeof contract>()
    expect(() => renderToString(createElement(other.Provider, { client }, createElement(Order)))).toThrow('of createHooks')
  })
})
