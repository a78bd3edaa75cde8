import { expect, type Page, test } from '@playwright/test'
import { complaints, startJob } from '../demo-page.ts'
import { demoServer } from '../servers/demo.ts'

const sequence = async (page: Page): Promise<number> => Number(await page.getByTestId('pulse-seq').textContent())

test('the pulse plots live, and goes on when its connection is cut on the server', async ({ page }) => {
  await using server = await demoServer()
  const complained = complaints(page)
  await page.goto(server.url)
  await expect.poll(() => sequence(page)).toBeGreaterThan(1)
  await page.getByTestId('cut-pulse').click()
  await expect(page.getByTestId('pulse-reconnects')).toHaveText('1')
  const before = await sequence(page)
  await expect.poll(() => sequence(page)).toBeGreaterThan(before)
  // The page says so when samples are missing.
  await expect(page.getByTestId('pulse-missed')).toBeEmpty()
  expect(complained).toEqual([])
})

test('the page picks up by itself when the server is killed and started again', async ({ page }) => {
  const first = await demoServer()
  await page.goto(first.url)
  await expect(page.getByTestId('pulse-state')).toHaveAttribute('data-state', 'open')
  // The page's own count of connections that it lost, which no reload has put back.
  await expect(page.getByTestId('pulse-reconnects')).toHaveText('0')
  await expect.poll(() => sequence(page)).toBeGreaterThan(1)
  await first.kill()
  await expect(page.getByTestId('pulse-state')).toHaveAttribute('data-state', /waiting|connecting/)
  await using second = await demoServer(first.port)
  expect(second.url).toBe(first.url)
  await expect(page.getByTestId('pulse-state')).toHaveAttribute('data-state', 'open', { timeout: 40_000 })
  // What was measured while nobody ran does not exist: the page is told, and shows the new server's samples.
  await expect(page.getByTestId('pulse-missed')).toContainText('started again')
  await expect(page.getByTestId('pulse-reconnects')).toHaveText('1')
  const before = await sequence(page)
  await expect.poll(() => sequence(page)).toBeGreaterThan(before)
})

test('progress goes on after a reload, from the event where the page was', async ({ page }) => {
  await using server = await demoServer()
  await page.goto(server.url)
  await startJob(page, 3)
  await expect(page.getByTestId('progress-percent')).not.toHaveText('0%')
  await page.reload()
  await expect(page.getByTestId('progress-resumed')).toContainText(/event \d+/i)
  await expect(page.getByTestId('progress-percent')).toHaveText('100%', { timeout: 60_000 })
})

test('the answer arrives token by token, and stop stops its producer', async ({ page }) => {
  await using server = await demoServer()
  const stats = async (): Promise<{ stopped: number; finished: number; tokens: number }> =>
    (await fetch(`${server.url}/api/answer/stats`)).json()
  await page.goto(server.url)
  await page.getByTestId('answer-ask').click()
  await expect(page.getByTestId('answer-text')).toContainText(/\w+ \w+/)
  await page.getByTestId('answer-stop').click()
  await expect.poll(async () => (await stats()).stopped).toBe(1)
  const { tokens } = await stats()
  // A round trip later not one token more was made.
  await page.reload()
  expect(await stats()).toMatchObject({ finished: 0, tokens })
})

test('the wire inspector shows messages, ids, heartbeats and reconnects', async ({ page }) => {
  await using server = await demoServer()
  await page.goto(server.url)
  const rows = page.getByTestId('inspector-row')
  await expect(rows.filter({ hasText: 'sse.ready' }).first()).toBeVisible()
  await expect.poll(() => rows.count()).toBeGreaterThan(3)
  await page.getByTestId('cut').click()
  await expect(rows.filter({ hasText: /wait|reconnect|lost/i }).first()).toBeVisible()
})

test('Ctrl-C stops the demo cleanly, with streams open', async ({ page }) => {
  await using server = await demoServer()
  await page.goto(server.url)
  await expect(page.getByTestId('pulse-state')).toHaveAttribute('data-state', 'open')
  expect(await server.kill('SIGINT')).toBe(0)
})

for (const [name, width, height] of [
  ['desktop', 1280, 900],
  ['phone', 390, 844],
] as const) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test(`a screenshot of the page: ${name}, ${colorScheme}`, async ({ browser }) => {
      await using server = await demoServer()
      const page = await browser.newPage({ viewport: { width, height }, colorScheme })
      await page.goto(server.url)
      await startJob(page, 1)
      await page.getByTestId('answer-ask').click()
      await expect(page.getByTestId('progress-percent')).toHaveText('100%')
      await expect.poll(() => sequence(page)).toBeGreaterThan(8)
      await page.evaluate(() => window.scrollTo(0, 0))
      await page.screenshot({ path: `screenshots/demo-${name}-${colorScheme}.png`, fullPage: true })
      // Nothing of it is wider than the window.
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
      await page.close()
    })
  }
}
