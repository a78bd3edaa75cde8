import { mkdtemp, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'
import { ServerProcess } from './process.ts'

/** The runtimes that the Fetch entry runs on. */
export const runtimes = ['bun', 'deno', 'workerd', 'hono'] as const

type Runtime = (typeof runtimes)[number]

/** Serves servers/fetch-handler.ts on a runtime. */
export async function runtimeServer(runtime: Runtime): Promise<ServerProcess> {
  const outfile = join(await mkdtemp(join(tmpdir(), 'sse-runtime-')), 'server.mjs')
  await build({
    entryPoints: [new URL(`./runtimes/${runtime}.ts`, import.meta.url).pathname],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    // Anything of Node's that slipped into the Fetch entry would fail the bundle for the others.
    platform: runtime === 'hono' ? 'node' : 'neutral',
    outfile,
    logLevel: 'error',
  })
  const [program, ...args] = programs[runtime]
  if (runtime !== 'workerd') return ServerProcess.start(program, [...args, outfile])
  const config = outfile.replace('server.mjs', 'config.capnp')
  await writeFile(config, workerdConfig)
  return ServerProcess.start(program, [...args, config])
}

/** The runtimes' own binaries, for killing a wrapper would leave what it started. */
const programs = {
  hono: [process.execPath],
  bun: [installed('bun', 'bin/bun.exe')],
  deno: [installed('deno', 'deno'), 'run', '--allow-net', '--no-check', '--unstable-no-legacy-abort'],
  // What Cloudflare's Workers run on. It tells its port on the control descriptor.
  workerd: [installed('workerd', 'bin/workerd'), 'serve', '--control-fd=1'],
} as const

function installed(name: string, file: string): string {
  return join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), file)
}

const workerdConfig = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .main)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const main :Workerd.Worker = (
  modules = [(name = "worker", esModule = embed "server.mjs")],
  compatibilityDate = "2026-01-01",
  # Without it a Worker is not told that its reader has left.
  compatibilityFlags = ["enable_request_signal"],
);
`
