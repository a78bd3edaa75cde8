import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { Client } from './client.ts'
import type { FromWorker } from './protocol.ts'

const onMessage = (code: string): Worker =>
  new Worker(`require('node:worker_threads').parentPort.on('message', () => { ${code} })`, { eval: true })

test.each([
  ['throws', "throw new Error('out of luck')", 'out of luck'],
  ['exits', 'process.exit(3)', 'exited with code 3'],
])('a worker that %s rejects what waits for it and what comes later, and its listeners are told', async (_, code, reason) => {
  const news: FromWorker['news'][number][] = []
  const client = new Client('history.db', onMessage(code), (more) => news.push(...more))
  const waiting = [client.ask({ kind: 'sweep', now: 0 }), client.ask({ kind: 'state', names: [], after: 0 })]
  for (const one of waiting) await expect(one).rejects.toMatchObject({ code: 'storage_failed', message: expect.stringContaining(reason) })
  await expect(client.ask({ kind: 'sweep', now: 0 })).rejects.toMatchObject({ code: 'storage_failed' })
  expect(news).toEqual(['interrupted'])
  await client.close()
})

test('a worker that cannot be started rejects everything', async () => {
  const client = new Client('history.db', new Worker(new URL('./no-such-worker.js', import.meta.url)), () => {})
  await expect(client.ask({ kind: 'sweep', now: 0 })).rejects.toMatchObject({ code: 'storage_failed' })
  await client.close()
})

test('what waits to be stored has a bound', async () => {
  const client = new Client('history.db', onMessage(''), () => {})
  const large = {
    topic: 'a',
    subtree: undefined,
    kind: 'event',
    type: '',
    data: 'x'.repeat(40_000_000),
    key: undefined,
    bounds: undefined,
    now: 0,
  } as const
  const first = client.ask({ kind: 'append', append: large })
  await expect(client.ask({ kind: 'append', append: large })).rejects.toMatchObject({ code: 'storage_busy' })
  void first.catch(() => {})
})
