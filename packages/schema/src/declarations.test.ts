import { expect, test } from 'vitest'
import { compile } from './testing/compile.js'

// What an editor shows on hover, and what a library built on this one publishes.

const { diagnostics, declarations } = compile(`
import { z } from 'zod'
import { channel, defineContract, defineEvents, type EventOf, isoDate, parseTopic, type WireEventOf } from '../../src/index.js'

export const events = defineEvents({ created: z.object({ id: z.string() }), shipped: z.object({ at: isoDate }) })
export const order = channel('orders/:orderId', events)
export const inbox = channel('users/:userId/inbox', { message: z.object({ text: z.string() }) })
export const contract = defineContract({ order, inbox, news: channel('news', { headline: z.string() }) })
export const topic = contract.order({ orderId: 42 })
export const subtree = contract.order.all()
export const parsed = parseTopic(contract, 'orders/42')
export const event = (given: EventOf<typeof events>, wire: WireEventOf<typeof contract.inbox>) => ({ given, wire })
`)

const compact = declarations.replaceAll(/\s+/g, ' ')

test('a contract compiles', () => {
  expect(diagnostics).toBe('')
})

test('published declarations hold payloads and no schemas', () => {
  expect(declarations.replace("import { z } from 'zod';", '')).not.toMatch(/zod|DecodedOf|WireOf/i)
})

test.each([
  ['events', 'Events<{ created: { id: string; }; shipped: { at: Date; }; }, { created: { id: string; }; shipped: { at: string; }; }>;'],
  [
    'order',
    'Channel<"orders/:orderId", { created: { id: string; }; shipped: { at: Date; }; }, { created: { id: string; }; shipped: { at: string; }; }>;',
  ],
  ['inbox', 'Channel<"users/:userId/inbox", { message: { text: string; }; }, { message: { text: string; }; }>;'],
  [
    'topic',
    'Topic<"order", "orders/:orderId", { created: { id: string; }; shipped: { at: Date; }; }, { created: { id: string; }; shipped: { at: string; }; }>;',
  ],
])('%s has its payloads in plain sight', (name, type) => {
  expect(compact).toMatch(new RegExp(`export declare const ${name}: import\\("[^"]+"\\)\\.`))
  expect(compact).toContain(type)
})
