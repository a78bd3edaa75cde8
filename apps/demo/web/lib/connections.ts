import type { ClientSnapshot, Snapshot } from '@sse/client'
import { type StreamName, streamNames } from '../../contract.js'
import { createStore, type Store } from './store.js'

export type SharedSnapshot = Snapshot & Partial<Pick<ClientSnapshot, 'role'>>

/** How one stream is doing. */
export interface Connection {
  /** With the tab's role, where tabs share it. */
  readonly snapshot: SharedSnapshot
  /** Connections that were opened after the first one. */
  readonly reconnects: number
}

export type Connections = Readonly<Partial<Record<StreamName, Connection>>>

/**
 * The page's streams. Over HTTP/1.1 a browser opens six connections to one origin, all its tabs together, and what would be
 * the seventh waits without a word. So there are five at most, and the sixth is for requests: `pulse`, and one for each of
 * the two users, whose inbox, activity and figures, and all tabs, share it; `progress` while a job runs, and `answer` while one is written.
 * A tab that is hidden has only the latter two.
 */
export const connections: Store<Connections> = createStore<Connections>({})

export function setConnection(stream: StreamName, connection: Connection | undefined): void {
  const { [stream]: _, ...others } = connections.get()
  connections.set(connection === undefined ? others : { ...others, [stream]: connection })
}

/** The connection that is worst off among those that are meant to be up; undefined if there is none. */
export function worst(all: Connections): Snapshot | undefined {
  const snapshots = streamNames
    .flatMap((stream) => all[stream]?.snapshot ?? [])
    .filter(({ state, reason }) => state !== 'closed' || reason === 'failed')
  return (['closed', 'waiting', 'connecting', 'open'] as const).flatMap((state) => snapshots.filter((one) => one.state === state))[0]
}
