import path from 'node:path'
import { subscribe } from '@sse/client'
import { expect, it, onTestFinished } from 'vitest'
import { contract, credentialOf } from '../contract.js'
import { Figures } from './figures.js'
import { openHub, serveUsers } from './hub.js'
import { SlowReader } from './slow-reader.js'
import { eventually, served, temporaryFolder } from './testing/served.js'

it('figures are published to whoever reads when they have changed, and not because they were published', async () => {
  const { hub, close } = openHub(path.join(await temporaryFolder(), 'hub.sqlite'))
  onTestFinished(close)
  const url = await served(serveUsers(hub))
  const figures = new Figures(hub, new SlowReader({ hub, url, tell: () => {} }))
  expect(await figures.look()).toBe(false)
  const streams: number[] = []
  const live = subscribe(`${url}/?topic=${contract.figures().name}`, {
    events: contract.figures.events,
    headers: { authorization: credentialOf('ana') },
  })
  onTestFinished(() => live.close())
  live.on('figures', ({ data }) => streams.push(data.hub.streams))
  /** What was published has left the outboxes: until then they are other figures. */
  const settled = (): Promise<void> => eventually(() => expect(hub.stats().outboxes.frames).toBe(0))
  await eventually(async () => expect(await figures.look()).toBe(true))
  await settled()
  expect(await figures.look()).toBe(false)
  const { published } = hub.stats()
  await hub.publish(contract.activity(), { type: 'happened', data: { who: 'Ana', what: 'came.', at: new Date() } })
  await settled()
  expect(await figures.look()).toBe(true)
  await settled()
  expect(await figures.look()).toBe(false)
  expect(hub.stats().published).toBe(published + 2)
  await eventually(() => expect(streams).toContain(1))
})
