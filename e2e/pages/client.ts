// What a test's page has: the client with the tests' events, reachable from page.evaluate.
import { subscribe } from '@sse/client'
import { eventSource } from '@sse/client/event-source'
import { sequenceEvents } from '../servers/events.ts'
import { follow, follower, order, secret } from './follow.ts'
import { watch, watched } from './watch.ts'

const sse = { subscribe, eventSource, events: sequenceEvents, watch, watched, follow, follower, order, secret }

declare global {
  interface Window {
    readonly sse: typeof sse
  }
}

Object.assign(window, { sse })
