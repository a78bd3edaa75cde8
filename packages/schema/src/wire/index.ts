export { type Chain, createChain, type Link } from './chain.js'
export {
  type Control,
  controlKey,
  controlMessage,
  type EndControl,
  type ErrorControl,
  endId,
  type GapControl,
  type GapReason,
  type LiveControl,
  type PresenceControl,
  protocolVersion,
  type ReadyControl,
  readControl,
  reservedPrefix,
} from './control.js'
export { format, formatComment } from './format.js'
export {
  clientParam,
  eventStreamType,
  fromHeaderValue,
  lastEventIdHeader,
  lastEventIdParam,
  streamHeaders,
  toHeaderValue,
} from './headers.js'
export type { Message } from './message.js'
export { encodeSegment, ownName, subtreeOf } from './name.js'
export { createReader, MessageTooLargeError } from './parse.js'
export { formatPosition, type Position, parsePosition } from './position.js'
export { splitType } from './type.js'
