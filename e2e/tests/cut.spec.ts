import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test } from '@playwright/test'
import { CuttingProxy } from '../servers/cutting-proxy.ts'
import { sequenceServer } from '../servers/process.ts'

const path = '/numbers?to=4'

/** The server's answer, byte for byte, headers and chunk lengths included. */
async function recorded(url: string): Promise<Buffer> {
  const { port, hostname } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.end(`GET ${path} HTTP/1.1\r\nhost: ${hostname}\r\nconnection: close\r\n\r\n`)
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(socket, 'close')
  return Buffer.concat(chunks)
}

test('a proxy that cuts the stream at any byte costs no event and doubles none', async ({ page }) => {
  test.slow()
  await using server = await sequenceServer()
  await using proxy = await CuttingProxy.start(server.url)
  const { length } = await recorded(server.url)
  await page.goto(proxy.url)
  await page.exposeFunction('cutAfter', (bytes: number | undefined) => {
    proxy.limit = bytes
  })
  const failures = await page.evaluate(
    async ({ length, path }) => {
      const { subscribe, events } = window.sse
      const cutAfter: (bytes?: number) => Promise<void> = Reflect.get(window, 'cutAfter')
      const failures: string[] = []
      for (let bytes = 1; bytes <= length; bytes++) {
        await cutAfter(bytes)
        const numbers: number[] = []
        const states: string[] = []
        const subscription = subscribe(path, {
          events,
          reconnect: { baseDelay: 1, maxDelay: 1 },
          onStateChange: ({ state }) => {
            states.push(state)
            // From the second attempt on the stream is whole.
            if (state === 'waiting') void cutAfter()
          },
        })
        for await (const event of subscription) if (event.type === 'number') numbers.push(event.data.n)
        if (numbers.join() !== '1,2,3,4') failures.push(`${bytes} bytes: ${numbers.join()} (${states.join()})`)
      }
      return failures
    },
    { length, path },
  )
  expect(length).toBeGreaterThan(500)
  expect(failures).toEqual([])
})
