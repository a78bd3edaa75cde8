import { build, type Metafile } from 'esbuild'
import { describe, expect, test } from 'vitest'

// What a browser loads with a subscription, as browsers' bundlers see it.

const source = decodeURIComponent(new URL('.', import.meta.url).pathname)

async function bundle(code: string): Promise<Metafile> {
  const { metafile } = await build({
    stdin: { contents: code, resolveDir: source, loader: 'ts' },
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    // Node's own cannot be bundled; they would be seen among the imports.
    external: ['node:*'],
    minify: true,
    metafile: true,
    write: false,
  })
  return metafile
}

/** Packages that the entry reaches, whether or not anything of them is left. */
function reached({ inputs }: Metafile): string[] {
  return [...new Set(Object.keys(inputs).flatMap(packageOf))].sort((a, b) => (a < b ? -1 : 1))
}

/** Packages of which something is left in the bundle. */
function kept({ outputs }: Metafile): string[] {
  const files = Object.values(outputs).flatMap(({ inputs }) => Object.entries(inputs))
  return [...new Set(files.flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? packageOf(file) : [])))].sort((a, b) =>
    a < b ? -1 : 1,
  )
}

function packageOf(file: string): string[] {
  const [, name] = /.*(?:node_modules|\.\.)\/((?:@[^/]+\/)?[^/]+)\//.exec(file) ?? []
  return name === undefined ? [] : [name]
}

/** Whatever is not bundled, Node's own above all. */
function external({ inputs }: Metafile): string[] {
  return Object.values(inputs).flatMap(({ imports }) => imports.filter((one) => one.external).map(({ path }) => path))
}

describe('subscribe', () => {
  const code = "import { subscribe } from './index.ts'; console.log(subscribe)"

  test('keeps the wire, and no schema library', async () => {
    const meta = await bundle(code)
    expect(kept(meta)).toEqual(['schema'])
  })

  test('imports nothing of Node', async () => {
    expect(external(await bundle(code))).toEqual([])
  })
})

test('nothing in the whole entry reaches the `eventsource` package', async () => {
  const meta = await bundle("export * from './index.ts'")
  expect(reached(meta)).not.toContain('eventsource')
  expect(kept(meta)).not.toContain('zod')
})

describe('the EventSource transport', () => {
  test('of the platform brings no EventSource', async () => {
    const meta = await bundle("export * from './event-source.platform.ts'")
    expect(reached(meta)).not.toContain('eventsource')
    expect(external(meta)).toEqual([])
  })

  test('elsewhere brings the package, or the tests above would prove nothing', async () => {
    const meta = await bundle("export * from './event-source.ts'")
    expect(kept(meta)).toContain('eventsource')
  })
})

test('with `events` a bundle has Zod, or the tests above would prove nothing', async () => {
  const meta = await bundle(
    "import { isoDate } from '@sse/schema'; import { subscribe } from './index.ts'; console.log(subscribe, isoDate)",
  )
  expect(kept(meta)).toContain('zod')
})
