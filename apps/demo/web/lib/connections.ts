import type { Snapshot } from '@sse/client'
import { type Panel, panels } from '../../contract.js'
import { createStore, type Store } from './store.js'

/** How one panel's stream is doing. */
export interface Connection {
  readonly snapshot: Snapshot
  /** Connections that were opened after the first one. */
  readonly reconnects: number
}

export type Connections = Readonly<Partial<Record<Panel, Connection>>>

export const connections: Store<Connections> = createStore<Connections>({})

export function setConnection(panel: Panel, connection: Connection | undefined): void {
  const { [panel]: _, ...others } = connections.get()
  connections.set(connection === undefined ? others : { ...others, [panel]: connection })
}

/** The connection that is worst off among those that are meant to be up; undefined if there is none. */
export function worst(all: Connections): Snapshot | undefined {
  const snapshots = panels
    .flatMap((panel) => all[panel]?.snapshot ?? [])
    .filter(({ state, reason }) => state !== 'closed' || reason === 'failed')
  return (['closed', 'waiting', 'connecting', 'open'] as const).flatMap((state) => snapshots.filter((one) => one.state === state))[0]
}
