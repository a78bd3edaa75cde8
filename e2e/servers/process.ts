import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** Those that run. A test that is timed out may never come to its end, where it stops its own. */
const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** A server in a process of its own, so that it can be killed without a word. */
export class ServerProcess implements AsyncDisposable {
  readonly url: string
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, url: string) {
    this.#child = child
    this.url = url
  }

  /** Runs a program; the first line of its output that holds a URL or a port says that it listens. */
  static async start(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<ServerProcess> {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...env },
    })
    running.add(child)
    child.once('exit', () => running.delete(child))
    for await (const line of createInterface({ input: child.stdout })) {
      const { url = undefined, port = undefined } = /(?<url>https?:\/\/[^\s/]+)|"port":(?<port>\d+)/.exec(line)?.groups ?? {}
      if (url !== undefined || port !== undefined) {
        // Nobody reads on, and a full pipe would stop the server.
        child.stdout.resume()
        return new ServerProcess(child, url ?? `http://127.0.0.1:${port}`)
      }
    }
    throw new Error(`${[command, ...args].join(' ')} ended before it listened`)
  }

  get port(): string {
    return new URL(this.url).port
  }

  /** As `kill -9` does: no farewell to anybody. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return this.#child.exitCode
    this.#child.kill(signal)
    await once(this.#child, 'exit')
    return this.#child.exitCode
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
  }
}

export function sequenceServer(...args: readonly string[]): Promise<ServerProcess> {
  return ServerProcess.start(process.execPath, [new URL('./sequence.ts', import.meta.url).pathname, ...args])
}

/** @param path of the file that holds the history. */
export function hubServer(path: string, ...args: readonly string[]): Promise<ServerProcess> {
  return ServerProcess.start(process.execPath, [new URL('./hub.ts', import.meta.url).pathname, '--path', path, ...args])
}
