import { expect, test } from 'vitest'
import { splitType } from './type.js'

test.each([
  ['a type alone', 'shipped', undefined, 'shipped'],
  ['a topic and a type', 'orders/42#shipped', 'orders/42', 'shipped'],
  ['an empty field', '', undefined, ''],
  ['an empty topic', '#shipped', '', 'shipped'],
  ['an empty type', 'orders/42#', 'orders/42', ''],
  // No topic's name holds one, so a second # is a foreign server's, and stays with the type.
  ['a second #', 'a#b#c', 'a', 'b#c'],
])('%s', (_, field, topic, type) => {
  expect(splitType(field)).toEqual({ topic, type })
})
