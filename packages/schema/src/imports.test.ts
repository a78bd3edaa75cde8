import { build, type Metafile } from 'esbuild'
import { describe, expect, test } from 'vitest'

// A browser that only decodes, or only reads the wire, must not load a schema library (4.6 to 92 kB gzipped).

const source = decodeURIComponent(new URL('.', import.meta.url).pathname)

async function bundle(code: string): Promise<{ readonly meta: Metafile; readonly text: string }> {
  const result = await build({
    stdin: { contents: code, resolveDir: source, loader: 'ts' },
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    // So that bundled packages resolve as browsers' bundlers resolve them.
    mainFields: ['module', 'main'],
    minify: true,
    metafile: true,
    write: false,
  })
  return { meta: result.metafile, text: result.outputFiles.map((file) => file.text).join('') }
}

/** Files that the entry reaches, whether or not anything of them is left. */
function reached({ inputs }: Metafile): string[] {
  return Object.keys(inputs)
}

/** Files of which something is left in the bundle. */
function kept({ outputs }: Metafile): string[] {
  return Object.values(outputs).flatMap(({ inputs }) => Object.keys(inputs).filter((name) => (inputs[name]?.bytesInOutput ?? 0) > 0))
}

const ofZod = (file: string): boolean => /node_modules\/zod\//.test(file)

test('the wire reaches no schema library at all', async () => {
  const { meta } = await bundle("export * from './wire/index.ts'")
  const packages = new Set(reached(meta).flatMap((file) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? []))
  expect([...packages]).toEqual([])
})

describe('of the whole entry, a bundle keeps nothing of Zod for', () => {
  test.each([
    ['decoding', "import { decode, defineEvents } from './index.ts'; console.log(decode, defineEvents)"],
    ['a contract', "import { channel, defineContract, parseTopic } from './index.ts'; console.log(channel, defineContract, parseTopic)"],
    ['text', "import { decode, defineEvents, text } from './index.ts'; console.log(decode(defineEvents({ text }), 'text', ''))"],
    ['errors', "import { SchemaError, ValidationError } from './index.ts'; console.log(SchemaError, ValidationError)"],
  ])('%s', async (_, code) => {
    const { meta, text } = await bundle(code)
    expect(kept(meta).filter(ofZod)).toEqual([])
    expect(text).not.toMatch(/_zod\.run|ZodError/)
  })
})

test('what encodes keeps Zod, or the tests above would prove nothing', async () => {
  const { meta, text } = await bundle("import { encode } from './index.ts'; console.log(encode)")
  expect(reached(meta).filter(ofZod).length).toBeGreaterThan(0)
  expect(kept(meta).filter(ofZod).length).toBeGreaterThan(0)
  expect(text).toMatch(/_zod\.run|ZodError/)
})

test('a codec keeps its own part of Zod, and not the others', async () => {
  const { text: one } = await bundle("import { bigintString } from './index.ts'; console.log(bigintString)")
  const { text: all } = await bundle("import * as schema from './index.ts'; console.log(schema)")
  expect(one.length).toBeLessThan(all.length / 2)
  expect(one).not.toContain('expected a Uint8Array')
})
