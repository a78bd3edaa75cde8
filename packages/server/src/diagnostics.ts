import type { GapReason } from '@sse/schema/wire'
import type { CloseReason } from './close.js'
import type { RefusalReason } from './stats.js'

/**
 * What is published on `node:diagnostics_channel`, by channel. Nothing of an event's data is in it. All that is told of one
 * stream has one `stream`: a number that no other stream of this process has.
 */
export interface Diagnostics {
  'sse:publish': { readonly topic: string; readonly type: string; readonly position: number; readonly duplicate: boolean }
  'sse:subscribe': {
    readonly stream: number
    readonly topics: readonly string[]
    readonly identity: string | undefined
    readonly request: string
  }
  'sse:unsubscribe': {
    readonly stream: number
    readonly topics: readonly string[]
    readonly identity: string | undefined
    readonly reason: CloseReason
  }
  'sse:replay': {
    readonly stream: number
    readonly topics: readonly string[]
    readonly identity: string | undefined
    readonly events: number
  }
  'sse:gap': {
    readonly stream: number
    readonly topics: readonly string[]
    readonly identity: string | undefined
    readonly reason: GapReason
  }
  'sse:refuse': { readonly reason: RefusalReason; readonly status: number; readonly request: string }
}

type Publish = <Name extends keyof Diagnostics>(name: Name, message: () => Diagnostics[Name]) => void

/** Tells who observes this process. Costs a look-up where nobody does, and nothing on runtimes without such channels. */
export const diagnose: Publish = publisher()

function publisher(): Publish {
  const channels = 'process' in globalThis ? globalThis.process.getBuiltinModule?.('node:diagnostics_channel') : undefined
  if (channels === undefined) return () => {}
  return (name, message) => {
    const channel = channels.channel(name)
    if (channel.hasSubscribers) channel.publish(message())
  }
}
