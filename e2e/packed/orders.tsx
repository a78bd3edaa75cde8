import { createClient } from '@sse/client'
import { createHooks } from '@sse/react'
import type { contract } from './contract.js'

const { Provider, useEvents } = createHooks<typeof contract>()

function Order({ orderId }: { orderId: string }) {
  const [days, { state }] = useEvents(['orders/:orderId', { orderId }], {
    select: (event) => (event.type === 'shipped' ? event.data.at.slice(0, 10) : undefined),
  })
  return <p aria-busy={state !== 'open'}>{days.join()}</p>
}

export const page = (
  <Provider client={() => createClient<typeof contract>({ url: '/events' })}>
    <Order orderId="42" />
  </Provider>
)
