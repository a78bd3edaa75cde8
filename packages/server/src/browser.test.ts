import { expect, test } from 'vitest'
import { isBrowser } from './browser.js'

const asks = (headers: Readonly<Record<string, string>>, method = 'GET'): boolean => isBrowser(method, (name) => headers[name])

const firefox = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' }

test('a browser marks its requests, with their mode and where they come from', () => {
  expect(asks({ ...firefox, 'sec-fetch-mode': 'cors', 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'empty' })).toBe(true)
})

test('a proxy may take one of the marks away', () => {
  expect(asks({ 'sec-fetch-mode': 'cors', 'sec-fetch-site': 'cross-site' })).toBe(true)
  expect(asks({ ...firefox, 'sec-fetch-mode': 'cors' })).toBe(true)
})

test('Node’s fetch sends the mode, too, and is none', () => {
  expect(asks({ accept: '*/*', 'accept-language': '*', 'sec-fetch-mode': 'cors', 'user-agent': 'node' })).toBe(false)
  expect(asks({ 'sec-fetch-mode': 'cors' })).toBe(false)
})

test('what only calls itself a browser is none, nor is a page that posts: no EventSource does', () => {
  expect(asks(firefox)).toBe(false)
  expect(asks({ ...firefox, 'sec-fetch-mode': 'cors', 'sec-fetch-site': 'same-origin' }, 'POST')).toBe(false)
})
