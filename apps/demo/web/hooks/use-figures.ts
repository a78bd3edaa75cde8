import type { Figures } from '../../contract.js'
import { connections } from '../lib/connections.js'
import { newestOf } from '../lib/desk.js'
import { desks } from '../lib/desks.js'
import { useStore } from '../lib/store.js'

/** The newest figures of the hub, over whoever is connected; `isLive` is false while nobody is. */
export function useFigures(): { readonly figures: Figures | undefined; readonly isLive: boolean } {
  const figures = newestOf([useStore(desks.ana), useStore(desks.ben)])
  const { ana, ben } = useStore(connections)
  return { figures, isLive: [ana, ben].some((connection) => connection?.snapshot.state === 'open') }
}
