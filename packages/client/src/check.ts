import { OptionError } from './errors.js'
import type { ConnectOptions, RequestOptions } from './options.js'

/**
 * The URL as a browser takes it: relative to the page, or in a worker to its script.
 *
 * @throws OptionError for one that no attempt could ever reach.
 */
export function checkedUrl(url: string | URL, fetch: RequestOptions['fetch']): URL {
  // The URL is not told: query and password are secret.
  const problem = 'url: absolute http(s), no password'
  const absolute = attempt(() => new URL(url, globalThis.document?.baseURI ?? globalThis.location?.href), problem)
  // Whoever brings a fetch knows what it can.
  if (!fetch && !/^https?:\/\/[^/@]*\//.test(absolute.href)) throw new OptionError(problem)
  return absolute
}

/** @throws OptionError for a request that no attempt could ever make: it would be tried for ever, in silence. */
export function checkRequest({ fetch, headers, credentials }: RequestOptions, method: string = 'GET'): void {
  if (typeof headers !== 'function') attempt(() => new Headers(headers), 'headers: see the cause')
  if (!fetch) attempt(() => new Request('data:,', { method, credentials: credentials ?? 'omit' }), 'method or credentials: see the cause')
}

/**
 * The method of a subscription's requests.
 *
 * @throws OptionError as `checkRequest` does.
 */
export function checkedMethod(options: ConnectOptions): string {
  const { body, lastEventId = '', method = body === undefined ? 'GET' : 'POST' } = options
  if (body !== undefined && /^(get|head)$/i.test(method)) throw new OptionError(`body: leave out method ${method}`)
  if (/[\r\n\0]/.test(lastEventId)) throw new OptionError('lastEventId: no CR, LF or NUL')
  checkRequest(options, method)
  return method
}

/** The platform's own words may hold a token: they are the cause, and no part of ours. */
function attempt<T>(make: () => T, problem: string): T {
  try {
    return make()
  } catch (cause) {
    throw new OptionError(problem, { cause })
  }
}
