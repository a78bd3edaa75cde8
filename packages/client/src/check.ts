import { OptionError } from './errors.js'
import type { ConnectOptions } from './options.js'

/** The method of a subscription's requests. */
export function methodOf({ body, method = body === undefined ? 'GET' : 'POST' }: ConnectOptions): string {
  return method
}

/**
 * The URL as a browser takes it: relative to the page, or in a worker to its script.
 *
 * @throws OptionError for a request that no attempt could ever make: it would be tried for ever, in silence.
 */
export function checkedUrl(url: string | URL, options: ConnectOptions): URL {
  const { fetch, transport, headers, body, lastEventId = '' } = options
  // The URL is not told: query and password are secret.
  const problem = 'url: absolute http(s), no password'
  const absolute = attempt(() => new URL(url, globalThis.document?.baseURI ?? globalThis.location?.href), problem)
  // Whoever brings a fetch or a transport knows what it can.
  if (!fetch && !transport && !/^https?:\/\/[^/@]*\//.test(absolute.href)) throw new OptionError(problem)
  const method = methodOf(options)
  if (body !== undefined && /^(get|head)$/i.test(method)) throw new OptionError(`body: leave out method ${method}`)
  if (/[\r\n\0]/.test(lastEventId)) throw new OptionError('lastEventId: no CR, LF or NUL')
  if (typeof headers !== 'function') attempt(() => new Headers(headers), 'headers: see the cause')
  return absolute
}

/** The platform's own words may hold a token: they are the cause, and no part of ours. */
function attempt<T>(make: () => T, problem: string): T {
  try {
    return make()
  } catch (cause) {
    throw new OptionError(problem, { cause })
  }
}
