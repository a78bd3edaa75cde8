import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { ProgressEvent } from '../contract.js'
import { Job, summarise } from './job.js'

const never = new AbortController().signal

async function folderOf(names: readonly string[]): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'demo-job-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  for (const name of names) await writeFile(path.join(folder, name), name)
  return folder
}

function pathsOf(events: readonly ProgressEvent[]): string[] {
  return events.flatMap((event) => (event.type === 'file' ? [event.data.path] : []))
}

describe('Job', () => {
  it('hashes every file in three steps', async () => {
    const kept: ProgressEvent[] = []
    const job = new Job('a', await folderOf(['one.ts', 'two.ts', 'three.md']), (event) => kept.push(event))
    await job.run(0, never)
    expect(kept.map(({ type }) => type)).toEqual(['started', 'step', 'step', 'file', 'file', 'file', 'step', 'done'])
    expect(kept).toEqual(job.log.since(0).map(({ value }) => value))
    expect(job.log.ended).toBe(true)
  })

  it('goes on, in another process, where it was stopped', async () => {
    const folder = await folderOf(['1', '2', '3', '4'])
    const kept: ProgressEvent[] = []
    const stop = new AbortController()
    const first = new Job('a', folder, (event) => {
      kept.push(event)
      if (event.type === 'file' && event.data.path === '2') stop.abort()
    })
    await expect(first.run(0, stop.signal)).rejects.toThrow('aborted')
    const second = new Job('a', folder, (event) => kept.push(event))
    second.restore([...kept])
    await second.run(0, never)
    expect(pathsOf(kept)).toEqual(['1', '2', '3', '4'])
    expect(second.log.since(0).map(({ value }) => value)).toEqual(kept)
    expect(kept.at(-1)).toMatchObject({ type: 'done', data: { files: 4, bytes: 4 } })
  })
})

describe('summarise', () => {
  it('gives one digest, whatever the order in which files were hashed', () => {
    const a = { path: 'a.ts', bytes: 1, sha256: 'aa' }
    const b = { path: 'b', bytes: 5, sha256: 'bb' }
    const at = new Date(0)
    expect(summarise([a, b], at)).toEqual(summarise([b, a], at))
    expect(summarise([a, b], at).kinds).toEqual([
      { extension: 'other', files: 1, bytes: 5 },
      { extension: '.ts', files: 1, bytes: 1 },
    ])
  })
})
