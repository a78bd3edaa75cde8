import type { Control } from '@sse/schema/wire'
import { expect, test } from 'vitest'
import { createLink } from './link.js'
import { Log } from './testing/log.js'
import { startServer } from './testing/raw-server.js'
import { control, ready } from './testing/wire.js'
import { createTopicReader, type Sink } from './topic-reader.js'

test.each<[string, Control]>([
  ['denied', { type: 'sse.error', code: 'denied', message: 'no', retry: false, topics: ['a'] }],
  ['ended', { type: 'sse.end', reason: 'done', topics: ['a'] }],
])('a topic that is %s is asked for no more, though its reader never leaves', async (_, message) => {
  await using server = await startServer()
  const told = new Log<'over' | 'read'>()
  const link = createLink(new URL(server.url), { reconnect: { baseDelay: 0 } }, () => {})
  const sink: Sink = {
    take: () => {
      told.add('read')
      return undefined
    },
    over: () => told.add('over'),
  }
  link.add(createTopicReader('a', '', sink))
  link.add(createTopicReader('b', '', sink))
  const live = control({ type: 'sse.live', topics: ['b'], resumed: false, position: '1.e.0' }, '1.e.0')
  const first = await server.stream(ready(), control(message), live)
  await told.count(1)
  // It adds a topic: what it asks for is all that it knows of.
  link.add(createTopicReader('c', '', sink))
  const { target } = (await server.next()).request
  expect(new URL(target, server.origin).searchParams.getAll('topic')).toEqual(['b@1.e.0', 'c'])
  link.close()
  await first.gone
})
