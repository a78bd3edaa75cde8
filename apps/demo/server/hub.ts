import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { createHub, nodeHandler } from '@sse/server/node'
import { sqliteBackplane } from '@sse/server/sqlite'
import { contract, userHeader } from '../contract.js'
import { heartbeat } from './connections.js'
import { userOf } from './identity.js'

/** Whoever comes back after a week still finds what was sent to them. */
const week = 7 * 86_400

export type DemoHub = ReturnType<typeof openHub>['hub']

/** The hub, with its history in a file on this machine: a process that is killed loses nothing of it. */
export function openHub(file: string) {
  mkdirSync(path.dirname(file), { recursive: true })
  const backplane = sqliteBackplane({ path: file, retain: { events: 200, seconds: week }, rememberTopics: week })
  const hub = createHub({
    contract,
    backplane,
    channels: {
      activity: { presence: true },
      // Figures count while they are new: a slow reader gets the latest, and nobody gets old ones.
      node: { conflate: () => 'latest', retain: { events: 1, seconds: 60 } },
      traffic: { retain: { events: 500, seconds: 600 } },
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

/** Streams of what users ask for: their own inbox and no other, the activity of every room, the figures of every node. */
export function serveUsers(hub: DemoHub): ReturnType<typeof nodeHandler> {
  return nodeHandler(hub, {
    heartbeat,
    authorize: ({ request, topics, subtrees }) => {
      const user = userOf(request)
      if (user === undefined) return { status: 401, message: `Say who you are, in the header ${userHeader}.` }
      const mine = topics.filter((topic) => topic.channel === 'activity' || (topic.channel === 'inbox' && topic.params.userId === user))
      return { allow: [...mine, ...subtrees.filter(({ channel }) => channel === 'node')], identity: user }
    },
  })
}
