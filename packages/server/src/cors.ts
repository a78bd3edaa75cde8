import { OptionError } from './errors.js'

/** Which other origins may read a stream. */
export type CorsOptions =
  | {
      /** Anybody may read, without cookies. */
      readonly origin: '*'
      readonly credentials?: false | undefined
    }
  | {
      /** The origins that may read: `https://app.example`. Another one gets no CORS header, so its browser refuses. */
      readonly origin: string | readonly string[]
      /** Whether a browser may send cookies along. Default false. */
      readonly credentials?: boolean | undefined
    }

/** @throws OptionError where any origin would be allowed to read with the user's cookies, or `*` stands among others. */
export function checkCors({ origin, credentials }: CorsOptions): void {
  if (typeof origin !== 'string' && origin.includes('*')) {
    throw new OptionError('cors', 'has "*" in a list, where it would match no origin: write origin: "*", or list the origins')
  }
  if (credentials === true && origin === '*') {
    throw new OptionError('cors', 'allows credentials to any origin, so that every site could read as its visitor: list the origins')
  }
}

/** The CORS headers (Fetch §3.2) of every response to this origin. */
export function corsHeaders(cors: CorsOptions | undefined, origin: string | undefined): Record<string, string> {
  if (cors === undefined) return {}
  if (cors.origin === '*') return { 'access-control-allow-origin': '*', 'access-control-expose-headers': exposed }
  // The answer depends on who asks, also where it is a refusal: a shared cache must keep them apart.
  const vary = { vary: 'Origin' }
  if (origin === undefined || ![cors.origin].flat().includes(origin)) return vary
  return {
    ...vary,
    'access-control-allow-origin': origin,
    'access-control-expose-headers': exposed,
    ...(cors.credentials === true ? { 'access-control-allow-credentials': 'true' } : {}),
  }
}

/** What a preflight's answer adds (Fetch §3.2.3). */
export function preflightHeaders(methods: readonly string[]): Record<string, string> {
  return {
    'access-control-allow-methods': methods.join(', '),
    'access-control-allow-headers': 'Last-Event-ID, Cache-Control, Authorization, Content-Type',
    'access-control-max-age': '86400',
  }
}

/** A refused client reads from here when to come back. */
const exposed = 'Retry-After'
