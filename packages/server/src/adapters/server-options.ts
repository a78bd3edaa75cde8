import type { ServerOptions } from 'node:http'

/**
 * Options for `createServer` that let go of clients which send their request too slowly, and of peers which are gone without a
 * word: within two heartbeats they are gone. They do not touch streams whose peers are there. Servers of `node:http2`, too, find
 * vanished peers by them alone, for there a stream may not have its peer probed.
 *
 * @param options.heartbeat as of the streams, in milliseconds; default 15,000.
 */
export function serverOptions({ heartbeat = 15_000 }: { readonly heartbeat?: number | undefined } = {}): ServerOptions {
  return {
    headersTimeout: heartbeat,
    requestTimeout: heartbeat,
    connectionsCheckingInterval: Math.ceil(heartbeat / 2),
    keepAlive: true,
    // Then Node probes every second, ten times. What is sent meanwhile puts an end to it.
    keepAliveInitialDelay: Math.max(1_000, heartbeat / 8),
  }
}
