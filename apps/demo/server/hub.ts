import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { createHub, nodeHandler } from '@sse/server/node'
import { sqliteBackplane } from '@sse/server/sqlite'
import { contract } from '../contract.js'
import { unknownUser, userOf } from './identity.js'

/** Short, so that heartbeats are seen in the wire inspector. The default of 15,000 ms suits an application. */
export const heartbeat = 5_000

/** Whoever comes back after a week still finds what was sent to them. */
const week = 7 * 86_400
/** Ticks of so many keys just fit into the slow reader's outbox: it is full, and never over. */
const keys = 31

export type DemoHub = ReturnType<typeof openHub>['hub']

/** The hub, with its history in a file on this machine: a process that is killed loses nothing of it. */
export function openHub(file: string) {
  mkdirSync(path.dirname(file), { recursive: true })
  const backplane = sqliteBackplane({ path: file, retain: { events: 200, seconds: week }, rememberTopics: week })
  // What the slow reader has yet to get stays for some minutes, be it in the buffers of its socket.
  const traffic = { retain: { events: 1_500, seconds: 300, bytes: 16_777_216 } }
  const hub = createHub({
    contract,
    backplane,
    channels: {
      // Few, so that a gap is seen within a minute: whoever was away for more than these is told one.
      activity: { presence: true, retain: { events: 30, seconds: week } },
      // Figures count while they are new: a slow reader gets the latest.
      figures: { conflate: () => 'latest', retain: { events: 100, seconds: 60 } },
      disconnect: traffic,
      conflate: { ...traffic, conflate: ({ data }) => data.n % keys },
      dropOldest: { ...traffic, overflow: 'drop-oldest' },
    },
  })
  return {
    hub,
    close: async (): Promise<void> => {
      await hub.close()
      await backplane.close()
    },
  }
}

/** Streams of what users ask for: their own inbox and no other's, and what everybody may see. */
export function serveUsers(hub: DemoHub): ReturnType<typeof nodeHandler> {
  return nodeHandler(hub, {
    heartbeat,
    authorize: ({ request, topics }) => {
      const user = userOf(request.headers)
      if (user === undefined) return { status: 401, message: unknownUser, headers: { 'www-authenticate': 'Bearer' } }
      const isTheirs = (topic: (typeof topics)[number]): boolean =>
        topic.channel === 'inbox' ? topic.params.userId === user : topic.channel === 'activity' || topic.channel === 'figures'
      return { allow: topics.filter(isTheirs), identity: user }
    },
  })
}
