import { expect, test } from '@playwright/test'
import { subscribe } from '@sse/client'
import { eventSource } from '@sse/client/event-source'
import { EventSource } from 'eventsource'
import { sequenceEvents } from '../servers/events.ts'
import { sequenceServer } from '../servers/process.ts'

test('a POST streams its answer token by token', async ({ page }) => {
  await using server = await sequenceServer()
  await page.goto(server.url)
  const tokens = await page.evaluate(async () => {
    const { subscribe, events } = window.sse
    const tokens: string[] = []
    for await (const event of subscribe('/words', { events, body: 'typed from end to end' })) tokens.push(String(event.data))
    return tokens
  })
  expect(tokens).toEqual(['typed ', 'from ', 'end ', 'to ', 'end'])
})

test('HTTP/2 over TLS carries ten streams of one origin at once, past the six connections of HTTP/1.1', async ({ page }) => {
  await using server = await sequenceServer('--tls')
  await page.goto(server.url)
  const sums = await page.evaluate(async () => {
    const { subscribe, events } = window.sse
    // Endless streams: if one had to wait for another's connection, it would wait forever.
    const subscriptions = Array.from({ length: 10 }, () => subscribe('/numbers?every=5', { events }))
    return Promise.all(
      subscriptions.map(async (subscription) => {
        let sum = 0
        for await (const event of subscription) {
          if (event.type !== 'number') continue
          sum += event.data.n
          if (event.data.n === 10) break
        }
        return sum
      }),
    )
  })
  expect(sums).toEqual(Array(10).fill(55))
  const protocol = await page.evaluate(() =>
    performance.getEntriesByType('navigation').map((entry) => 'nextHopProtocol' in entry && entry.nextHopProtocol),
  )
  expect(protocol).toEqual(['h2'])
})

test("the browser's own EventSource reads the stream, and a 204 ends its reconnecting", async ({ page }) => {
  await using server = await sequenceServer()
  await page.goto(server.url)
  const statuses: number[] = []
  page.on('response', (response) => {
    if (response.url().includes('/numbers')) statuses.push(response.status())
  })
  const result = await page.evaluate(
    () =>
      new Promise<{ data: unknown[]; ids: string[]; state: number }>((resolve) => {
        const source = new EventSource('/numbers?to=3')
        const data: unknown[] = []
        const ids: string[] = []
        source.addEventListener('number', (event) => {
          data.push(JSON.parse(event.data).n)
          ids.push(event.lastEventId)
        })
        source.onerror = () => {
          if (source.readyState === EventSource.CLOSED) resolve({ data, ids, state: source.readyState })
        }
      }),
  )
  expect(result).toEqual({ data: [1, 2, 3], ids: ['1', '2', '3'], state: 2 })
  expect(statuses).toEqual([200, 204])
})

test("the client over the browser's EventSource resumes as it does over fetch", async ({ page }) => {
  await using server = await sequenceServer()
  await page.goto(server.url)
  const numbers = await page.evaluate(async () => {
    const { subscribe, events, eventSource } = window.sse
    const numbers: number[] = []
    const first = subscribe('/numbers?to=5', { events, transport: eventSource() })
    for await (const event of first) {
      if (event.type === 'number') numbers.push(event.data.n)
      if (numbers.length === 2) break
    }
    const second = subscribe('/numbers?to=5', { events, transport: eventSource(), lastEventId: first.lastEventId })
    for await (const event of second) if (event.type === 'number') numbers.push(event.data.n)
    return numbers
  })
  expect(numbers).toEqual([1, 2, 3, 4, 5])
})

test('the eventsource package reads the same server', async () => {
  await using server = await sequenceServer()
  const source = new EventSource(`${server.url}/numbers?to=3`)
  const numbers: unknown[] = []
  await new Promise<void>((resolve) => {
    source.addEventListener('number', ({ data }) => numbers.push(JSON.parse(data).n))
    source.onerror = ({ code }) => code === 204 && resolve()
  })
  expect(numbers).toEqual([1, 2, 3])
  expect(source.readyState).toBe(source.CLOSED)
})

test('the client in Node reads over the eventsource package', async () => {
  await using server = await sequenceServer()
  const numbers: number[] = []
  for await (const event of subscribe(`${server.url}/numbers?to=3`, { events: sequenceEvents, transport: eventSource() })) {
    if (event.type === 'number') numbers.push(event.data.n)
  }
  expect(numbers).toEqual([1, 2, 3])
})
