import type { Page } from '@playwright/test'

/** What the page wrote to its console, which must be nothing but the browser's own word on a lost connection. */
export function complaints(page: Page): string[] {
  const lines: string[] = []
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type()) && !message.text().startsWith('Failed to load resource')) lines.push(message.text())
  })
  page.on('pageerror', (error) => lines.push(error.message))
  return lines
}

/** The demo's job takes its time for people to watch; a test has less. */
export async function startJob(page: Page, seconds: number): Promise<void> {
  await page.route('**/api/jobs', (route) => route.continue({ postData: JSON.stringify({ seconds }) }))
  await page.getByTestId('progress-start').click()
}
