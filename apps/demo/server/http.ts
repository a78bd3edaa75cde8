import type { IncomingMessage, ServerResponse } from 'node:http'

/** A refusal that the requester is told of, as JSON. */
export class HttpError extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' })
  response.end(JSON.stringify(body))
}

/** @throws HttpError for a body that is too long, or no JSON. An empty one is `{}`. */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let length = 0
  // A loop that is left would otherwise destroy the connection, and the refusal with it.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    if (!Buffer.isBuffer(chunk)) continue
    length += chunk.length
    if (length > 16_384) throw new HttpError(413, 'The body is longer than 16,384 bytes.')
    chunks.push(chunk)
  }
  const text = Buffer.concat(chunks).toString('utf8')
  try {
    return text === '' ? {} : JSON.parse(text)
  } catch {
    throw new HttpError(400, 'The body is not JSON.')
  }
}

/** @throws HttpError where another site's page sends the request: it could press this page's buttons. */
export function requireSameOrigin({ headers: { origin, host } }: IncomingMessage): void {
  if (origin !== undefined && origin !== `http://${host}`) throw new HttpError(403, 'This comes from another origin.')
}

/** What a schema has made of a body. @throws HttpError where it does not fit. */
export function checked<T>(result: { readonly success: true; readonly data: T } | { readonly success: false; readonly error: Error }): T {
  if (result.success) return result.data
  throw new HttpError(400, 'The body does not fit: see contract.ts.')
}
