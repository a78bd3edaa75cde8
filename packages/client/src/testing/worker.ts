import { parentPort } from 'node:worker_threads'
import { isOurs } from '../errors.js'
import { subscribe } from '../subscribe.js'
import { transports } from './transports.js'

// Runs in a worker: does one thing with a subscription, tells what came of it, and ends.

const [url = '', over, task = ''] = process.argv.slice(-3)
const { transport } = transports.find((one) => one.over === over) ?? {}

const tasks: Readonly<Record<string, () => unknown>> = {
  /** The state when the server has accepted it, and after close(). */
  close: () =>
    new Promise((resolve) => {
      const live = subscribe(url, {
        transport,
        onStateChange: ({ state }) => {
          if (state !== 'open') return
          live.close()
          resolve([state, live.state])
        },
      })
    }),
  /** What a handler gets. */
  handler: () =>
    new Promise((resolve) => {
      const live = subscribe(url, { transport, format: 'text' })
      live.on('message', ({ data }) => {
        live.close()
        resolve(data)
      })
    }),
  /** What a loop gets. */
  loop: async () => {
    for await (const { data } of subscribe(url, { transport, format: 'text' })) return data
    return undefined
  },
  /** The code of what is thrown at once. */
  refused: () => {
    try {
      subscribe(url).close()
    } catch (error) {
      return isOurs(error) && error.code
    }
    return undefined
  },
}

parentPort?.postMessage(await tasks[task]?.())
