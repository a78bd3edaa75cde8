// What a test's page has: the client with the test's events, reachable from page.evaluate.
import { subscribe } from '@sse/client'
import { eventSource } from '@sse/client/event-source'
import { sequenceEvents } from '../servers/events.ts'

export interface ClientPage {
  readonly subscribe: typeof subscribe
  readonly eventSource: typeof eventSource
  readonly events: typeof sequenceEvents
}

declare global {
  interface Window {
    readonly sse: ClientPage
  }
}

Object.assign(window, { sse: { subscribe, eventSource, events: sequenceEvents } satisfies ClientPage })
