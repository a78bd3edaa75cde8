import { expect, test } from '@playwright/test'
import { subscribe } from '@sse/client'
import { sequenceEvents } from '../servers/events.ts'
import { runtimeServer, runtimes } from '../servers/runtime.ts'

for (const runtime of runtimes) {
  test.describe(`the Fetch entry on ${runtime}`, () => {
    test('streams typed events to their end', async () => {
      await using server = await runtimeServer(runtime)
      const numbers: number[] = []
      for await (const event of subscribe(`${server.url}/?to=1000`, { events: sequenceEvents })) {
        if (event.type === 'number') numbers.push(event.data.n)
      }
      expect(numbers).toEqual(Array.from({ length: 1000 }, (_, index) => index + 1))
    })

    test('resumes from the position in the header', async () => {
      await using server = await runtimeServer(runtime)
      const numbers: number[] = []
      for await (const event of subscribe(`${server.url}/?to=5`, { events: sequenceEvents, lastEventId: '3' })) {
        if (event.type === 'number') numbers.push(event.data.n)
      }
      expect(numbers).toEqual([4, 5])
    })

    test('paces an endless producer by its reader, and stops it when the reader leaves', async () => {
      await using server = await runtimeServer(runtime)
      const running = async (): Promise<unknown> => (await fetch(`${server.url}/running`)).json()
      const subscription = subscribe(server.url, { events: sequenceEvents })
      let count = 0
      for await (const event of subscription) {
        if (event.type === 'number') count++
        if (count === 100) {
          expect(await running()).toEqual({ running: 1 })
          break
        }
      }
      expect(subscription.state).toBe('closed')
      await expect.poll(running).toEqual({ running: 0 })
    })
  })
}
