import type { Listener } from '../backplane.js'
import { expectRejection } from './expect.js'
import { event, type Specification } from './harness.js'

const deaf: Listener = { entry: () => {}, interrupted: () => {} }

/** What is left of a backplane that was closed. */
export const closing: readonly Specification[] = [
  {
    name: 'after close every operation rejects with BackplaneClosedError',
    run: async ({ backplane }) => {
      const link = backplane.connect(deaf)
      await link.watch(['a'])
      await backplane.append(event('a', 'one'))
      await backplane.close()
      const range = { after: 0, upTo: Number.MAX_SAFE_INTEGER, limit: 10 }
      const operations: Readonly<Record<string, () => Promise<unknown>>> = {
        append: () => backplane.append(event('a', 'two')),
        state: () => backplane.state(['a'], 0),
        read: () => backplane.read('a', range),
        'locate the last': () => backplane.locate('a', { last: 1 }),
        'locate a time': () => backplane.locate('a', { since: 0 }),
        sweep: () => backplane.sweep(),
        'watch on a link from before': () => link.watch(['b']),
        'watch on a new link': async () => backplane.connect(deaf).watch(['a']),
      }
      for (const [name, operation] of Object.entries(operations)) await expectRejection(operation(), 'backplane_closed', name)
    },
  },
  {
    name: 'closing twice is closing once, and a link can be given back after it',
    run: async ({ backplane }) => {
      const link = backplane.connect(deaf)
      await link.watch(['a'])
      await Promise.all([backplane.close(), backplane.close()])
      link.unwatch(['a'])
      await link.close()
      await backplane.close()
    },
  },
]
