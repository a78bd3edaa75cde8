import { spawnSync } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@playwright/test'

const root = join(import.meta.dirname, '../..')
const packages = ['schema', 'server', 'client', 'react']

function run(cwd: string, command: string, ...args: readonly string[]): string {
  // Not the workspace's own settings, which pnpm passes on to what it runs.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm|pnpm)_/i.test(name)))
  const { stdout, stderr, status, error } = spawnSync(command, args, { cwd, encoding: 'utf8', env })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? ''}${stdout}${stderr}`)
  return stdout
}

/** A project outside the repo, with the packed packages installed as their users install them. */
async function project(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sse-packed-'))
  for (const name of packages) run(join(root, 'packages', name), 'pnpm', 'pack', '--pack-destination', folder)
  const tarballs = Object.fromEntries(
    (await readdir(folder)).map((file) => [`@sse/${packages.find((name) => file.includes(name))}`, `file:${join(folder, file)}`]),
  )
  await cp(join(root, 'e2e/packed'), folder, { recursive: true })
  const versions = { zod: '4', typescript: '7', '@types/node': '26', react: '19', '@types/react': '19' }
  await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'module', dependencies: { ...tarballs, ...versions } }))
  // None of them is in a registry, so what they ask of each other is taken from here, too.
  await writeFile(join(folder, 'pnpm-workspace.yaml'), JSON.stringify({ overrides: tarballs }))
  run(folder, 'pnpm', 'install', '--prefer-offline')
  return folder
}

const strictest = {
  target: 'es2022',
  module: 'nodenext',
  lib: ['es2022', 'dom'],
  jsx: 'react-jsx',
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: false,
  outDir: 'out',
}

test('a project outside the repo installs the packed packages, compiles the design in strict TypeScript, and runs it', async () => {
  const folder = await project()
  try {
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: { ...strictest, types: ['node'] } }))
    await writeFile(
      join(folder, 'tsconfig.browser.json'),
      JSON.stringify({ compilerOptions: { ...strictest, types: [], noEmit: true }, files: ['subscribe.ts', 'orders.tsx'] }),
    )
    expect(run(folder, 'pnpm', 'exec', 'tsc')).toBe('')
    // Frameworks with server components ask for it.
    expect(await readFile(join(folder, 'node_modules/@sse/react/dist/index.js'), 'utf8')).toMatch(/^["']use client["']/)
    // In a browser's project nothing of Node's is there to lend its types.
    expect(run(folder, 'pnpm', 'exec', 'tsc', '-p', 'tsconfig.browser.json')).toBe('')
    expect(JSON.parse(run(folder, process.execPath, 'out/main.js'))).toEqual([0, 0])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
