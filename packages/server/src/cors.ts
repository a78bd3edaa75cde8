import { kindOf } from './arguments.js'
import { OptionError } from './errors.js'
import { checkOptions } from './option-check.js'
import { isToken } from './token.js'

/** Which other origins may read a stream. */
export type CorsOptions = {
  /**
   * The request headers that a page may send beyond Last-Event-ID, Cache-Control, Authorization and Content-Type. Default:
   * none; a page that sends another is refused by its browser.
   */
  readonly headers?: readonly string[] | undefined
} & (
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
)

/**
 * @throws OptionError where any origin would be allowed to read with the user's cookies, or `*` stands among others, or an
 * origin or header is written as no browser sends it, so that it would match nothing.
 */
export function checkCors(cors: CorsOptions): void {
  if (typeof cors !== 'object' || cors === null)
    throw new OptionError('cors', `is ${kindOf(cors)}: it takes { origin: 'https://app.example' }`)
  checkOptions(cors, { origin: 'anything', credentials: 'boolean', headers: 'anything' }, 'cors')
  const { origin, credentials, headers } = cors
  if (typeof origin !== 'string' && !Array.isArray(origin)) {
    throw new OptionError('cors.origin', `is ${kindOf(origin)}: it takes an origin as 'https://app.example', a list of them, or '*'`)
  }
  if (typeof origin !== 'string' && origin.includes('*')) {
    throw new OptionError('cors', 'has "*" in a list, where it would match no origin: write origin: "*", or list the origins')
  }
  if (credentials === true && origin === '*') {
    throw new OptionError('cors', 'allows credentials to any origin, so that every site could read as its visitor: list the origins')
  }
  if (origin !== '*') [origin].flat().forEach(checkOrigin)
  if (headers === undefined) return
  if (!Array.isArray(headers)) throw new OptionError('cors.headers', `is ${kindOf(headers)}: it takes a list of names, as ['X-Tenant']`)
  for (const name of headers) {
    if (!isToken(name)) throw new OptionError('cors.headers', `holds ${JSON.stringify(name)}, which is no header's name`)
  }
}

/** A browser sends scheme, host and any port but the scheme's own (Fetch §3.2.2): all else would match nothing. */
function checkOrigin(origin: unknown): void {
  // That of a sandboxed page.
  if (origin === 'null') return
  const url = typeof origin === 'string' ? parsed(origin) : undefined
  const problem = `holds ${JSON.stringify(origin)}, which no browser sends`
  // `localhost:3000` parses, too, as a scheme and a path.
  if (url === undefined || url.host === '')
    throw new OptionError('cors.origin', `${problem}: write scheme and host, as 'https://app.example'`)
  // `url.origin` would be "null" for schemes of apps and extensions.
  const sent = `${url.protocol}//${url.host}`
  if (origin !== sent) throw new OptionError('cors.origin', `${problem}: write '${sent}'`)
}

function parsed(url: string): URL | undefined {
  try {
    return new URL(url)
  } catch {
    return undefined
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
export function preflightHeaders(methods: readonly string[], headers: readonly string[] = []): Record<string, string> {
  return {
    'access-control-allow-methods': methods.join(', '),
    'access-control-allow-headers': ['Last-Event-ID', 'Cache-Control', 'Authorization', 'Content-Type', ...headers].join(', '),
    'access-control-max-age': '86400',
  }
}

/** A refused client reads from here when to come back. */
const exposed = 'Retry-After'
