import { fileURLToPath } from 'node:url'
import { build, type Metafile } from 'esbuild'
import { expect, test } from 'vitest'

async function importsOf(entry: string): Promise<Metafile['inputs']> {
  const entryPoint = fileURLToPath(new URL(entry, import.meta.url))
  const result = await build({
    entryPoints: [entryPoint],
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'neutral',
    external: ['node:*', '@sse/*', 'zod/*'],
  })
  return result.metafile.inputs
}

const imported = (inputs: Metafile['inputs']): string[] => Object.values(inputs).flatMap(({ imports }) => imports.map(({ path }) => path))

test('@sse/server runs wherever the Fetch API does: nothing in it is of Node', async () => {
  const paths = imported(await importsOf('./index.ts'))
  expect(paths).toContain('@sse/schema')
  expect(paths.filter((path) => path.startsWith('node:'))).toEqual([])
})

test('@sse/server imports nothing of ours but @sse/schema', async () => {
  const inputs = { ...(await importsOf('./index.ts')), ...(await importsOf('./node.ts')) }
  const packages = imported(inputs).filter((path) => !path.startsWith('node:') && !path.includes('src/'))
  expect(new Set(packages)).toEqual(new Set(['@sse/schema', '@sse/schema/wire']))
})
