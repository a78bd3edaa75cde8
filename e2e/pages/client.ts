// What a test's page has: the client with the tests' events, reachable from page.evaluate.
import { subscribe } from '@sse/client'
import { eventSource } from '@sse/client/event-source'
import { sequenceEvents } from '../servers/events.ts'
import { watch, watched } from './watch.ts'

export interface ClientPage {
  readonly subscribe: typeof subscribe
  readonly eventSource: typeof eventSource
  readonly events: typeof sequenceEvents
  readonly watch: typeof watch
  readonly watched: typeof watched
}

declare global {
  interface Window {
    readonly sse: ClientPage
  }
}

Object.assign(window, { sse: { subscribe, eventSource, events: sequenceEvents, watch, watched } satisfies ClientPage })
