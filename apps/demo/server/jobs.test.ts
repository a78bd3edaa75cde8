import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { Jobs, readEvents } from './jobs.js'

async function folders(): Promise<{ readonly store: string; readonly root: string }> {
  const home = await mkdtemp(path.join(os.tmpdir(), 'demo-jobs-'))
  onTestFinished(() => rm(home, { recursive: true }))
  const root = path.join(home, 'root')
  await mkdir(root)
  for (const name of ['a', 'b', 'c']) await writeFile(path.join(root, name), name)
  return { store: path.join(home, 'store'), root }
}

describe('Jobs', () => {
  it('keep a job over a restart, and go on with it', async () => {
    const { store, root } = await folders()
    const first = new Jobs(store, root)
    const id = first.start(60)?.id ?? ''
    first.stop()
    const before = first.get(id)?.log.since(0) ?? []
    const second = new Jobs(store, root)
    onTestFinished(() => second.stop())
    expect(before.length).toBeGreaterThan(0)
    expect(second.get(id)?.log.since(0).slice(0, before.length)).toEqual(before)
    await vi.waitFor(() => expect(second.get(id)?.log.since(before.length)[0]?.value).toMatchObject({ type: 'note' }))
  })

  it('are bounded: the oldest that is done goes, and none that runs', async () => {
    const { store, root } = await folders()
    const jobs = new Jobs(store, root)
    onTestFinished(() => jobs.stop())
    const done = jobs.start(0)
    await vi.waitFor(() => expect(done?.log.ended).toBe(true))
    for (let n = 0; n < 10; n += 1) expect(jobs.start(60)).toBeDefined()
    expect(jobs.get(done?.id ?? '')).toBeUndefined()
    expect(jobs.start(60)).toBeUndefined()
    expect((await readdir(store)).length).toBe(10)
  })
})

describe('readEvents', () => {
  const line = '{"type":"note","data":{"text":"x","at":"2026-01-01T00:00:00.000Z"}}\n'

  it('decodes what was stored', () => {
    expect(readEvents(line)).toEqual([{ type: 'note', data: { text: 'x', at: new Date('2026-01-01T00:00:00.000Z') } }])
  })

  it.each(['{"type":"note","da', '{"type":"note","data":{}}\n', 'null\n', '}{\n'])('stops at what is broken: %j', (broken) => {
    expect(readEvents(`${line}${broken}${line}`).length).toBe(1)
  })
})
