import { build } from 'esbuild'
import { expect, test } from 'vitest'
import * as react from './index.js'

// A name that is added, renamed or gone shows up in review, as the promise to users that it is.

test('@sse/react', () => {
  expect(Object.keys(react)).toEqual(['createHooks'])
})

const { metafile } = await build({
  entryPoints: [decodeURIComponent(new URL('index.ts', import.meta.url).pathname)],
  bundle: true,
  format: 'esm',
  external: ['react'],
  metafile: true,
  write: false,
})

test('a bundle with the hooks has the client, and no schema library', () => {
  const kept = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.keys(inputs).filter((file) => inputs[file]?.bytesInOutput))
  expect(kept.filter((file) => file.includes('/zod/'))).toEqual([])
  expect(kept.filter((file) => file.includes('client/dist'))).not.toEqual([])
})
