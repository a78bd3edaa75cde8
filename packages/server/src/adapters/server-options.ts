import type { ServerOptions } from 'node:http'

/**
 * Options for `createServer` that let go of clients which send their request too slowly: within two heartbeats they are
 * gone. They do not touch open streams.
 *
 * @param options.heartbeat as of the streams, in milliseconds; default 15,000.
 */
export function serverOptions({ heartbeat = 15_000 }: { readonly heartbeat?: number | undefined } = {}): ServerOptions {
  return { headersTimeout: heartbeat, requestTimeout: heartbeat, connectionsCheckingInterval: Math.ceil(heartbeat / 2) }
}
