import { expect, test } from '@playwright/test'
import { chromiumArguments, findChromium } from '../chromium.ts'
import { hubServer } from '../servers/process.ts'
import { Storage } from '../servers/storage.ts'
import { follow, receivedBy, toldTo, untilAt } from './following.ts'
import { poll, publish, stats, whole } from './watching.ts'

const executablePath = findChromium()

// Playwright switches the back/forward cache off.
test.use({
  launchOptions: {
    args: chromiumArguments,
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
    ...(executablePath === undefined ? {} : { executablePath }),
  },
})

for (const [how, options] of [
  ['with a connection of its own', {}],
  ['that shared one', { shared: { identity: 'anna' } }],
] as const) {
  test(`a page ${how} can be kept for going back to, and has missed nothing then`, async ({ page, request }) => {
    await using storage = await Storage.make()
    await using server = await hubServer(storage.path)
    await follow(page, server.url, ['1', '2'], options)
    await page.evaluate(() =>
      addEventListener('pageshow', ({ persisted }) => {
        if (persisted) document.title = 'kept'
      }),
    )
    const topics = ['orders/1', 'orders/2']
    await publish(request, server, topics, { to: 5 })
    await untilAt(page, 5)
    await page.goto('about:blank')
    await expect.poll(async () => (await stats(request, server)).streams, poll).toBe(0)
    await publish(request, server, topics, { from: 6, to: 9 })
    await page.goBack({ waitUntil: 'commit' })
    // The same page as before, not one that was loaded anew.
    await expect.poll(() => page.title(), poll).toBe('kept')
    await untilAt(page, 9)
    expect(await receivedBy(page)).toEqual(whole(topics, 9))
    expect(await toldTo(page)).toEqual([])
    expect((await stats(request, server)).streams).toBe(1)
  })
}
