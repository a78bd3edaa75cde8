import { expect, type Page, test } from '@playwright/test'
import { complaints, startJob } from '../demo-page.ts'
import { demoServer } from '../servers/demo.ts'

type User = 'ana' | 'ben'

const textsOf = (page: Page, user: User): Promise<string[]> => page.getByTestId(`${user}-notes`).locator('.said').allTextContents()

async function write(page: Page, from: User, text: string): Promise<void> {
  await page.getByTestId(`${from}-text`).fill(text)
  await page.getByTestId(`${from}-send`).click()
  // The form is empty once the server has it.
  await expect(page.getByTestId(`${from}-text`)).toHaveValue('')
}

/** Sends a note from outside of the page. */
async function send(url: string, from: User, to: User, text: string): Promise<void> {
  const headers = { authorization: `Bearer demo-${from}`, 'content-type': 'application/json' }
  const response = await fetch(`${url}/api/notes`, { method: 'POST', headers, body: JSON.stringify({ to, text, key: `key-of-${text}` }) })
  expect(response.status).toBe(200)
}

async function streamsOf(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  return Number(/^sse_streams (\d+)$/m.exec(text)?.[1])
}

test('a notification reaches the user whose it is and no other, and is read everywhere at once', async ({ page, browser }) => {
  await using server = await demoServer()
  const complained = complaints(page)
  await page.goto(server.url)
  await write(page, 'ana', 'first')
  await write(page, 'ana', 'second')
  await expect.poll(() => textsOf(page, 'ben')).toEqual(['second', 'first'])
  await expect(page.getByTestId('ben-unread')).toHaveText('2')
  expect(await textsOf(page, 'ana')).toEqual([])
  // Of a browser of its own: one alone has no connections for two of these pages in sight.
  const other = await browser.newPage()
  await other.goto(server.url)
  await expect(other.getByTestId('ben-unread')).toHaveText('2')
  await page.getByTestId('ben-read').click()
  await expect(page.getByTestId('ben-unread')).toHaveText('0')
  await expect(other.getByTestId('ben-unread')).toHaveText('0')
  await other.close()
  expect(complained).toEqual([])
})

test('Ana asks for the inbox of Ben: the server says no, and what is hers goes on', async ({ page }) => {
  await using server = await demoServer()
  await page.goto(server.url)
  await page.getByTestId('ana-curious').click()
  await expect(page.getByTestId('ana-denied')).toContainText('You may not read these topics.')
  await expect(page.getByTestId('ana-state')).toHaveAttribute('data-state', 'open')
  await write(page, 'ana', 'for Ben alone')
  await write(page, 'ben', 'for Ana alone')
  await expect.poll(() => textsOf(page, 'ana')).toEqual(['for Ana alone'])
  await expect.poll(() => textsOf(page, 'ben')).toEqual(['for Ben alone'])
})

test('a user who was away, or whose connection broke, has everything once', async ({ page }) => {
  await using server = await demoServer()
  await page.goto(server.url)
  await write(page, 'ana', 'before')
  await expect.poll(() => textsOf(page, 'ben')).toEqual(['before'])
  await page.getByTestId('cut-ben').click()
  await send(server.url, 'ana', 'ben', 'while cut')
  await expect.poll(() => textsOf(page, 'ben')).toEqual(['while cut', 'before'])
  await page.getByTestId('ben-here').click()
  await expect(page.getByTestId('ben-state')).toHaveAttribute('data-state', 'idle')
  await send(server.url, 'ana', 'ben', 'while away')
  await page.getByTestId('ben-here').click()
  await expect.poll(() => textsOf(page, 'ben')).toEqual(['while away', 'while cut', 'before'])
  await page.reload()
  await expect.poll(() => textsOf(page, 'ben')).toEqual(['while away', 'while cut', 'before'])
})

test('a server that is killed loses nothing, and the page resumes by itself', async ({ page }) => {
  const first = await demoServer()
  await page.goto(first.url)
  await write(page, 'ana', 'one')
  await expect.poll(() => textsOf(page, 'ben')).toEqual(['one'])
  await page.getByTestId('ben-here').click()
  await write(page, 'ana', 'two')
  await first.kill()
  await expect(page.getByTestId('ana-state')).toHaveAttribute('data-state', /waiting|connecting/)
  await page.getByTestId('ana-text').fill('three')
  await page.getByTestId('ana-send').click()
  await expect(page.getByTestId('ana-problem')).toContainText('Not sent')
  await using second = await demoServer(first.port)
  await expect(page.getByTestId('ana-state')).toHaveAttribute('data-state', 'open', { timeout: 40_000 })
  await page.getByTestId('ana-send').click()
  await page.getByTestId('ben-here').click()
  await expect.poll(() => textsOf(page, 'ben')).toEqual(['three', 'two', 'one'])
  await expect(page.getByTestId('feed-gap')).toHaveCount(0)
  await expect(page.getByTestId('feed').locator('li')).toHaveCount(3)
  expect(await second.kill('SIGINT')).toBe(0)
  await using third = await demoServer(first.port)
  expect(third.url).toBe(first.url)
  await expect(page.getByTestId('ben-state')).toHaveAttribute('data-state', 'open', { timeout: 40_000 })
  await write(page, 'ana', 'four')
  await expect.poll(() => textsOf(page, 'ben')).toEqual(['four', 'three', 'two', 'one'])
})

test('presence shows who is there, and that a leaver left', async ({ page }) => {
  await using server = await demoServer()
  await page.goto(server.url)
  const presence = page.getByTestId('presence')
  await expect(presence).toContainText('Ana')
  await expect(presence).toContainText('Ben')
  await page.getByTestId('ben-here').click()
  await expect(presence).not.toContainText('Ben')
  await expect(presence).toContainText('Ana')
  await page.getByTestId('ben-here').click()
  await expect(presence).toContainText('Ben')
})

test('whoever was away for more than the feed keeps is told the gap, in its place', async ({ page }) => {
  await using server = await demoServer()
  await page.goto(server.url)
  await page.getByTestId('activity-text').fill('hello to all')
  await page.getByTestId('activity-post').click()
  await page.getByTestId('view-ben').check()
  const lines = page.getByTestId('feed').locator('li')
  await expect(lines).toHaveText([/Ana hello to all/])
  await page.getByTestId('ben-here').click()
  await page.getByTestId('activity-flood').click()
  await page.getByTestId('view-ana').check()
  await expect(lines.first()).toContainText('(40 of 40)')
  await expect(page.getByTestId('feed-gap')).toHaveCount(0)
  await page.getByTestId('view-ben').check()
  await expect(lines).toHaveText([/Ana hello to all/])
  await page.getByTestId('ben-here').click()
  await expect(lines.first()).toContainText('(40 of 40)')
  // Thirty are kept; before them is what he had.
  await expect(lines).toHaveCount(32)
  await expect(lines.nth(29)).toContainText('(11 of 40)')
  await expect(lines.nth(30)).toHaveText(/missing here/)
  await expect(lines.nth(31)).toContainText('hello to all')
  await expect(page.getByTestId('gaps')).toHaveText('1 gap told')
})

for (const [policy, outcome] of [
  ['disconnect', /(\d+) of \1 events came, 1 connection lost: nothing is missing/],
  ['conflate', /[1-9]\d* were replaced by newer ones/],
  ['dropOldest', /[1-9]\d* were left out, and told in 1 gap/],
] as const) {
  test(`a stalled reader fills its outbox to the bound, and then its channel acts: ${policy}`, async ({ page }) => {
    await using server = await demoServer()
    await page.goto(server.url)
    await expect(page.getByTestId('hub-streams')).toHaveText('3')
    await page.getByTestId(`policy-${policy}`).check()
    await page.getByTestId('stall').click()
    // At each frame, for a stream that is closed at the bound has nothing waiting a moment later.
    await page.waitForFunction(() => {
      const waiting = document.querySelector<HTMLElement>('[data-testid="outbox-waiting"]')
      return Number(waiting?.dataset['bytes']) > 235_000
    })
    const story = page.getByTestId('slow-reader-story')
    await expect(story).toHaveAttribute('data-phase', 'at the bound')
    const held = policy === 'disconnect' ? 'given back' : 'in its outbox'
    await expect(page.getByTestId('outbox-state')).toHaveText(held)
    expect(Number(await page.getByTestId('outbox-waiting').getAttribute('data-bytes'))).toBeGreaterThan(235_000)
    await expect(story).toHaveAttribute('data-phase', 'done')
    await expect(story).toHaveText(outcome)
    await expect(page.getByTestId('outbox-waiting')).toHaveText('0 B')
    await expect(page.getByTestId('feed')).toContainText('The slow reader has caught up')
  })
}

test('the figures of the hub move as things happen, and /metrics says the same', async ({ page }) => {
  await using server = await demoServer()
  await page.goto(server.url)
  const published = async (): Promise<number> => Number(await page.getByTestId('hub-published').textContent())
  await expect(page.getByTestId('hub-streams')).toHaveText('3')
  const before = await published()
  await write(page, 'ana', 'hello')
  await expect.poll(published).toBeGreaterThan(before + 1)
  const opened = page.waitForEvent('popup')
  await page.getByTestId('metrics').click()
  await expect((await opened).locator('body')).toContainText('sse_published_total')
  expect(await streamsOf(server.url)).toBe(3)
})

test('the page has five streams at most, so that requests still get through', async ({ page }) => {
  await using server = await demoServer()
  await page.goto(server.url)
  await startJob(page, 60)
  await page.getByTestId('answer-ask').click()
  await expect.poll(() => streamsOf(server.url)).toBe(5)
  await write(page, 'ana', 'through')
  await expect.poll(() => textsOf(page, 'ben')).toEqual(['through'])
})

test('two tabs share the connection of each user, and say which of them leads; another leads when it is closed', async ({
  page,
  context,
}) => {
  await using server = await demoServer()
  await page.goto(server.url)
  await expect(page.getByTestId('ana-role')).toHaveText('this tab leads')
  const other = await context.newPage()
  await other.goto(server.url)
  await expect(other.getByTestId('ana-role')).toHaveText('another tab leads')
  await expect(other.getByTestId('ana-state')).toHaveAttribute('data-state', 'open')
  // Each has a pulse of its own.
  await expect.poll(() => streamsOf(server.url)).toBe(4)
  await write(other, 'ana', 'over there')
  for (const tab of [page, other]) await expect.poll(() => textsOf(tab, 'ben')).toEqual(['over there'])
  await page.close()
  await expect(other.getByTestId('ana-role')).toHaveText('this tab leads')
  await write(other, 'ana', 'alone now')
  await expect.poll(() => textsOf(other, 'ben')).toEqual(['alone now', 'over there'])
  await expect.poll(() => streamsOf(server.url)).toBe(3)
})

test('a request that other windows of the page keep waiting says so, and gets through once they are gone', async ({ page, context }) => {
  await using server = await demoServer()
  await page.goto(server.url)
  const others = [await context.newPage(), await context.newPage(), await context.newPage()]
  for (const other of others) await other.goto(server.url)
  // All six that HTTP/1.1 allows a browser.
  await expect.poll(() => streamsOf(server.url)).toBe(6)
  await page.getByTestId('ana-text').fill('patience')
  await page.getByTestId('ana-send').click()
  await expect(page.getByTestId('ana-send')).toHaveText('Sending…')
  await expect(page.getByTestId('ana-problem')).toContainText('taken by another window of this page')
  for (const other of others) await other.close()
  await expect.poll(() => textsOf(page, 'ben')).toEqual(['patience'])
  await expect(page.getByTestId('ana-send')).toHaveText('Send')
  await expect(page.getByTestId('ana-problem')).toHaveCount(0)
})

test('a tab that is hidden holds no stream, and has missed nothing when it is shown again', async ({ page }) => {
  await using server = await demoServer()
  const turn = (state: 'hidden' | 'visible'): Promise<void> =>
    page.evaluate((value) => {
      Object.defineProperty(document, 'visibilityState', { value, configurable: true })
      document.dispatchEvent(new Event('visibilitychange'))
    }, state)
  await page.goto(server.url)
  await write(page, 'ana', 'shown')
  await expect.poll(() => textsOf(page, 'ben')).toEqual(['shown'])
  await turn('hidden')
  await expect.poll(() => streamsOf(server.url)).toBe(0)
  await send(server.url, 'ana', 'ben', 'hidden')
  await turn('visible')
  await expect.poll(() => textsOf(page, 'ben')).toEqual(['hidden', 'shown'])
  await expect(page.getByTestId('pulse-state')).toHaveAttribute('data-state', 'open')
  await expect(page.getByTestId('pulse-missed')).toBeEmpty()
})

for (const [name, width, height] of [
  ['desktop', 1280, 900],
  ['phone', 390, 844],
] as const) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test(`a screenshot of the hub's panels: ${name}, ${colorScheme}`, async ({ browser }) => {
      await using server = await demoServer()
      const page = await browser.newPage({ viewport: { width, height }, colorScheme })
      await page.goto(server.url)
      await write(page, 'ana', 'Shall we look at the numbers together?')
      await write(page, 'ben', 'In ten minutes.')
      await page.getByTestId('ana-read').click()
      await page.getByTestId('ana-curious').click()
      await page.getByTestId('policy-dropOldest').check()
      await page.getByTestId('stall').click()
      await expect(page.getByTestId('slow-reader-story')).toHaveAttribute('data-phase', 'at the bound')
      await page.evaluate(() => window.scrollTo(0, 0))
      await page.screenshot({ path: `screenshots/demo-hub-${name}-${colorScheme}.png`, fullPage: true })
      // Nothing of it is wider than the window.
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
      await page.close()
    })
  }
}
