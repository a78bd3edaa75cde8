import { createServer, type Server } from 'node:http'
import { createSecureServer, type Http2SecureServer } from 'node:http2'
import type { NodeRequest, NodeResponse } from '@sse/server/node'
import { generate } from 'selfsigned'

/** Listens, over HTTP/2 where there is TLS, and prints its URL as the first line. */
export async function listen(
  { port, tls }: { readonly port: string; readonly tls: boolean },
  handle: (request: NodeRequest, response: NodeResponse) => Promise<void>,
): Promise<Server | Http2SecureServer> {
  const listener = (request: NodeRequest, response: NodeResponse): void => void handle(request, response)
  // Browsers take HTTP/2; the tests' own requests know only HTTP/1.1.
  const server = tls ? createSecureServer({ allowHTTP1: true, ...(await certificate()) }, listener) : createServer(listener)
  server.listen(Number(port), '127.0.0.1', () => {
    const address = server.address()
    console.log(`${tls ? 'https' : 'http'}://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`)
  })
  return server
}

async function certificate(): Promise<{ key: string; cert: string }> {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }])
  return { key, cert }
}
