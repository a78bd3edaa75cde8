import { endId, streamHeaders } from '@sse/schema/wire'
import { corsHeaders, preflightHeaders } from './cors.js'
import type { Settings } from './options.js'

/** What an answer depends on. */
export interface Asked {
  readonly method: string
  readonly origin: string | undefined
  readonly lastEventId: string | undefined
}

/** Status and headers of the response, and whether a stream follows. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly stream: boolean
}

/** Decides how a request is answered, before anything is opened. */
export function answer({ method, origin, lastEventId }: Asked, { methods, cors, headers }: Settings): Answer {
  const allowed = [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS']
  const shared = corsHeaders(cors, origin)
  const bare = (status: number, more: Readonly<Record<string, string>>): Answer => ({
    status,
    headers: { ...shared, 'cache-control': 'no-store', ...more },
    stream: false,
  })
  if (method === 'OPTIONS') {
    return bare(204, {
      allow: allowed.join(', '),
      ...('access-control-allow-origin' in shared ? preflightHeaders(allowed, cors?.headers) : {}),
    })
  }
  if (!allowed.includes(method)) return bare(405, { allow: allowed.join(', ') })
  // WHATWG HTML §9.2.3: 204 tells a reader to stop reconnecting. Only a reader that was given the end's id has it.
  if (lastEventId === endId) return bare(204, {})
  const vary = [headers['vary'] ?? [], shared['vary'] ?? []].flat().join(', ')
  return { status: 200, headers: { ...headers, ...shared, ...(vary === '' ? {} : { vary }), ...streamHeaders }, stream: method !== 'HEAD' }
}
