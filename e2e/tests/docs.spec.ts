import { spawnSync } from 'node:child_process'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from '@playwright/test'

const root = join(import.meta.dirname, '../..')
const folder = join(import.meta.dirname, '../.cache/docs')

/** A code block may follow a comment that readers do not see, which declares what the block takes for granted. */
const block = /(?:<!-- prelude\n(?<prelude>[\s\S]*?)-->\n)?```(?<language>tsx?)\n(?<code>[\s\S]*?)```/g

/** A file of the application that the document takes for granted, and its blocks import. Readers do not see it either. */
const file = /<!-- file (?<name>\S+\.ts)\n(?<code>[\s\S]*?)-->/g

const settings = {
  extends: join(root, 'tsconfig.base.json'),
  compilerOptions: {
    // As in a project of its users, who are strict, and no stricter than strict about what they leave unused.
    lib: ['es2022', 'dom'],
    types: ['node'],
    jsx: 'react-jsx',
    typeRoots: [join(root, 'e2e/node_modules/@types')],
    isolatedDeclarations: false,
    declaration: false,
    declarationMap: false,
    noUnusedLocals: false,
  },
}

async function documents(): Promise<string[]> {
  const docs = await readdir(join(root, 'docs'), { recursive: true })
  const packages = await readdir(join(root, 'packages'))
  return [
    'README.md',
    ...packages.map((name) => join('packages', name, 'README.md')),
    ...docs.filter((name) => name.endsWith('.md')).map((name) => join('docs', name)),
  ]
}

/** Writes a document's blocks into a folder, the named ones under their names, so that others can import them. */
async function writeBlocks(document: string): Promise<number> {
  const target = join(folder, document.replace(/\.md$/, ''))
  const text = await readFile(join(root, document), 'utf8')
  const blocks = [...text.matchAll(block)]
  await mkdir(target, { recursive: true })
  for (const { groups: { name = '', code = '' } = {} } of text.matchAll(file)) await writeFile(join(target, name), code)
  for (const [index, { groups: { prelude = '', language = '', code = '' } = {} }] of blocks.entries()) {
    const name = /^\/\/ (?<name>\S+\.ts)\n/.exec(code)?.groups?.['name'] ?? `block-${index + 1}.${language}`
    await writeFile(join(target, name), prelude + code)
  }
  return blocks.length
}

test('every code block of the docs compiles in strict TypeScript', async () => {
  await rm(folder, { recursive: true, force: true })
  const counts = await Promise.all((await documents()).map(writeBlocks))
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(settings))
  const { stdout } = spawnSync('tsc', ['-p', folder], { encoding: 'utf8' })
  expect(stdout).toBe('')
  expect(counts.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(30)
})

test('every link of the docs leads to a file', async () => {
  const broken: string[] = []
  for (const document of await documents()) {
    const links = (await readFile(join(root, document), 'utf8')).matchAll(/\]\((?!https?:)(?<target>[^)#]+)/g)
    for (const { groups: { target = '' } = {} } of links) {
      const path = join(root, document, '..', target)
      await readdir(path)
        .catch(() => readFile(path))
        .catch(() => broken.push(`${document}: ${target}`))
    }
  }
  expect(broken).toEqual([])
})
