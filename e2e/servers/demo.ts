import { test } from '@playwright/test'
import { ServerProcess } from './process.ts'

/** The demo as its users start it, built, on a port of its own. What it keeps is the test's: another one finds it there. */
export function demoServer(port = '0'): Promise<ServerProcess> {
  const main = new URL('../../apps/demo/dist/server/main.js', import.meta.url).pathname
  return ServerProcess.start(process.execPath, [main], { PORT: port, DATA: test.info().outputPath('data') })
}
