import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startServer } from '../testing/raw-server.js'
import { transports } from '../testing/transports.js'

// web-platform-tests `eventsource/dedicated-worker/`, in a worker of Node: it has no window, no document and no location.

let folder: string
let script: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sse-worker-'))
  script = join(folder, 'worker.mjs')
  const entry = fileURLToPath(new URL('../testing/worker.ts', import.meta.url))
  await build({ entryPoints: [entry], bundle: true, format: 'esm', platform: 'node', outfile: script })
})
afterAll(() => rm(folder, { recursive: true }))

describe.each(transports)('over $over', ({ over }) => {
  test.each([
    ['eventsource-close.htm', 'it is open, and closed at once by close()', 'close', ['open', 'closed']],
    ['eventsource-onopen.htm', 'it opens', 'close', ['open', 'closed']],
    ['eventsource-onmessage.htm', 'a loop gets the message', 'loop', 'data'],
    ['eventsource-eventtarget.worker.js', 'a handler gets the message', 'handler', 'data'],
  ])('dedicated-worker/%s: %s', async (_file, _title, task, told) => {
    await using server = await startServer()
    const worker = new Worker(script, { argv: [server.url, over, task] })
    const message = once(worker, 'message')
    const left = once(worker, 'exit')
    await server.stream('data: data\n\n\n')
    expect(await message).toEqual([told])
    // By itself, for nothing of the subscription is left.
    expect(await left).toEqual([0])
  })
})

test.each([
  ['eventsource-constructor-url-bogus.js', 'http://this is invalid/'],
  ['eventsource-constructor-non-same-origin.htm', 'ftp://example.not/'],
  ['eventsource-constructor-non-same-origin.htm', 'about:blank'],
  ['eventsource-constructor-non-same-origin.htm', 'mailto:whatwg@awesome.example'],
])('dedicated-worker/%s: %s is thrown at once', async (_, url) => {
  const worker = new Worker(script, { argv: [url, 'fetch', 'refused'] })
  const left = once(worker, 'exit')
  expect(await once(worker, 'message')).toEqual(['invalid_option'])
  await left
})
