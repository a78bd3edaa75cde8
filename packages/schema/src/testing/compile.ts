import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = new URL('../../', import.meta.url)

/**
 * What tsc says of a user's file, and the declarations that it would publish. The file is `user.ts`, two folders below the
 * package, so that it finds Zod; our sources are `../../src/index.js` to it.
 */
export function compile(code: string): { readonly diagnostics: string; readonly declarations: string } {
  const cache = new URL('.cache/', root)
  mkdirSync(cache, { recursive: true })
  const folder = new URL(`${pathToFileURL(mkdtempSync(fileURLToPath(new URL('user-', cache))))}/`)
  const compilerOptions = { isolatedDeclarations: false, declarationMap: false, sourceMap: false, noEmit: false, emitDeclarationOnly: true }
  try {
    writeFileSync(new URL('user.ts', folder), code)
    writeFileSync(
      new URL('tsconfig.json', folder),
      JSON.stringify({
        extends: '../../tsconfig.json',
        compilerOptions: { ...compilerOptions, rootDir: '../..', outDir: 'out' },
        files: ['user.ts'],
        include: [],
      }),
    )
    const { stdout } = spawnSync('node', ['node_modules/typescript/bin/tsc', '--pretty', 'false', '-p', fileURLToPath(folder)], {
      cwd: root,
      encoding: 'utf8',
    })
    const out = new URL(`out/${folder.pathname.slice(root.pathname.length)}user.d.ts`, folder)
    return { diagnostics: stdout, declarations: readFileSync(out, 'utf8') }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
