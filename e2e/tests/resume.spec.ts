import { expect, type Page, test } from '@playwright/test'
import { sequenceServer } from '../servers/process.ts'

/** Subscribes in the page; every number goes into the page's output, and into `numbers`. */
async function watchNumbers(page: Page, query: string): Promise<void> {
  await page.evaluate((query) => {
    const { subscribe, events } = window.sse
    const numbers: number[] = []
    const subscription = subscribe(`/numbers?${query}`, {
      events,
      reconnect: { baseDelay: 50, maxDelay: 200 },
      onEnd: () => document.body.setAttribute('data-ended', ''),
    })
    subscription.on('number', ({ data }) => {
      numbers.push(data.n)
      // `at` was decoded: only a Date has this method.
      document.querySelector('output')?.replaceChildren(`${data.n} ${data.at.getTime() > 0}`)
    })
    Object.assign(window, { numbers, subscription })
  }, query)
}

const received = (page: Page): Promise<number[]> => page.evaluate('numbers')

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1)

test('typed events reach the DOM, decoded', async ({ page }) => {
  await using server = await sequenceServer()
  await page.goto(server.url)
  await watchNumbers(page, 'to=3')
  await expect(page.locator('output')).toHaveText('3 true')
  await expect(page.locator('body')).toHaveAttribute('data-ended', '')
})

test('a server that is killed and started again on its port loses and doubles nothing', async ({ page }) => {
  const first = await sequenceServer()
  await page.goto(first.url)
  await watchNumbers(page, 'to=400&every=5')
  await expect.poll(async () => (await received(page)).length).toBeGreaterThan(50)
  await first.kill()
  const before = (await received(page)).length
  await using second = await sequenceServer('--port', first.port)
  expect(second.url).toBe(first.url)
  await expect(page.locator('body')).toHaveAttribute('data-ended', '')
  expect(before).toBeLessThan(400)
  expect(await received(page)).toEqual(upTo(400))
})

test('closing the subscription stops the producer on the server', async ({ page }) => {
  await using server = await sequenceServer()
  const running = async (): Promise<unknown> => (await fetch(`${server.url}/running`)).json()
  await page.goto(server.url)
  await watchNumbers(page, 'every=5')
  await expect.poll(async () => (await received(page)).length).toBeGreaterThan(3)
  expect(await running()).toEqual({ running: 1 })
  await page.evaluate('subscription.close()')
  await expect.poll(running).toEqual({ running: 0 })
})

test('leaving the page stops the producer on the server', async ({ page }) => {
  await using server = await sequenceServer()
  const running = async (): Promise<unknown> => (await fetch(`${server.url}/running`)).json()
  await page.goto(server.url)
  await watchNumbers(page, 'every=5')
  await expect.poll(running).toEqual({ running: 1 })
  await page.goto('about:blank')
  await expect.poll(running).toEqual({ running: 0 })
})
