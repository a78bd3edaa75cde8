import { spawnSync } from 'node:child_process'
import { findChromium } from './chromium.ts'

// Provides a Chromium where there is none, in the order of what costs the machine least.
const attempts: readonly (readonly string[])[] = [
  ['playwright', 'install', 'chromium'],
  ...(process.getuid?.() === 0
    ? [
        ['apt-get', 'update', '-q'],
        ['apt-get', 'install', '-q', '-y', '--no-install-recommends', 'chromium'],
      ]
    : []),
]

const { SSE_CHROMIUM: named } = process.env

for (const [command = '', ...args] of attempts) {
  if (named || findChromium() !== undefined) break
  console.error(`No Chromium yet; running: ${[command, ...args].join(' ')}`)
  spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'], timeout: 300_000 })
}

if (findChromium() === undefined) {
  if (named) console.error(`SSE_CHROMIUM=${named} is no program that can be run: name a Chromium, or leave it out.`)
  else console.error('There is no Chromium for the end-to-end tests: install one (`apt-get install chromium`), or name it in SSE_CHROMIUM.')
  process.exit(1)
}
