import type { BenchServer } from './server.ts'

/** Each loaded only where it is measured, so that no memory of another's counts. */
export const peers = {
  ours: async (): Promise<BenchServer> => (await import('./ours.ts')).ours(),
  loop: async (): Promise<BenchServer> => (await import('./loop.ts')).loop(),
  socket: async (): Promise<BenchServer> => (await import('./socket.ts')).socket(),
  'better-sse': async (): Promise<BenchServer> => (await import('./better-sse.ts')).betterSse(),
}

export type Peer = keyof typeof peers

export function isPeer(name: string | undefined): name is Peer {
  return name !== undefined && Object.hasOwn(peers, name)
}
