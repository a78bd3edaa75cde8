import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { z } from 'zod'
import { failed } from './messages.ts'

export interface ChildOptions {
  readonly args?: readonly string[]
  /** The only one it runs on. Undefined: wherever the system likes. */
  readonly core: number | undefined
  readonly nodeOptions?: readonly string[]
}

/** A process of the bench's, asked one thing at a time. */
export class Child<Request extends object> implements AsyncDisposable {
  readonly #process: ChildProcess

  constructor(file: URL, { args = [], core, nodeOptions = [] }: ChildOptions) {
    const command = [process.execPath, ...nodeOptions, fileURLToPath(file), ...args]
    const [program = '', ...rest] = core === undefined ? command : ['taskset', '-c', String(core), ...command]
    this.#process = spawn(program, rest, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  }

  async ask<Answer>(request: Request, answer: z.ZodType<Answer>): Promise<Answer> {
    const answered = this.next(answer)
    this.#process.send(request)
    return answered
  }

  /** What it says next. */
  async next<Answer>(answer: z.ZodType<Answer>): Promise<Answer> {
    const stop = new AbortController()
    try {
      const message: unknown = await Promise.race([
        once(this.#process, 'message', stop).then(([said]: unknown[]) => said),
        once(this.#process, 'exit', stop).then(([code, signal]: unknown[]) =>
          Promise.reject(new Error(`A process of the bench's ended by itself, with ${code ?? signal}`)),
        ),
      ])
      const failure = failed.safeParse(message)
      if (failure.success) throw new Error(failure.data.failure)
      return answer.parse(message)
    } finally {
      stop.abort()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const exit = once(this.#process, 'exit')
    // Not killed: it ends by itself then, and writes its profile if it was to make one.
    if (this.#process.connected) this.#process.disconnect()
    await exit
  }
}
