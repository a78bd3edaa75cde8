import { type Control, controlMessage, format, type ReadyControl } from '@sse/schema/wire'

/** The key that this server's control messages repeat. */
export const key = 'k3y'

/** What a server of ours says first. */
export function ready(fields: Partial<ReadyControl> = {}): string {
  return control({ type: 'sse.ready', protocol: 1, heartbeat: 0, text: [], key, ...fields }, undefined, fields.key)
}

/** A control message; another key than the stream's is what a forger would write. */
export function control(message: Control, id?: string, withKey: string = key): string {
  return format(controlMessage(message, withKey, id))
}

/** The end for good, as a server of ours says it. */
export const end: string = control({ type: 'sse.end', reason: 'done' })

/** An event with JSON data. */
export function event(type: string, data: unknown, id?: string): string {
  return format({ event: type, data: JSON.stringify(data), id })
}
