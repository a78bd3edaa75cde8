import { defineConfig } from '@playwright/test'
import { chromiumArguments, findChromium } from './chromium.ts'

const executablePath = findChromium()

export default defineConfig({
  testDir: 'tests',
  outputDir: 'test-results',
  // Two cores: one for the browser, one for servers.
  workers: 2,
  timeout: 90_000,
  // Two loaded cores take their time; nothing here is a race against it.
  expect: { timeout: 20_000 },
  forbidOnly: true,
  reporter: [['list']],
  use: {
    browserName: 'chromium',
    ignoreHTTPSErrors: true,
    launchOptions: { args: chromiumArguments, ...(executablePath === undefined ? {} : { executablePath }) },
  },
})
