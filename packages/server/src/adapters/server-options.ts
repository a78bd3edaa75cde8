import type { ServerOptions } from 'node:http'
import { milliseconds } from '../options.js'

/**
 * Options for `createServer` that let go of clients which send their request too slowly, and of peers which are gone without a
 * word: within two heartbeats they are gone. They do not touch streams whose peers are there. Servers of `node:http2`, too, find
 * vanished peers by them alone, for there a stream may not have its peer probed.
 *
 * @param options.heartbeat as of the streams, in milliseconds; default 15,000, also where it is 0.
 * @throws OptionError
 */
export function serverOptions(options: { readonly heartbeat?: number | undefined } = {}): ServerOptions {
  // Streams without heartbeats need limits for their requests all the same: 0 would be none.
  const heartbeat = milliseconds('heartbeat', options.heartbeat ?? 15_000) || 15_000
  return {
    headersTimeout: heartbeat,
    requestTimeout: heartbeat,
    connectionsCheckingInterval: Math.ceil(heartbeat / 2),
    keepAlive: true,
    // Then Node probes every second, ten times. What is sent meanwhile puts an end to it.
    keepAliveInitialDelay: Math.max(1_000, heartbeat / 8),
  }
}
