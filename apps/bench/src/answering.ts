import type { z } from 'zod'

/** A child's side: answers what its parent asks, and ends with it. */
export function answerRequests<Request>(request: z.ZodType<Request>, answer: (request: Request) => Promise<object>): void {
  process.on('message', (message) => {
    answer(request.parse(message)).then(say, (error: unknown) => say({ failure: error instanceof Error ? error.message : String(error) }))
  })
  process.on('disconnect', () => process.exit(0))
}

export function say(message: object): void {
  process.send?.(message)
}
