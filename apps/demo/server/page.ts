import type { RequestListener } from 'node:http'
import sirv from 'sirv'

/** The page needs nothing from anywhere else, and the browser holds it to that. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** Serves the built page from a folder. */
export function servePage(folder: string): RequestListener {
  const serve = sirv(folder, {
    etag: true,
    setHeaders: (response, pathname) => {
      response.setHeader('content-security-policy', policy)
      response.setHeader('x-content-type-options', 'nosniff')
      // Names below assets/ hold a hash of the content.
      response.setHeader('cache-control', pathname.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache')
    },
  })
  return (request, response) =>
    serve(request, response, () => {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('There is nothing here.')
    })
}
