import { expect, test } from 'vitest'
import type { Entry } from './backplane.js'
import { Deliveries } from './deliveries.js'
import { Delivery } from './delivery.js'
import { contract } from './testing/hub-session.js'

function entry(position: number, more: Partial<Entry> = {}): Entry {
  return { topic: 'a', kind: 'event', epoch: 'e', position, previous: 0, time: 0, type: 'changed', data: '{}', ...more }
}

function delivery(of: Entry): Delivery {
  return new Delivery(of, { events: contract.order.events, settings: {}, onError: () => {} })
}

test('an entry that was read twice has one delivery', () => {
  const deliveries = new Deliveries()
  const first = delivery(entry(1))
  deliveries.add(first)
  expect(deliveries.get(entry(1))).toBe(first)
})

test('an entry of another epoch, or topic, at the same position has another', () => {
  const deliveries = new Deliveries()
  deliveries.add(delivery(entry(1)))
  expect([deliveries.get(entry(1, { epoch: 'f' })), deliveries.get(entry(1, { topic: 'b' }))]).toEqual([undefined, undefined])
})

test('the oldest are forgotten, by count', () => {
  const deliveries = new Deliveries()
  for (let position = 1; position <= 3_000; position++) deliveries.add(delivery(entry(position)))
  expect([deliveries.get(entry(952)), deliveries.get(entry(953))?.entry.position]).toEqual([undefined, 953])
})

test('the oldest are forgotten, by size', () => {
  const deliveries = new Deliveries()
  for (let position = 1; position <= 10; position++) deliveries.add(delivery(entry(position, { data: 'x'.repeat(1_000_000) })))
  const kept = Array.from({ length: 10 }, (_, index) => index + 1).filter((position) => deliveries.get(entry(position)) !== undefined)
  expect(kept).toEqual([7, 8, 9, 10])
})
