/** The one media type of event streams (WHATWG HTML §9.2.5). */
export const eventStreamType = 'text/event-stream'

/** The request header that carries a reader's position (WHATWG HTML §9.2.4). */
export const lastEventIdHeader = 'last-event-id'

/** The query parameter that carries it where a header would need a preflight, or cannot be set at all. */
export const lastEventIdParam = 'lastEventId'
/** The query parameter in which a client that changes its connections names itself. */
export const clientParam = 'sse.client'

/**
 * The headers of every stream. `no-store`, for `no-cache` alone permits storing; `no-transform` keeps compressing
 * middleware and proxies from holding events back; `X-Accel-Buffering` says the same to nginx.
 */
export const streamHeaders: Readonly<Record<string, string>> = {
  'content-type': eventStreamType,
  'cache-control': 'private, no-store, no-transform',
  'x-accel-buffering': 'no',
  'x-content-type-options': 'nosniff',
}

/**
 * An id as a header's value. Header values are bytes, which `fetch` takes as Latin-1 characters; the specification sends
 * an id as UTF-8 (WHATWG HTML §9.2.4), so each byte becomes one character.
 */
export function toHeaderValue(id: string): string {
  return Array.from(new TextEncoder().encode(id), (byte) => String.fromCharCode(byte)).join('')
}

/** The id in a header's value as HTTP libraries give it, a character for each byte. What is not UTF-8 stays as it is. */
export function fromHeaderValue(value: string): string {
  const bytes = Uint8Array.from(value, (character) => character.charCodeAt(0))
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return value
  }
}
