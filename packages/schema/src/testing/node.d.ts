/** The little that tests use of Node. Its whole types would let the sources use what no browser has. */
declare module 'node:child_process' {
  export function spawnSync(command: string, args: readonly string[], options: { cwd: URL; encoding: 'utf8' }): { readonly stdout: string }
}

declare module 'node:fs' {
  export function mkdirSync(path: URL, options: { recursive: true }): void
  export function mkdtempSync(prefix: string): string
  export function readFileSync(path: URL, encoding: 'utf8'): string
  export function rmSync(path: URL, options: { recursive: true }): void
  export function writeFileSync(path: URL, text: string): void
}

declare module 'node:url' {
  export function fileURLToPath(url: URL): string
  export function pathToFileURL(path: string): URL
}
