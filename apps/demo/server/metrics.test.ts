import path from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { contract } from '../contract.js'
import { openHub } from './hub.js'
import { metricsOf } from './metrics.js'
import { temporaryFolder } from './testing/served.js'

it('the metrics are what the hub counts at the moment of asking', async () => {
  const { hub, close } = openHub(path.join(await temporaryFolder(), 'hub.sqlite'))
  onTestFinished(close)
  const metrics = metricsOf(() => hub.stats())
  expect(await metrics.metrics()).toContain('sse_published_total 0\n')
  await hub.publish(contract.inbox({ userId: 'ana' }), { type: 'read', data: { upTo: 'x' } })
  // Asked twice: what is counted is not counted again.
  await metrics.metrics()
  const text = await metrics.metrics()
  expect(text).toContain('sse_published_total 1\n')
  for (const line of ['sse_streams 0', 'sse_gaps_total{reason="overflow"} 0', 'sse_refused_total{reason="denied"} 0'])
    expect(text).toContain(line)
})
