import type { NodeResponse } from '@sse/server/node'
import { build } from 'esbuild'

let script: Promise<string> | undefined

/** Serves an empty page whose script puts the client on `window`; see pages/client.ts. */
export async function servePage(path: string, response: NodeResponse): Promise<void> {
  const isScript = path === '/client.js'
  script ??= bundle()
  const body = isScript ? await script : '<!doctype html><title>sse</title><output></output><script src="/client.js"></script>'
  const headers = { 'content-type': isScript ? 'text/javascript' : 'text/html; charset=utf-8' }
  if ('stream' in response) {
    response.writeHead(200, headers)
    response.end(body)
  } else {
    response.writeHead(200, headers)
    response.end(body)
  }
}

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [new URL('../pages/client.ts', import.meta.url).pathname],
    bundle: true,
    write: false,
    format: 'iife',
    conditions: ['browser'],
    logLevel: 'error',
  })
  return outputFiles[0]?.text ?? ''
}
