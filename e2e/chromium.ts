import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { chromium } from '@playwright/test'

/** Started so, Chromium asks nothing of the outside; as root it has no sandbox. */
export const chromiumArguments = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
]

/** Where a Chromium is: the one that SSE_CHROMIUM names and no other, Playwright's own, or one on PATH. Undefined if there is none. */
export function findChromium(): string | undefined {
  const { SSE_CHROMIUM: named, PATH = '' } = process.env
  const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']
  const onPath = PATH.split(delimiter).flatMap((folder) => names.map((name) => join(folder, name)))
  return (named ? [named] : [chromium.executablePath(), ...onPath]).find((file) => existsSync(file) && isExecutable(file))
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
