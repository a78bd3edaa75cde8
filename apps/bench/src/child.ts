import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { z } from 'zod'
import { failed } from './messages.ts'

export interface ChildOptions {
  /** Where it runs, and nothing else of ours. Undefined: wherever the system likes. */
  readonly core: number | undefined
  readonly nodeOptions?: readonly string[]
}

/** A process that answers one request at a time. */
export class Child<Request extends object> implements AsyncDisposable {
  readonly #process: ChildProcess

  constructor(file: string, args: readonly string[], { core, nodeOptions = [] }: ChildOptions) {
    const command = [process.execPath, ...nodeOptions, fileURLToPath(new URL(file, import.meta.url)), ...args]
    const [program = '', ...rest] = core === undefined ? command : ['taskset', '-c', String(core), ...command]
    this.#process = spawn(program, rest, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  }

  async ask<Answer>(request: Request, answer: z.ZodType<Answer>): Promise<Answer> {
    const answered = this.answer(answer)
    this.#process.send(request)
    return answered
  }

  /** What it says next. */
  async answer<Answer>(answer: z.ZodType<Answer>): Promise<Answer> {
    const stop = new AbortController()
    try {
      const message: unknown = await Promise.race([
        once(this.#process, 'message', stop).then(([said]: unknown[]) => said),
        once(this.#process, 'exit', stop).then(([code]: unknown[]) => Promise.reject(new Error(`A process ended with ${code}`))),
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
    // It ends by itself then, and writes its profile if it was to make one.
    if (this.#process.connected) this.#process.disconnect()
    await exit
  }
}

/** The other side: answers its parent's requests, and ends with it. */
export function answerRequests<Request>(request: z.ZodType<Request>, answer: (request: Request) => Promise<object>): void {
  process.on('message', (message) => {
    answer(request.parse(message)).then(say, (error: unknown) => say({ failure: error instanceof Error ? error.message : String(error) }))
  })
  process.on('disconnect', () => process.exit(0))
}

export function say(message: object): void {
  process.send?.(message)
}
