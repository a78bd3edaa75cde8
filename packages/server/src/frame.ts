import { utf8Length } from './utf8.js'

/** What may become of a frame that waits in a full outbox. Without it nothing may: then the stream is closed. */
export type Overflow =
  /** A newer frame with the same key takes its place, at the end, whether or not the outbox is full. */
  | { readonly policy: 'conflate'; readonly key: string }
  /** It may be left out, oldest first, and the reader is told a gap. */
  | { readonly policy: 'drop-oldest'; readonly topic: string }

/** Wire text that leaves whole. Made once, and shared by all streams that get it. */
export interface Frame {
  readonly text: string
  /** In UTF-8. */
  readonly bytes: number
  /** When it was made, in milliseconds since 1970. */
  readonly at: number
  readonly overflow: Overflow | undefined
}

export function frameOf(text: string, overflow?: Overflow): Frame {
  return { text, bytes: utf8Length(text), at: Date.now(), overflow }
}
