import type { NodeResponse } from '@sse/server/node'
import { build } from 'esbuild'
import { renderToString } from 'react-dom/server'
import { app } from '../pages/react-app.ts'

const scripts = new Map<string, Promise<string>>()

/**
 * Serves a page whose script is on `window`: the client, of pages/client.ts; at `/react` the hooks, of pages/react.ts; and at
 * `/rendered` these with what the server renders of them.
 */
export async function servePage(path: string, response: NodeResponse): Promise<void> {
  const [, name] = /^\/(client|react)\.js$/.exec(path) ?? []
  const body = name === undefined ? pageAt(path) : await scriptOf(name)
  const headers = { 'content-type': name === undefined ? 'text/html; charset=utf-8' : 'text/javascript' }
  if ('stream' in response) {
    response.writeHead(200, headers)
    response.end(body)
  } else {
    response.writeHead(200, headers)
    response.end(body)
  }
}

function pageAt(path: string): string {
  if (path !== '/react' && path !== '/rendered')
    return '<!doctype html><title>sse</title><output></output><script src="/client.js"></script>'
  const rendered = path === '/rendered' ? renderToString(app({ lists: [{ order: '1' }] })) : ''
  return `<!doctype html><title>sse</title><main>${rendered}</main><script src="/react.js"></script>`
}

function scriptOf(name: string): Promise<string> {
  const script = scripts.get(name) ?? bundle(name)
  scripts.set(name, script)
  return script
}

async function bundle(name: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [new URL(`../pages/${name}.ts`, import.meta.url).pathname],
    bundle: true,
    write: false,
    format: 'iife',
    conditions: ['browser'],
    // React's StrictMode renders and mounts twice only there.
    define: { 'process.env.NODE_ENV': '"development"' },
    logLevel: 'error',
  })
  return outputFiles[0]?.text ?? ''
}
