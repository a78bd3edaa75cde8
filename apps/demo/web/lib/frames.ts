export type FrameKind = 'event' | 'control' | 'heartbeat' | 'field'

/** One message as it stood on the wire, without its closing blank line. */
export interface Frame {
  readonly kind: FrameKind
  readonly raw: string
}

/** Cuts the text of an event stream into its messages, however its chunks were cut. Only for looking at, not for reading. */
export function createFrameSplitter(): (chunk: string) => Frame[] {
  let rest = ''
  return (chunk) => {
    const parts = (rest + chunk).split('\n\n')
    rest = parts.pop() ?? ''
    return parts.filter((raw) => raw !== '').map((raw) => ({ kind: kindOf(raw), raw }))
  }
}

function kindOf(raw: string): FrameKind {
  if (raw.split('\n').every((line) => line.startsWith(':'))) return 'heartbeat'
  if (/^event: ?sse\./m.test(raw)) return 'control'
  return /^data(:|$)/m.test(raw) ? 'event' : 'field'
}
