/**
 * Whether a request may be of a browser's EventSource, for whom any status but 200 is the end. All browsers mark what they
 * send with `Sec-Fetch-Mode`; but so does Node's own `fetch`, whose callers read a status. What marks a browser beside it:
 * `Sec-Fetch-Site`, which it sends together with the mode (Fetch Metadata §2), or its `User-Agent`.
 */
export function isBrowser(method: string, header: (name: string) => string | null | undefined): boolean {
  if (method !== 'GET' || !header('sec-fetch-mode')) return false
  return Boolean(header('sec-fetch-site')) || header('user-agent')?.startsWith('Mozilla/') === true
}
